import APIMachinery
import Testing

@testable import AgentRunner

@Suite("The runner's decisions")
struct RunnerStateTests {
    private func job(_ id: String, _ actor: String = "exec", token: Int64 = 1) throws -> Job {
        try Job(["id": .string(id), "token": .int(token), "actor": .string(actor)])
    }

    private func report(_ job: Job, _ outcome: JobOutcome = .succeeded) -> OutgoingReport {
        OutgoingReport(
            job: job,
            outcome: outcome,
            metrics: JobMetrics(queueTimeMs: 0, held: .zero, execution: .zero, usage: ResourceUsage()),
            startedAt: Timestamp(seconds: 0),
            finishedAt: Timestamp(seconds: 0)
        )
    }

    private func state(slots: Int = 2) -> RunnerStateMachine {
        var state = RunnerStateMachine(slots: slots, inlineActors: ["noop"], largestBatch: 16)
        state.registered(Registration([:]))
        return state
    }

    @Test("Nothing is asked for before registration, while draining, or while stopping")
    func gates() {
        var state = RunnerStateMachine(slots: 2, inlineActors: [])
        let answer7 = state.beginLease()
        #expect(answer7 == nil)
        state.registered(Registration(["drain": true]))
        let answer8 = state.beginLease()
        #expect(answer8 == nil)
        state.heard(draining: false)
        let answer9 = state.beginLease()
        #expect(answer9 == .init(capacity: 2, slots: 2))
        let answer10 = state.beginLease()
        #expect(answer10 == nil)
        state.failLease()
        state.beginStopping()
        let answer11 = state.beginLease()
        #expect(answer11 == nil)
    }

    @Test("Slots bound what runs; more than that is handed back")
    func slots() throws {
        var state = state()
        _ = state.beginLease()
        let jobs = [try job("a"), try job("b"), try job("c")]
        let intake = state.endLease(jobs: jobs, draining: false)
        #expect(intake.start.map(\.id) == ["a", "b"] && intake.surplus.map(\.id) == ["c"])
        #expect(state.running == 2)
        let answer12 = state.beginLease()
        #expect(answer12 == nil)
        let answer13 = state.finish(report(jobs[0]))
        #expect(!answer13)
        // The report carries the question for more, so no poll is made beside it.
        let answer14 = state.beginLease()
        #expect(answer14 == nil)
        let maybe1 = state.beginReport()
        let sent = try #require(maybe1)
        #expect(sent.reports.map(\.job.id) == ["a"] && sent.ask == .init(capacity: 1, slots: 1))
        let answer15 = state.beginReport()
        #expect(answer15 == nil)
        let answer16 = state.beginLease()
        #expect(answer16 == nil)
        #expect(state.heldJobs.count == 2)
        let next = state.endReport(asked: sent.ask, jobs: [try job("d")], draining: false)
        #expect(next.start.map(\.id) == ["d"] && state.running == 2 && state.heldJobs.count == 2)
    }

    @Test("A poll that is out keeps its slots from being asked for twice")
    func noOversubscription() throws {
        var state = state(slots: 3)
        _ = state.beginLease()
        let first = try job("a")
        _ = state.endLease(jobs: [first], draining: false)
        let answer17 = state.beginLease()
        #expect(answer17 == .init(capacity: 2, slots: 2))
        _ = state.finish(report(first))
        let maybe2 = state.beginReport()
        let sent = try #require(maybe2)
        #expect(sent.ask == .init(capacity: 1, slots: 1))
    }

    @Test("Trivial jobs raise the appetite, others bring it back to the slots")
    func appetite() throws {
        var state = state()
        var wants: [Int] = []
        for round in 0..<5 {
            let maybe3 = state.beginLease()
            let ask = try #require(maybe3)
            wants.append(ask.capacity)
            let jobs = try (0..<ask.capacity).map { try job("\(round)-\($0)", "noop") }
            let intake = state.endLease(jobs: jobs, draining: false)
            #expect(intake.inline.count == ask.capacity && state.running == 0)
            for job in jobs { _ = state.finish(report(job)) }
            let maybe4 = state.beginReport()
            let sent = try #require(maybe4)
            #expect(sent.reports.count == jobs.count)
            _ = state.endReport(asked: sent.ask, jobs: [], draining: false)
        }
        #expect(wants == [2, 4, 8, 16, 16])
        _ = state.beginLease()
        let mixed = try [job("n", "noop"), job("x"), job("y"), job("z")]
        let intake = state.endLease(jobs: mixed, draining: false)
        #expect(intake.inline.count == 1 && intake.start.count == 2 && intake.surplus.map(\.id) == ["z"])
        for job in mixed.dropLast() { _ = state.finish(report(job)) }
        let answer18 = state.beginReport()
        #expect(answer18?.ask?.capacity == 2)
    }

    @Test("A request with reports has a bounded number of bytes")
    func largeReports() throws {
        var state = state(slots: 40)
        _ = state.beginLease()
        let jobs = try (0..<40).map { try job("\($0)") }
        _ = state.endLease(jobs: jobs, draining: false)
        for job in jobs {
            var report = report(job)
            report.output = .string(String(repeating: "x", count: 1 << 20))
            _ = state.finish(report)
        }
        var counts: [Int] = []
        while let (reports, ask) = state.beginReport() {
            #expect(JSONValue.array(reports.map(\.json)).bytes.count <= OutgoingReport.mostBytes)
            counts.append(reports.count)
            // More work is asked for with the last of them.
            #expect((ask != nil) == (counts.reduce(0, +) == 40))
            _ = state.endReport(asked: ask, jobs: [], draining: false)
        }
        #expect(counts == [15, 15, 10])
    }

