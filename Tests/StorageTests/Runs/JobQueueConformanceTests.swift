import APIMachinery
import Storage
import Testing

@Suite("Job queue")
struct JobQueueConformanceTests {
    private static let queue = QueueName(namespace: "default", pool: "default")

    /// Puts jobs of run 1 into the queue; the step's index is the order of arrival.
    private func fill(_ store: any RunStore, _ jobs: [JobRecord]) async throws {
        try await store.transaction { transaction in
            for job in jobs { try transaction.enqueue(job) }
        }
    }

    private func lease(
        _ store: any RunStore,
        _ limit: Int,
        turn: Int = 0,
        at seconds: Int64 = 10,
        pool: String = "default"
    ) async throws -> [JobRecord] {
        try await store.transaction { transaction in
            try transaction.lease(
                QueueName(namespace: "default", pool: pool),
                limit: limit,
                turn: turn,
                runner: "r",
                now: .at(seconds),
                expiresAt: .at(seconds + 30)
            )
        }
    }

    @Test("Jobs come out in the order in which they became ready, each once", arguments: RunStoreFixture.all)
    func order(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            try await fill(
                store,
                [
                    .test(StepKey(run: 1, index: 0), at: 5), .test(StepKey(run: 1, index: 1), at: 3),
                    .test(StepKey(run: 1, index: 2), at: 1, readyAt: 20), .test(StepKey(run: 1, index: 3), at: 3),
                    .test(StepKey(run: 2, index: 0), pool: "other", at: 0),
                ]
            )
            let first = try await lease(store, 2)
            #expect(first.map(\.step.index) == [1, 3])
            #expect(
                first.allSatisfy {
                    $0.deliveries == 1 && $0.lease?.runner == "r" && $0.payload == Array("\"x\":1".utf8)
                }
            )
            #expect(try await lease(store, 10).map(\.step.index) == [0])
            #expect(try await lease(store, 10) == [])
            let next = try await store.read { try $0.nextReady(Self.queue, after: .at(10)) }
            #expect(next == .at(20))
            #expect(try await lease(store, 10, at: 20).map(\.step.index) == [2])
            #expect(try await lease(store, 1, pool: "unused") == [])
            let tokens = try await store.read { try $0.leasedJobs() }.compactMap(\.lease?.token)
            #expect(Set(tokens).count == 4)
        }
    }

    @Test("The express lane overtakes, and one turn in five is not its own", arguments: RunStoreFixture.all)
    func lanes(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            let express = (0..<10).map { JobRecord.test(StepKey(run: 1, index: $0), express: true, at: 5) }
            let normal = (10..<14).map { JobRecord.test(StepKey(run: 1, index: $0), at: 1) }
            try await fill(store, express + normal)
            var order: [Int] = []
            for turn in 0..<14 { order += try await lease(store, 1, turn: turn).map(\.step.index) }
            #expect(order == [0, 1, 2, 3, 10, 4, 5, 6, 7, 11, 8, 9, 12, 13])
        }
    }

    @Test("Many at once come out as one by one", arguments: [0, 1, 3, 4, 7], [1, 2, 5, 6, 20])
    func batches(turn: Int, size: Int) {
        let express = (0..<12).map { "e\($0)" }
        let normal = (0..<12).map { "n\($0)" }
        var single: [String] = []
        var (nextExpress, nextNormal) = (express[...], normal[...])
        for offset in 0..<size {
            let one = LaneOrder.merge(
                express: Array(nextExpress.prefix(1)),
                normal: Array(nextNormal.prefix(1)),
                turn: turn + offset,
                limit: 1
            )
            single += one
            if one.first == nextExpress.first { nextExpress.removeFirst() } else { nextNormal.removeFirst() }
        }
        let normalCount = LaneOrder.normalTurns(from: turn, count: size)
        let batch = LaneOrder.merge(express: express, normal: normal, turn: turn, limit: size)
        #expect(batch == single)
        if size <= 12 { #expect(batch.count { $0.hasPrefix("n") } == normalCount) }
    }

    @Test("A lease holds for its token only", arguments: RunStoreFixture.all)
    func fencing(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            let key = StepKey(run: 1, index: 0)
            try await fill(store, [.test(key)])
            let first = try #require(try await lease(store, 1).first)
            let token = try #require(first.lease?.token)
            let renewed = try await store.transaction { try $0.renew(key, token: token, expiresAt: .at(99)) }
            #expect(renewed?.expiresAt == .at(99) && renewed?.runner == "r" && renewed?.leasedAt == .at(10))
            // Back into the queue, and out again.
            try await store.transaction { transaction in
                var job = first
                job.lease = nil
                try transaction.update(job)
            }
            #expect(try await store.transaction { try $0.renew(key, token: token, expiresAt: .at(100)) } == nil)
            let second = try #require(try await lease(store, 1).first)
            #expect(second.deliveries == 2)
            #expect(try #require(second.lease?.token) > token)
            #expect(try await store.transaction { try $0.renew(key, token: token, expiresAt: .at(100)) } == nil)
            try await store.transaction { try $0.removeJob(key) }
            #expect(try await store.read { try $0.job(key) } == nil)
            try await store.transaction { try $0.removeJob(key) }
            await #expect(throws: RunStoreError.self) { try await store.transaction { try $0.update(second) } }
        }
    }

    @Test("Counts include every state", arguments: RunStoreFixture.all)
    func counts(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            try await fill(
                store,
                (0..<6).map { .test(StepKey(run: 1, index: $0), at: Int64($0)) }
                    + (6..<8).map { .test(StepKey(run: 1, index: $0), express: true, at: 2) }
                    + [.test(StepKey(run: 1, index: 8), at: 0, readyAt: 50)]
            )
            try await fill(store, [.test(StepKey(run: 1, index: 20), pool: "other")])
            _ = try await lease(store, 3)
            try await store.transaction { transaction in
                let letter = DeadLetter(job: .test(StepKey(run: 9, index: 9)), reason: "gone", diedAt: .at(3))
                try transaction.insert(letter)
            }
            let counts = try await store.read { try $0.counts(Self.queue, now: .at(10)) }
            var expected = QueueCounts()
            expected.ready = 5
            expected.delayed = 1
            expected.leased = 3
            expected.dead = 1
            expected.oldestReadyAt = .at(1)
            #expect(counts == expected)
            #expect(counts.waiting == 6)
            let unknown = try await store.read { try $0.counts(QueueName(namespace: "x", pool: "y"), now: .at(0)) }
            #expect(unknown == QueueCounts())
            #expect(try await store.read { try $0.queues() }.map(\.pool) == ["default", "other"])
        }
    }

    @Test("Dead letters keep the job", arguments: RunStoreFixture.all)
    func deadLetters(_ fixture: RunStoreFixture) async throws {
        try await fixture.with { store in
            var job = JobRecord.test(StepKey(run: 4, index: 2), express: true)
            job.deliveries = 3
            job.timeoutSeconds = 60
            let key = job.step
            let letters = [
                DeadLetter(job: job, reason: "three times", diedAt: .at(9)),
                DeadLetter(job: .test(StepKey(run: 5, index: 0)), reason: "again", diedAt: .at(4)),
            ]
            try await store.transaction { transaction in for letter in letters { try transaction.insert(letter) } }
            let listed = try await store.read { try $0.deadLetters(Self.queue, limit: 10) }
            #expect(listed == letters.reversed())
            let brief = try await store.read { try $0.briefDeadLetters(Self.queue) }
            #expect(brief.map(\.job.id) == listed.map(\.job.id) && brief.allSatisfy { $0.job.payload.isEmpty })
            #expect(try await store.read { try $0.deadLetter(key) } == letters[0])
            try await store.transaction { try $0.removeDeadLetter(key) }
            #expect(try await store.read { try $0.deadLetters(Self.queue, limit: 10) }.count == 1)
        }
    }

    @Test("Job ids lead back to the step", arguments: ["1.0.1", "17.3.2", "8796093022207.1048575.9"])
    func jobIDs(_ text: String) throws {
        let id = try #require(JobID(text))
        #expect(id.description == text)
        #expect(StepKey(rowID: id.step.rowID) == id.step)
    }

    @Test(
        "Texts that are not job ids are refused",
        arguments: ["", "1", "1.2", "1.2.3.4", "0.0.1", "1.-1.1", "1.0.0", "a.b.c", "1.1048576.1", "8796093022208.0.1"]
    )
    func wrongJobIDs(_ text: String) { #expect(JobID(text) == nil) }
}
