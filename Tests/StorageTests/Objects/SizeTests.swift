import FoundationEssentials
import Storage
import StorageSQLite
import TestSupport
import Testing

/// The database stays below twice what it holds, and its write-ahead log below 64 MiB, whatever is written.
@Suite struct SizeTests {
    /// Databases of this size are small whatever they hold.
    private static let small = 3 << 19

    /// Writes to one store from several tasks and looks at the files after every round.
    private struct Soak {
        let path: String
        let store: SQLiteObjectStore
        var revisions: [String: Int64] = [:]
        var random = SplitMix64(seed: 7)

        func size(_ suffix: String = "") -> Int {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + suffix)
            return attributes?[.size] as? Int ?? 0
        }

        func check(_ comment: Comment) {
            let limit = max(SizeTests.small, 2 * store.liveBytes)
            #expect(size() <= limit, comment)
            #expect(size("-wal") <= 64 << 20, comment)
        }

        /// Writes documents of these sizes under these names, all at once; a size of 0 deletes.
        mutating func write(_ sizes: [String: Int]) async throws {
            let revisions = revisions
            let store = store
            let written = try await withThrowingTaskGroup(of: (String, Int64?).self) { group in
                for (name, size) in sizes {
                    group.addTask {
                        let operation: ObjectWrite.Operation =
                            switch (revisions[name], size) {
                            case (nil, _): .create
                            case (let revision?, 0): .delete(expecting: revision)
                            case (let revision?, _): .update(expecting: revision)
                            }
                        let text = String(repeating: "x", count: max(1, size))
                        let change = try await store.commit(.make(operation, name, text))
                        return (name, size == 0 ? nil : change.revision)
                    }
                }
                return try await group.reduce(into: [(String, Int64?)]()) { $0.append($1) }
            }
            for (name, revision) in written { self.revisions[name] = revision }
        }
    }

    private func soak(_ body: (inout Soak) async throws -> Void) async throws {
        let directory = try StoreDirectory()
        defer { directory.remove() }
        let path = "\(directory.path)/objects.sqlite"
        var soak = Soak(path: path, store: try SQLiteObjectStore(path: path))
        try await body(&soak)
        await soak.store.close()
        // What is left is whole, and no larger.
        let again = try SQLiteObjectStore(path: path)
        #expect(again.liveBytes == soak.store.liveBytes)
        await again.close()
        soak.check("after closing")
    }

    /// How many updates the soak makes: `make soak` asks for a million, and where to write the figures.
    private static let updates =
        ProcessInfo.processInfo.environment["MARTINET_SOAK_UPDATES"].flatMap { Int($0) } ?? 50_000
    private static let report = ProcessInfo.processInfo.environment["MARTINET_SOAK_REPORT"]

    @Test("50,000 updates of objects of all sizes")
    func updates() async throws {
        var worst = (ratio: 0.0, log: 0)
        let clock = ContinuousClock()
        let start = clock.now
        try await soak { soak in
            var names: [String] = []
            for number in 0..<1200 { names.append("ns/object-\(number)") }
            for start in stride(from: 0, to: names.count, by: 100) {
                try await soak.write(
                    Dictionary(
                        uniqueKeysWithValues: names[start..<start + 100].map {
                            ($0, 200 + soak.random.next(below: 5000))
                        }
                    )
                )
                soak.check("creating \(start)")
            }
            for round in 0..<Self.updates / 100 {
                var sizes: [String: Int] = [:]
                while sizes.count < 100 {
                    // Some are changed much more often than others.
                    let number =
                        soak.random.next(below: 2) == 0
                        ? soak.random.next(below: 20) : soak.random.next(below: names.count)
                    sizes[names[number]] = 200 + soak.random.next(below: 5000)
                }
                try await soak.write(sizes)
                guard round % 10 == 0 else { continue }
                soak.check("round \(round)")
                worst.ratio = max(worst.ratio, Double(soak.size()) / Double(soak.store.liveBytes))
                worst.log = max(worst.log, soak.size("-wal"))
            }
            guard let report = Self.report else { return }
            let figures = """
                updates: \(Self.updates) in \(clock.now - start), 100 at a time, synchronous=FULL
                live data at the end: \(soak.store.liveBytes) bytes in 1200 objects
                largest ratio of the database to it: \(Double(Int(worst.ratio * 1000)) / 1000)
                largest write-ahead log: \(worst.log) bytes

                """
            try figures.write(toFile: report, atomically: true, encoding: .utf8)
        }
    }

    @Test("One large object updated again and again")
    func large() async throws {
        try await soak { soak in
            for round in 0..<150 {
                try await soak.write(["ns/large": 1 << 20])
                if round > 5 { soak.check("round \(round)") }
            }
        }
    }

    @Test("Many objects deleted: all of a kind, or two of three", arguments: [1, 3])
    func deletion(spared: Int) async throws {
        try await soak { soak in
            let names = (0..<6000).map { "ns/object-\($0)" }
            for start in stride(from: 0, to: names.count, by: 500) {
                try await soak.write(Dictionary(uniqueKeysWithValues: names[start..<start + 500].map { ($0, 1500) }))
            }
            soak.check("created")
            let doomed = names.indices.filter { spared == 1 || $0 % spared != 0 }.map { names[$0] }
            for start in stride(from: 0, to: doomed.count, by: 500) {
                let part = doomed[start..<min(start + 500, doomed.count)]
                try await soak.write(Dictionary(uniqueKeysWithValues: part.map { ($0, 0) }))
            }
            // A compaction waits for the upkeep that is still going on.
            try await soak.store.compact(upTo: soak.store.compactedRevision + 1)
            soak.check("deleted")
        }
    }

    @Test("The budget leaves room for watches in small stores and keeps large ones below twice their data")
    func budget() {
        let mega = 1 << 20
        // Small: half a mebibyte of history whatever is live.
        #expect(StorageBudget.history(live: 1000, used: 300 << 10, history: 100 << 10) == 512 << 10)
        // Large and well filled: half of what is live.
        #expect(StorageBudget.history(live: 100 * mega, used: 150 * mega, history: 45 * mega) == 50 * mega)
        // Badly filled pages: as much less history.
        #expect(StorageBudget.history(live: 100 * mega, used: 190 * mega, history: 40 * mega) == 30 * mega)
        // However bad, a little stays.
        #expect(StorageBudget.history(live: 100 * mega, used: 300 * mega, history: 10 * mega) == 100 * mega / 32)
        func isWasteful(used: Int, reached: Double, written: Int) -> Bool {
            StorageBudget.isWasteful(
                live: 10 * mega,
                used: used * mega,
                history: 0,
                reached: reached,
                written: written * mega
            )
        }
        #expect(!isWasteful(used: 13, reached: 1, written: 100))
        #expect(isWasteful(used: 15, reached: 1, written: 3))
        #expect(!isWasteful(used: 15, reached: 1, written: 2))
        #expect(!isWasteful(used: 15, reached: 1.4, written: 10))
        #expect(isWasteful(used: 15, reached: 1.4, written: 40))
    }
}
