import APIMachinery
import Spec
import Storage
import RunTestSupport
import Testing

@testable import RunEngine

/// Logs of steps: while they run, and of every attempt afterwards.
@Suite struct LiveLogTests {
    private static let job = JobID(step: StepKey(run: 1, index: 0), attempt: 1)

    private static func text(_ logs: LiveLogs, _ job: JobID = job) -> String? {
        logs.log(of: job).map { "\(String(decoding: $0.text, as: UTF8.self))|\($0.end)" }
    }

    @Test("Pieces are joined: overlaps once, a gap starts the log again, and the end is kept")
    func pieces() {
        let logs = LiveLogs(limit: 8, budget: 100)
        func append(_ text: String, _ end: Int, token: Int64 = 1) {
            logs.append(Array(text.utf8), end: end, to: Self.job, token: token)
        }
        append("one ", 4)
        append("two ", 8)
        #expect(Self.text(logs) == "one two |8")
        append("two ", 8)
        #expect(Self.text(logs) == "one two |8", "a repeated call")
        append("two 3", 9)
        #expect(Self.text(logs) == "ne two 3|9", "an overlap, and no more than the limit")
        append("later", 100)
        #expect(Self.text(logs) == "later|100", "a gap")
        append("fresh", 5, token: 2)
        #expect(Self.text(logs) == "fresh|5", "another lease writes its own log")
        logs.remove(Self.job, token: 1)
        #expect(Self.text(logs) != nil)
        logs.remove(Self.job, token: 2)
        #expect(Self.text(logs) == nil && logs.bytes == 0)
    }

    @Test("All logs share a budget; the one that was not written for the longest time is dropped first")
    func budget() {
        let logs = LiveLogs(limit: 8, budget: 20)
        let jobs = (0..<4).map { JobID(step: StepKey(run: 1, index: $0), attempt: 1) }
        for job in jobs.prefix(2) { logs.append(Array("12345678".utf8), end: 8, to: job, token: 1) }
        logs.append(Array("9".utf8), end: 9, to: jobs[0], token: 1)
        logs.append(Array("12345678".utf8), end: 8, to: jobs[2], token: 1)
        #expect(jobs.map { logs.log(of: $0) != nil } == [true, false, true, false])
        #expect(logs.bytes == 16)
    }

    private func log(_ f: EngineFixture, _ run: String, _ change: (inout LogQuery) -> Void = { _ in }) async throws
        -> [String]
    {
        var query = LogQuery()
        change(&query)
        let logs = try #require(try await f.engine.logs(namespace: "default", name: run, query))
        return logs.steps.map { entry in
            "\(entry.step.id)#\(entry.attempt) \(String(decoding: entry.text, as: UTF8.self))|\(entry.end)"
                + (entry.failure.map { " \($0.reason)" } ?? "")
        }
    }

    private func piece(_ job: LeasedJob, _ text: String, _ end: Int, token: Int64? = nil) -> LogPiece {
        LogPiece(job: job.id, token: token ?? job.token, text: Array(text.utf8), end: end)
    }

    @Test("A running step's log is readable while it grows, and the report completes it")
    func running() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        let run = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        f.engine.appendLogs(EngineFixture.runner(), [piece(job, "one\n", 4), piece(job, "nonsense", 9, token: 7)])
        f.engine.appendLogs(EngineFixture.runner("another"), [piece(job, "nonsense", 99)])
        #expect(try await log(f, run) == ["a#1 one\n|4"])
        #expect(try await log(f, run) { $0.after = 2 } == ["a#1 e\n|4"])
        #expect(try await log(f, run) { $0.isBrief = true } == ["a#1 |4"])
        var report = JobReport(job: job.id, token: job.token, outcome: .succeeded)
        report.log = Array("e\ntwo\n".utf8)
        report.logEnd = 8
        _ = try await f.engine.report(EngineFixture.runner(), [report], capacity: 0)
        #expect(try await log(f, run) == ["a#1 one\ntwo\n|8"])
        #expect(f.engine.liveLogs.bytes == 0)
    }

    @Test("Every attempt keeps its own log and its own failure")
    func attempts() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a", retry: RetryPolicy(maxAttempts: 3, initialIntervalSeconds: 1)), .noop("b"))
        let run = try await f.submit("w")
        for text in ["first", "second"] {
            let jobs = try await f.lease(2)
            let job = try #require(jobs.first { $0.id.step.index == 0 })
            var report = JobReport(job: job.id, token: job.token, outcome: text == "first" ? .failed : .succeeded)
            report.log = Array(text.utf8)
            report.failure = text == "first" ? StepFailure(reason: "Broken", message: "x") : nil
            _ = try await f.engine.report(EngineFixture.runner(), [report], capacity: 0)
            if text == "first" { #expect(try await log(f, run)[0] == "a#1 first|5 Broken") }
            f.clock.advance(.seconds(5))
        }
        #expect(try await log(f, run) { $0.step = "a" } == ["a#2 second|6"])
        #expect(try await log(f, run) { $0.attempt = 1 } == ["a#1 first|5 Broken", "b#1 |0"])
        #expect(try await log(f, run) { $0.attempt = 3 } == [])
        let missing = await #expect(throws: Status.self) { try await log(f, run) { $0.step = "nosuch" } }
        #expect(missing?.code == 404)
        #expect(throws: Status.self) { try LogQuery { $0 == "attempt" ? "0" : nil } }
    }

    @Test("A lost attempt keeps what was sent of it; deliveries are counted")
    func lost() async throws {
        let f = try await EngineFixture()
        try f.workflow("w", .noop("a"))
        let run = try await f.submit("w")
        let job = try #require(try await f.lease().first)
        f.engine.appendLogs(EngineFixture.runner(), [piece(job, "last words\n", 11)])
        #expect(try await f.engine.releaseLeases(namespace: "default", runner: "runner-1") == 1)
        #expect(try await log(f, run) == ["a#1 last words\n|11 Lost"])
        let again = try #require(try await f.lease(runner: "runner-2").first)
        let step = try await f.run(run).json.value(at: "status", "steps")?[0]
        #expect(step?["attempts"] == 1 && step?["deliveries"] == 2)
        try await f.report(again, runner: "runner-2")
        #expect(try await log(f, run) == ["a#1 |0"], "the delivery that succeeded wrote nothing")
    }
}
