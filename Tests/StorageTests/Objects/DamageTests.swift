import FoundationEssentials
import GRDB
import Storage
import StorageSQLite
import TestSupport
import Testing

/// A damaged file is reported; what is served is what was written, to the byte.
@Suite struct DamageTests {
    /// Everything that a store says of its contents.
    private struct Contents: Equatable {
        var revision: Int64
        var compacted: Int64
        var objects: [[StoredObject]]
        var history: [String]
    }

    private static let resources = ["things", "others.example.com"]

    private func contents(_ store: SQLiteObjectStore) async throws -> Contents {
        var objects: [[StoredObject]] = []
        var history: [String] = []
        for resource in Self.resources {
            objects.append(try await store.load(resource: resource).objects)
            for change in try await store.changes(resource: resource, after: store.compactedRevision) {
                history.append(
                    "\(change.kind) \(change.key) \(change.revision) \(change.bytes) \(change.previous ?? [])"
                )
            }
        }
        return Contents(
            revision: store.revision,
            compacted: store.compactedRevision,
            objects: objects,
            history: history
        )
    }

    /// Fills a store with objects, some changed and some deleted, and says what is in it.
    private func fill(_ path: String) async throws -> Contents {
        let store = try SQLiteObjectStore(path: path)
        for number in 0..<150 {
            let resource = Self.resources[number % 2]
            let text = String(repeating: "\(number) ", count: 60)
            var change = try await store.commit(.make(.create, "ns/a\(number)", text, resource: resource))
            guard number % 3 != 0 else { continue }
            let operation: ObjectWrite.Operation =
                number % 5 == 0 ? .delete(expecting: change.revision) : .update(expecting: change.revision)
            change = try await store.commit(.make(operation, "ns/a\(number)", text + "changed", resource: resource))
        }
        try await store.compact(upTo: store.revision - 100)
        let contents = try await contents(store)
        await store.close()
        return contents
    }

    private func inDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = try StoreDirectory()
        defer { directory.remove() }
        try await body("\(directory.path)/objects.sqlite")
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    /// Opens a damaged copy. Either it is refused as damaged, naming file and remedy, or it says what was written.
    private func judge(_ path: String, _ expected: Contents, _ comment: Comment) async throws -> Bool {
        do {
            let store = try SQLiteObjectStore(path: path)
            let found = try await contents(store)
            await store.close()
            #expect(found == expected, comment)
            return false
        } catch let error as ObjectStoreError {
            #expect(error.message.contains(path), comment)
            #expect(error.code == .corrupt || error.message.contains("newer version"), "\(comment): \(error)")
            return true
        }
    }

    @Test("Flipped bytes, zeroed stretches and a lost end are found wherever they are")
    func places() async throws {
        try await inDirectory { path in
            let expected = try await fill(path)
            let whole = try bytes(path)
            var random = SplitMix64(seed: 2026)
            var found = 0
            var damages: [(String, (inout Data) -> Void)] = []
            // The head of the file, byte by byte, then anywhere.
            for place in Array(0..<100) + (0..<200).map({ _ in random.next(below: whole.count) }) {
                let mask = UInt8(1 + random.next(below: 255))
                damages.append(("byte \(place) changed by \(mask)", { $0[place] ^= mask }))
            }
            for _ in 0..<20 {
                let start = random.next(below: whole.count / 512) * 512
                damages.append(
                    (
                        "512 bytes from \(start) zeroed",
                        { $0.replaceSubrange(start..<start + 512, with: Data(count: 512)) }
                    )
                )
            }
            for page in 0..<whole.count / 16384 {
                let range = page * 16384..<(page + 1) * 16384
                damages.append(("page \(page) zeroed", { $0.replaceSubrange(range, with: Data(count: 16384)) }))
            }
            for _ in 0..<20 {
                let end = random.next(below: whole.count)
                damages.append(("cut at \(end)", { $0 = $0.prefix(end) }))
            }
            for (name, damage) in damages {
                var copy = whole
                damage(&copy)
                let target = "\(path).damaged"
                try copy.write(to: URL(filePath: target))
                for suffix in ["-wal", "-shm", "-acknowledged"] {
                    try? FileManager.default.removeItem(atPath: target + suffix)
                }
                try bytes("\(path)-acknowledged").write(to: URL(filePath: "\(target)-acknowledged"))
                if try await judge(target, expected, "\(name)") { found += 1 }
            }
            #expect(found > 100)
        }
    }

