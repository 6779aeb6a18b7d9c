import APIMachinery
import Storage
import Testing

/// What every run store does. The queue's part is in `JobQueueConformanceTests`.
@Suite("Run store")
struct RunStoreConformanceTests {
    @Test("Every field of a run and of a step survives", arguments: RunStoreFixture.all)
    func roundTrip(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            var run = RunRecord.test("a")
            run.params = Array(#"{"x":"ü"}"#.utf8)
            run.labels = ["team": "red", "empty": ""]
            run.metadata = Array(#"{"annotations":{"k":"v"}}"#.utf8)
            run.priority = -3
            run.reason = "R"
            run.message = "two\nlines"
            run.deadline = .at(50)
            run.idempotencyKey = "key"
            run.submitter = "alice"
            var step = StepRecord(key: StepKey(run: 0, index: 0), id: "lint")
            let inserted = try await store.transaction { [run, step] transaction in
                var run = run
                try transaction.insert(&run)
                var first = step
                first.key.run = run.id
                try transaction.insert([first, StepRecord(key: StepKey(run: run.id, index: 1), id: "b")])
                return run
            }
            #expect(inserted.id > 0 && inserted.resourceVersion == inserted.id)
            let read = try await store.read { try $0.run(namespace: "default", name: "a") }
            #expect(read == inserted)
            step.key.run = inserted.id
            step.phase = .failed
            step.attempts = 3
            step.deliveries = 5
            step.forgivenAttempts = 1
            step.acceptedToken = 77
            step.runner = "pod-1"
            step.startedAt = .at(1)
            step.finishedAt = .at(2)
            step.output = Array("[1,2]".utf8)
            step.failure = StepFailure(reason: "Why", message: "", exitCode: 3)
            step.metrics = Array(#"{"m":1}"#.utf8)
            let updated = try await store.transaction { [step, inserted] transaction in
                try transaction.update(step)
                for attempt in [12, 1, 2, 3] { try transaction.setLog(step.key, Self.log(of: attempt)) }
                try transaction.setLog(step.key, Self.log(of: 13, text: "log", end: 9))
                var run = inserted
                run.phase = .failed
                run.stop = .deadlineExceeded
                run.startedAt = .at(1)
                run.finishedAt = .at(2)
                run.deadline = nil
                try transaction.update(&run)
                return run
            }
            let key = step.key
            let (after, steps, log) = try await store.read { reader in
                (try reader.run(id: inserted.id), try reader.steps(run: inserted.id), try reader.logs(key))
            }
            #expect(after == updated)
            #expect(steps == [step, StepRecord(key: StepKey(run: inserted.id, index: 1), id: "b")])
            #expect(log == [Self.log(of: 12), Self.log(of: 13, text: "log", end: 9)], "only the latest ten are kept")
            #expect(updated.resourceVersion > inserted.resourceVersion)
        }
    }

    private static func log(of attempt: Int, text: String = "", end: Int? = nil) -> AttemptLog {
        var log = AttemptLog(attempt: attempt, runner: "r", finishedAt: .at(3), log: Array(text.utf8), end: end)
        if attempt > 1 { log.failure = StepFailure(reason: "Why", message: "", exitCode: 3) }
        return log
    }

    @Test("A transaction that throws changes nothing, and those beside it do", arguments: RunStoreFixture.all)
    func atomicity(_ fixture: RunStoreFixture) async throws {
        struct Refusal: Error {}
        try await fixture.with { store in
            let kept = try await Self.insert("kept", into: store)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        do {
                            try await store.transaction { transaction in
                                var run = RunRecord.test("run-\(index)")
                                try transaction.insert(&run)
                                try transaction.insert([StepRecord(key: StepKey(run: run.id, index: 0), id: "s")])
                                try transaction.enqueue(.test(StepKey(run: run.id, index: 0), pool: "pool-\(index)"))
                                if index % 2 == 0 {
                                    var other = kept
                                    other.message = "broken"
                                    try transaction.update(&other)
                                    try transaction.insertWorkflowRevision("hash", spec: [1])
                                    throw Refusal()
                                }
                            }
                            #expect(index % 2 == 1)
                        } catch is Refusal {
                            #expect(index % 2 == 0)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let (runs, queues, revision) = try await store.read { reader in
                (try reader.runs(RunQuery(limit: 100)), try reader.queues(), try reader.workflowRevision("hash"))
            }
            #expect(runs.count == 21)
            #expect(runs.first { $0.name == "kept" } == kept)
            #expect(runs.allSatisfy { $0.name == "kept" || Int($0.name.dropFirst(4)).map { $0 % 2 == 1 } == true })
            #expect(
                queues.allSatisfy { Int($0.pool.dropFirst(5)).map { $0 % 2 == 1 } == true } || fixture.name == "memory"
            )
            #expect(revision == nil)
            #expect(try store.changes.changes(after: kept.resourceVersion).count == 20)
        }
    }

    @Test("Names are unique in a namespace, idempotency keys in a workflow", arguments: RunStoreFixture.all)
    func uniqueness(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            try await Self.insert("a", into: store, key: "k")
            try await Self.insert("a", namespace: "other", into: store, key: "k")
            try await Self.insert("b", workflow: "w2", into: store, key: "k")
            for (name, key) in [("a", nil), ("c", "k")] as [(String, String?)] {
                let error = await #expect(throws: RunStoreError.self) {
                    try await Self.insert(name, into: store, key: key)
                }
                #expect(error?.code == .alreadyExists)
            }
            let found = try await store.read {
                try $0.run(namespace: "default", workflow: "w", idempotencyKey: "k")
            }
            #expect(found?.name == "a")
        }
    }

    @Test("Lists filter, order and page", arguments: RunStoreFixture.all)
    func lists(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            for index in 0..<10 {
                var run = RunRecord.test(
                    "run-\(9 - index)",
                    namespace: index < 8 ? "default" : "a",
                    workflow: "w\(index % 2)",
                    at: Int64(index)
                )
                run.labels = index % 3 == 0 ? ["l": "1"] : [:]
                run.phase = index < 2 ? .succeeded : .pending
                run.finishedAt = index < 2 ? .at(Int64(index)) : nil
                run.deadline = index >= 5 ? .at(Int64(100 - index)) : nil
                try await store.transaction { [run] transaction in
                    var run = run
                    try transaction.insert(&run)
                }
            }
            func names(_ change: (inout RunQuery) -> Void) async throws -> [String] {
                var query = RunQuery(limit: 100)
                change(&query)
                let wanted = query
                let (runs, count) = try await store.read { (try $0.runs(wanted), try $0.count(wanted)) }
                #expect(count == runs.count)
                return runs.map { String($0.name.dropFirst(4)) }
            }
            #expect(try await names { $0.limit = 3 } == ["0", "1", "2"])
            #expect(
                try await store.read { try $0.phaseCounts() } == [
                    NamespacedName(namespace: "default", name: "w0"): [.succeeded: 1, .pending: 3],
                    NamespacedName(namespace: "default", name: "w1"): [.succeeded: 1, .pending: 3],
                    NamespacedName(namespace: "a", name: "w0"): [.pending: 1],
                    NamespacedName(namespace: "a", name: "w1"): [.pending: 1],
                ]
            )
            #expect(try await names { $0.order = .name(after: nil) }.joined() == "0123456789")
            let second = NamespacedName(namespace: "default", name: "run-3")
            #expect(
                try await names {
                    $0.order = .name(after: second); $0.limit = 2
                } == ["4", "5"]
            )
            #expect(try await names { $0.namespace = "a" } == ["0", "1"])
            #expect(
                try await names {
                    $0.workflow = "w1"; $0.namespace = "default"
                } == ["2", "4", "6", "8"]
            )
            #expect(try await names { $0.phases = [.succeeded] } == ["8", "9"])
            #expect(
                try await names {
                    $0.phases = [.pending, .running]; $0.limit = 2
                } == ["0", "1"]
            )
            #expect(try await names { $0.createdSince = .at(7) } == ["0", "1", "2"])
            #expect(try await names { $0.labels = ["l": "1"] } == ["0", "3", "6", "9"])
            #expect(try await names { $0.labels = ["l": "2"] } == [])
            let third = try await store.read { try $0.runs(RunQuery(limit: 3)) }.last?.id
            #expect(
                try await names {
                    $0.order = .newest(before: third); $0.limit = 2
                } == ["3", "4"]
            )

            let (active, overdue, finished) = try await store.read { reader in
                (
                    try reader.activeRuns(after: 0, limit: 3).map(\.name),
                    try reader.overdueRuns(now: .at(93), limit: 10).map(\.name),
                    try reader.finishedRuns(before: .at(1), limit: 10).map(\.name)
                )
            }
            #expect(active == ["run-7", "run-6", "run-5"])
            #expect(overdue == ["run-0", "run-1", "run-2"])
            #expect(finished == ["run-9"])
        }
    }

    @Test("The clock's skew survives, unless its transaction fails", arguments: RunStoreFixture.all)
    func clockSkew(_ fixture: RunStoreFixture) async throws {
        struct Refusal: Error {}
        try await fixture.with { store in
            #expect(try await store.read { try $0.clockSkew() } == .zero)
            for skew in [Duration.seconds(-3600) + .microseconds(5), .seconds(86400 * 3650), .zero, .milliseconds(-1)] {
                try await store.transaction { try $0.setClockSkew(skew) }
                #expect(try await store.read { try $0.clockSkew() } == skew)
            }
            await #expect(throws: Refusal.self) {
                try await store.transaction { transaction in
                    try transaction.setClockSkew(.seconds(7))
                    throw Refusal()
                }
            }
            #expect(try await store.read { try $0.clockSkew() } == .milliseconds(-1))
        }
    }

    @Test("Active runs without the jobs they need are found", arguments: RunStoreFixture.all)
    func stalledRuns(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            // By name: the steps' phases, and whether each has a job.
            let cases: [(String, [(StepRecord.Phase, Bool)], RunRecord.Phase)] = [
                ("working", [(.succeeded, false), (.running, true), (.pending, false)], .running),
                ("queued", [(.queued, true)], .pending),
                ("ended", [(.succeeded, false)], .succeeded),
                ("idle", [(.succeeded, false), (.pending, false)], .running),
                ("empty", [], .running),
                ("half", [(.running, true), (.queued, false)], .running),
            ]
            let ids = try await store.transaction { transaction in
                var ids: [Int64: String] = [:]
                for (name, states, phase) in cases {
                    var run = RunRecord.test(name)
                    run.phase = phase
                    run.finishedAt = phase.isFinal ? .at(1) : nil
                    try transaction.insert(&run)
                    ids[run.id] = name
                    let steps = states.enumerated().map { index, state in
                        var step = StepRecord(key: StepKey(run: run.id, index: index), id: "s\(index)")
                        step.phase = state.0
                        return step
                    }
                    try transaction.insert(steps)
                    for (step, state) in zip(steps, states) where state.1 { try transaction.enqueue(.test(step.key)) }
                }
                return ids
            }
            let stalled = try await store.read { try $0.stalledRuns(limit: 10) }
            #expect(stalled.map { ids[$0] } == ["idle", "empty", "half"])
            #expect(try await store.read { try $0.stalledRuns(limit: 1) } == Array(stalled.prefix(1)))
        }
    }

    @Test("Deleting a run takes all with it", arguments: RunStoreFixture.all)
    func deletion(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            let other = try await Self.insert("other", into: store, key: "o")
            let run = try await Self.insert("a", into: store, key: "k")
            let key = StepKey(run: run.id, index: 0)
            try await store.transaction { transaction in
                for id in [other.id, run.id] {
                    let key = StepKey(run: id, index: 0)
                    try transaction.insert([StepRecord(key: key, id: "s")])
                    try transaction.enqueue(.test(key))
                    try transaction.setLog(key, Self.log(of: 1, text: "x"))
                    try transaction.insert(DeadLetter(job: .test(key), reason: "r", diedAt: .at(1)))
                }
                try transaction.delete(run)
            }
            try await store.read { (reader) throws -> Void in
                #expect(try reader.run(id: run.id) == nil)
                #expect(try reader.step(key) == nil)
                #expect(try reader.job(key) == nil)
                #expect(try reader.logs(key).isEmpty)
                #expect(try reader.deadLetter(key) == nil)
                #expect(try reader.steps(run: other.id).count == 1)
                #expect(try reader.job(StepKey(run: other.id, index: 0)) != nil)
            }
            let last = try #require(try store.changes.changes(after: 0).last)
            guard case .deleted(let deleted) = last.kind else {
                Issue.record("the last change is \(last)")
                return
            }
            #expect(deleted.uid == run.uid && deleted.resourceVersion == last.revision)
            try await Self.insert("a", into: store, key: "k")
        }
    }

    @Test("Changes come in the order of the commits, and old ones are forgotten", arguments: RunStoreFixture.all)
    func changeFeed(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            let waiting = Task { await store.changes.wait(after: store.changes.latest) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<50 {
                    group.addTask { try await Self.insert("run-\(index)", into: store) }
                }
                try await group.waitForAll()
            }
            await waiting.value
            let changes = try store.changes.changes(after: 0)
            #expect(changes.count == 50)
            #expect(changes.map(\.revision) == changes.map(\.revision).sorted())
            #expect(Set(changes.map(\.name)).count == 50)
            let revision = try await store.read { try $0.revision() }
            #expect(revision == store.changes.latest)
            #expect(try store.changes.changes(after: changes[30].revision).count == 19)
        }
    }

    @Test("A ring that is full says so")
    func expiry() throws {
        let feed = RunChangeFeed(revision: 10, capacity: 4)
        for revision in Int64(11)...17 {
            feed.append(
                [RunChange(revision: revision, run: 1, namespace: "n", name: "a", kind: .modified)],
                revision: revision
            )
        }
        #expect(try feed.changes(after: 13).map(\.revision) == [14, 15, 16, 17])
        #expect(try feed.changes(after: 17) == [])
        #expect(try feed.changes(after: 15, limit: 1).map(\.revision) == [16])
        #expect(throws: RunStoreError.self) { try feed.changes(after: 12) }
        #expect(throws: RunStoreError.self) { try RunChangeFeed(revision: 10).changes(after: 9) }
    }

    @discardableResult
    static func insert(
        _ name: String,
        namespace: String = "default",
        workflow: String = "w",
        into store: any RunStore,
        key: String? = nil
    ) async throws -> RunRecord {
        try await store.transaction { transaction in
            var run = RunRecord.test(name, namespace: namespace, workflow: workflow)
            run.idempotencyKey = key
            try transaction.insert(&run)
            return run
        }
    }
}
