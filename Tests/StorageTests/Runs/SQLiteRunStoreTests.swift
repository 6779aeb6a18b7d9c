import APIMachinery
import FoundationEssentials
import GRDB
import Storage
import Testing

@testable import StorageSQLite

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

    @Test("A file of the first version is migrated: the log of each step becomes that of its last attempt")
    func migration() async throws {
        try await TemporaryDirectory.with { directory in
            let path = directory + "/runs.sqlite"
            let database = try DatabaseQueue(path: path)
            try RunTables.migrator.migrate(database, upTo: "runs-1")
            try await database.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO runs VALUES (1, 'u', 'default', 'r', 1, 'w', 'rev', 0, NULL, NULL, NULL, 4, 0, '', '',
                            5, 6, 7, NULL, NULL);
                        INSERT INTO steps VALUES (1048576, 'a', 4, 3, 0, 9, 'pod', 6, 7, NULL, 'Why', 'so', 2, NULL);
                        INSERT INTO step_logs VALUES (1048576, CAST('the end' AS BLOB));
                        """
                )
            }
            try database.close()
            let store = try SQLiteRunStore(path: path)
            let key = StepKey(run: 1, index: 0)
            let (run, step, logs) = try await store.read { (try $0.run(id: 1), try $0.step(key), try $0.logs(key)) }
            #expect(run?.name == "r" && run?.submitter == "")
            #expect(step?.attempts == 3 && step?.deliveries == 0)
            var log = AttemptLog(
                attempt: 3,
                runner: "pod",
                finishedAt: Timestamp(microseconds: 7),
                log: Array("the end".utf8)
            )
            log.failure = StepFailure(reason: "Why", message: "so", exitCode: 2)
            #expect(logs == [log])
            try store.close()
        }
    }

    @Test("A file that is not a database is corrupt, and a missing directory is unavailable", arguments: [true, false])
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
