import FoundationEssentials
import Storage
import StorageSQLite
import Testing

/// What only a store on a disk can do, or suffer.
@Suite struct SQLiteObjectStoreTests {
    private func inDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = try StoreDirectory()
        defer { directory.remove() }
        try await body(directory.path)
    }

    @Test("Everything is there again after the store is opened anew")
    func reopen() async throws {
        try await inDirectory { directory in
            let store = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            let change = try await store.commit(.make(.create, "a", "x"))
            let second = try await store.commit(.make(.update(expecting: change.revision), "a", "y"))
            await store.close()
            let again = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            #expect(again.revision == second.revision)
            #expect(try await again.load(resource: "things").objects.map(\.revision) == [second.revision])
            #expect(try await again.changes(resource: "things", after: change.revision).count == 1)
            await again.close()
        }
    }

    @Test("Revisions never repeat, not even after the newest object is deleted and compacted away")
    func revisionsGrow() async throws {
        try await inDirectory { directory in
            let store = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            let created = try await store.commit(.make(.create, "a", "x"))
            let deleted = try await store.commit(.make(.delete(expecting: created.revision), "a", "x"))
            try await store.compact(upTo: deleted.revision)
            await store.close()
            let again = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            #expect(again.revision == deleted.revision)
            #expect(try await again.commit(.make(.create, "a", "x")).revision > deleted.revision)
            await again.close()
        }
    }

    @Test("A closed store refuses writes and says why")
    func closed() async throws {
        try await inDirectory { directory in
            let store = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            await store.close()
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.commit(.make(.create, "a", "x"))
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("A file that is no database, or a damaged one, is reported and never served", arguments: [true, false])
    func damaged(isWhollyForeign: Bool) async throws {
        try await inDirectory { directory in
            let path = "\(directory)/objects.sqlite"
            if isWhollyForeign {
                try Data(String(repeating: "this is no database. ", count: 1000).utf8).write(to: URL(filePath: path))
            } else {
                let store = try SQLiteObjectStore(path: path)
                for number in 0..<500 {
                    _ = try await store.commit(.make(.create, "a\(number)", String(repeating: "x", count: 500)))
                }
                await store.close()
                var bytes = try Data(contentsOf: URL(filePath: path))
                for index in stride(from: 8192, to: bytes.count, by: 1024) { bytes[index] = 0xFF }
                try bytes.write(to: URL(filePath: path))
            }
            let error = #expect(throws: ObjectStoreError.self) { try SQLiteObjectStore(path: path) }
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("restore it from a backup") == true)
        }
    }

    @Test("A directory that is not there is a clear error")
    func missingDirectory() {
        let error = #expect(throws: ObjectStoreError.self) {
            try SQLiteObjectStore(path: "/no/such/place/objects.sqlite")
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("/no/such/place") == true)
    }

    @Test("A backup taken while others write is a whole store")
    func backup() async throws {
        try await inDirectory { directory in
            let store = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            for number in 0..<100 { _ = try await store.commit(.make(.create, "a\(number)", "x")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for number in 100..<200 { _ = try await store.commit(.make(.create, "a\(number)", "x")) }
                }
                group.addTask { try await store.backup(to: "\(directory)/copy.sqlite") }
                try await group.waitForAll()
            }
            await store.close()
            let copy = try SQLiteObjectStore(path: "\(directory)/copy.sqlite")
            let count = try await copy.load(resource: "things").objects.count
            #expect((100...200).contains(count))
            #expect(copy.revision >= 1000 + Int64(count))
            await copy.close()
        }
    }

    @Test("Compaction keeps the file within bounds while one object is written again and again")
    func size() async throws {
        try await inDirectory { directory in
            let path = "\(directory)/objects.sqlite"
            let store = try SQLiteObjectStore(path: path)
            let text = String(repeating: "x", count: 4000)
            var last = try await store.commit(.make(.create, "a", text))
            for number in 1...3000 {
                last = try await store.commit(.make(.update(expecting: last.revision), "a", text))
                if number % 500 == 0 { try await store.compact(upTo: last.revision - 100) }
            }
            await store.close()
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            #expect(size < 6_000_000)
        }
    }
}