    @Test("A damaged or lost write-ahead log does not take acknowledged writes away unnoticed")
    func log() async throws {
        try await inDirectory { path in
            let store = try SQLiteObjectStore(path: path)
            for number in 0..<40 {
                _ = try await store.commit(.make(.create, "ns/a\(number)", String(repeating: "x", count: 900)))
            }
            let expected = try await contents(store)
            // As kill -9 leaves it: nothing closed.
            let files = try ["", "-wal", "-acknowledged"].map { ($0, try bytes(path + $0)) }
            await store.close()
            var random = SplitMix64(seed: 5)
            let target = "\(path).damaged"
            func put(_ change: (String, inout Data) -> Void) throws {
                try? FileManager.default.removeItem(atPath: "\(target)-shm")
                for (suffix, data) in files {
                    var copy = data
                    change(suffix, &copy)
                    try copy.write(to: URL(filePath: target + suffix))
                }
            }
            try put { _, _ in }
            #expect(try await judge(target, expected, "whole") == false)
            for round in 0..<60 {
                let place = random.next(below: files[1].1.count)
                try put { suffix, data in if suffix == "-wal" { data[place] ^= 0x10 } }
                _ = try await judge(target, expected, "byte \(place) of the log changed (\(round))")
            }
            for length in [0, 40, 5000, files[1].1.count / 2, files[1].1.count - 100] {
                try put { suffix, data in if suffix == "-wal" { data = data.prefix(length) } }
                #expect(try await judge(target, expected, "log cut at \(length)"))
            }
            // Without the mark, one goes on with what there is: that is what its removal means.
            try put { suffix, data in if suffix == "-wal" { data = Data() } }
            try FileManager.default.removeItem(atPath: "\(target)-acknowledged")
            let remains = try SQLiteObjectStore(path: target)
            #expect(remains.revision < expected.revision)
            await remains.close()
        }
    }

    @Test("A file that is no database is refused")
    func foreign() async throws {
        try await inDirectory { path in
            try Data(String(repeating: "this is no database. ", count: 1000).utf8).write(to: URL(filePath: path))
            let error = #expect(throws: ObjectStoreError.self) { try SQLiteObjectStore(path: path) }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("restore it from a backup") == true)
        }
    }

    @Test("A file of a newer version is refused in words")
    func newer() async throws {
        try await inDirectory { path in
            _ = try await fill(path)
            let database = try DatabaseQueue(path: path)
            try await database.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('objects-99')") }
            try database.close()
            let error = #expect(throws: ObjectStoreError.self) { try SQLiteObjectStore(path: path) }
            #expect(error?.message.contains("newer version") == true)
            #expect(error?.message.contains("objects-99") == true)
        }
    }

    @Test("A file of the first version is taken over with its objects and revisions")
    func older() async throws {
        try await inDirectory { path in
            let database = try DatabaseQueue(path: path)
            try await database.write { database in
                try database.execute(
                    sql: """
                        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
                        INSERT INTO grdb_migrations VALUES ('objects-1');
                        CREATE TABLE object_log (revision INTEGER PRIMARY KEY AUTOINCREMENT, resource TEXT NOT NULL,
                            path TEXT NOT NULL, kind INTEGER NOT NULL, previous INTEGER, value BLOB NOT NULL) STRICT;
                        CREATE TABLE object_current (resource TEXT NOT NULL, path TEXT NOT NULL,
                            revision INTEGER NOT NULL, PRIMARY KEY (resource, path)) STRICT, WITHOUT ROWID;
                        CREATE INDEX object_current_revision ON object_current (revision);
                        CREATE TABLE object_facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
                        INSERT INTO object_log VALUES (1001, 'things', 'ns/a', 0, NULL, x'7b7d');
                        INSERT INTO object_log VALUES (1002, 'things', 'ns/a', 1, 1001, x'7b207d');
                        INSERT INTO object_log VALUES (1003, 'things', 'ns/b', 0, NULL, x'7b7d');
                        INSERT INTO object_log VALUES (1004, 'things', 'ns/b', 2, 1003, x'7b7d');
                        INSERT INTO object_current VALUES ('things', 'ns/a', 1002);
                        """
                )
            }
            try database.close()
            let store = try SQLiteObjectStore(path: path)
            #expect(store.revision == 1004)
            #expect(store.compactedRevision == 1004)
            let objects = try await store.load(resource: "things").objects
            #expect(objects == [StoredObject(path: "ns/a", revision: 1002, bytes: Array("{ }".utf8))])
            #expect(try await store.commit(.make(.create, "ns/b", "x")).revision == 1005)
            await store.close()
        }
    }
}
