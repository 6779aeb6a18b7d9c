import APIMachinery
import FoundationEssentials
import Storage
import StorageSQLite
import Testing

/// What only a store on a disk can get wrong.
@Suite("SQLite run store")
struct SQLiteRunStoreTests {
    @Test("Everything is there after reopening, and numbers go on")
    func reopening() async throws {
        try await TemporaryDirectory.with { directory in
            let path = directory + "/runs.sqlite"
            let store = try SQLiteRunStore(path: path)
            let run = try await RunStoreConformanceTests.insert("a", into: store)
            let token = try await store.transaction { transaction in
                try transaction.enqueue(.test(StepKey(run: run.id, index: 0)))
                return try transaction.lease(
                    QueueName(namespace: "default", pool: "default"),
                    limit: 1,
                    turn: 0,
                    runner: "r",
                    now: .at(1),
                    expiresAt: .at(2)
                ).first?.lease?.token
            }
            try store.close()
            let again = try SQLiteRunStore(path: path)
            #expect(try await again.read { try $0.run(id: run.id) } == run)
            #expect(try await again.read { try $0.leasedJobs() }.first?.lease?.token == token)
            let next = try await again.transaction { try $0.nextSequence() }
            #expect(next > (try #require(token)))
            #expect(throws: RunStoreError.self) { try again.changes.changes(after: 0) }
            try again.close()
        }
    }

    @Test("A file that is no database, and a directory that is not there, are told apart", arguments: [true, false])
    func unusableFile(isDamaged: Bool) async throws {
        try await TemporaryDirectory.with { directory in
            var path = directory + "/none/runs.sqlite"
            if isDamaged {
                path = directory + "/runs.sqlite"
                try Data(repeating: 7, count: 8192).write(to: URL(fileURLWithPath: path))
            }
            let error = #expect(throws: RunStoreError.self) { try SQLiteRunStore(path: path) }
            #expect(error?.code == (isDamaged ? .corrupt : .unavailable))
            #expect(error?.message.contains(path) == true)
        }
    }

    @Test("A closed store refuses and does not hang")
    func closed() async throws {
        try await TemporaryDirectory.with { directory in
            let store = try SQLiteRunStore(path: directory + "/runs.sqlite")
            try store.close()
            await #expect(throws: (any Error).self) { try await RunStoreConformanceTests.insert("a", into: store) }
        }
    }

    @Test("A backup taken under load is a whole store")
    func backup() async throws {
        try await TemporaryDirectory.with { directory in
            let store = try SQLiteRunStore(path: directory + "/runs.sqlite")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<100 {
                    group.addTask { try await RunStoreConformanceTests.insert("run-\(index)", into: store) }
                }
                group.addTask { try store.backUp(to: directory + "/copy.sqlite") }
                try await group.waitForAll()
            }
            try store.backUp(to: directory + "/full.sqlite")
            _ = try SQLiteRunStore(path: directory + "/copy.sqlite")
            let full = try SQLiteRunStore(path: directory + "/full.sqlite")
            #expect(try await full.read { try $0.count(RunQuery(limit: 1000)) } == 100)
            try store.close()
            try full.close()
        }
    }
}