    @Test("A report that no request could carry says so instead")
    func tooLargeReport() throws {
        var large = report(try job("a"))
        // Each of these takes six bytes as JSON.
        large.output = .string(String(repeating: "\u{1}", count: 3 << 20))
        let bounded = large.bounded
        #expect(bounded.outcome == .failed && bounded.output == nil && bounded.error?.reason == "OutputTooLarge")
        #expect(bounded.error?.retryable == false)
        large.output = .string(String(repeating: "x", count: 15 << 20))
        #expect(large.bounded.outcome == .succeeded)
        for output in [JSONValue.null, [], [:], ["a\"b": [1, -2.5e-300, "\u{1}é", true, .null]], .int(.min)] {
            large.output = output
            #expect(large.size >= large.json.bytes.count)
        }
    }

    @Test("Reports are kept until they are taken, in their order")
    func retries() throws {
        var state = state()
        _ = state.beginLease()
        let jobs = [try job("a"), try job("b")]
        _ = state.endLease(jobs: jobs, draining: false)
        _ = state.finish(report(jobs[0]))
        _ = state.beginReport()
        _ = state.finish(report(jobs[1]))
        state.failReport()
        state.lostController()
        let answer19 = state.beginReport()
        #expect(answer19 == nil)
        state.registered(Registration([:]))
        let maybe5 = state.beginReport()
        let sent = try #require(maybe5)
        #expect(sent.reports.map(\.job.id) == ["a", "b"])
        #expect(!state.isIdle)
        _ = state.endReport(asked: sent.ask, jobs: [], draining: false)
        #expect(state.isIdle && state.unsentReports == 0)
    }

    @Test("Registering waits for requests that may bring jobs, and names what is held")
    func registration() throws {
        var state = state()
        _ = state.beginLease()
        let first = try job("a")
        _ = state.endLease(jobs: [first], draining: false)
        #expect(state.beginRegistration() == nil)
        _ = state.beginLease()
        state.lostController()
        #expect(state.mustNotPoll && state.beginRegistration() == nil)
        state.failLease()
        #expect(state.beginRegistration() == [first])
        let none = state.beginLease()
        #expect(none == nil)
    }

    @Test("A limit splits reports, and only the last part asks for jobs")
    func splitting() throws {
        var state = state()
        _ = state.beginLease()
        let jobs = [try job("a"), try job("b")]
        _ = state.endLease(jobs: jobs, draining: false)
        for job in jobs { _ = state.finish(report(job)) }
        let maybe6 = state.beginReport(limit: 1)
        let first = try #require(maybe6)
        #expect(first.reports.count == 1 && first.ask == nil)
        state.dropReports()
        let answer20 = state.beginReport(limit: 1)
        #expect(answer20?.ask != nil)
    }

    @Test("What happens to a job that is stopped depends on why and on whether it was over before")
    func stopping() throws {
        var state = state(slots: 4)
        _ = state.beginLease()
        let jobs = try ["cancel", "lost", "drain", "over"].map { try job($0) }
        _ = state.endLease(jobs: jobs, draining: false)
        let answer21 = state.stop(jobs: ["cancel"], because: .cancelled)
        #expect(answer21.map(\.id) == ["cancel"])
        let answer22 = state.stop(jobs: ["cancel"], because: .cancelled)
        #expect(answer22.isEmpty)
        let answer23 = state.stop(jobs: ["lost", "unknown"], because: .lost)
        #expect(answer23.map(\.id) == ["lost"])
        #expect(state.stopReason(jobs[0].key) == .cancelled && state.stopReason(jobs[3].key) == nil)
        let answer24 = state.abandonRunning()
        #expect(Set(answer24.map(\.id)) == ["drain", "over"])
        let answer25 = state.finish(report(jobs[0], .cancelled))
        #expect(!answer25)
        let answer26 = state.finish(report(jobs[1], .cancelled))
        #expect(!answer26)
        let answer27 = state.finish(report(jobs[2], .cancelled))
        #expect(answer27)
        let answer28 = state.finish(report(jobs[3], .succeeded))
        #expect(!answer28)
        let answer29 = state.beginReport()
        #expect(answer29?.reports.map(\.job.id) == ["cancel", "over"])
        // A second end of the same job is ignored.
        let answer30 = state.finish(report(jobs[1], .succeeded))
        #expect(!answer30)
    }

    @Test("A job that comes back with a new token replaces the lease that ran out")
    func replaced() throws {
        var state = state()
        _ = state.beginLease()
        let old = try job("a", token: 1)
        _ = state.endLease(jobs: [old], draining: false)
        _ = state.beginLease()
        let new = try job("a", token: 2)
        let intake = state.endLease(jobs: [new, old], draining: false)
        #expect(intake.start == [new] && intake.replaced == [old.key])
        #expect(state.stopReason(old.key) == .lost && state.stopReason(new.key) == nil)
        let answer31 = state.finish(report(old, .cancelled))
        #expect(!answer31)
        #expect(state.running == 1)
    }

    @Test("A stopping runner hands new jobs back but still reports and is idle in the end")
    func stoppingIntake() throws {
        var state = state()
        _ = state.beginLease()
        state.beginStopping()
        let intake = state.endLease(jobs: [try job("a"), try job("b", "noop")], draining: false)
        #expect(intake.surplus.count == 2 && intake.start.isEmpty && intake.inline.isEmpty && state.isIdle)
        #expect(!state.isQuiet)
        state.handedBack(2)
        #expect(state.isQuiet)
    }
}
