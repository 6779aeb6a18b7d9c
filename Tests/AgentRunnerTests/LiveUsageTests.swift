import APIMachinery
import FoundationEssentials
import Logging
import Testing

@testable import AgentRunner

/// Which job goes when a container's memory is used up.
@Suite struct LiveUsageTests {
    private static func ended(_ jobs: [String: Int64], leaving: Set<String> = [], own: Int64 = 0) -> [String] {
        let shares = LiveUsage.Shares(jobs: jobs, leaving: leaving)
        return jobs.keys.filter { shares.mustEnd($0, own: own, limit: 100) }.sorted()
    }

    @Test("The job that uses most goes, one at a time, and only near the limit")
    func shares() {
        #expect(Self.ended(["a": 60, "b": 20]) == [])
        #expect(Self.ended(["a": 60, "b": 31]) == ["a"])
        #expect(Self.ended(["a": 60, "b": 20], own: 11) == ["a"])
        #expect(Self.ended(["a": 60, "b": 80], leaving: ["b"]) == [], "what is being killed counts as free")
        #expect(Self.ended(["a": 60, "b": 80, "c": 40], leaving: ["b"]) == ["a"])
        #expect(Self.ended(["a": 50, "b": 50]) == ["b"], "one of equals")
        #expect(Self.ended(["a": 0], own: 200) == [], "a job that uses nothing is not to blame")
        #expect(Self.ended(["a": .max, "b": .max]) == ["b"])
        let large = LiveUsage.Shares(jobs: ["a": 9_900 << 20])
        #expect(large.mustEnd("a", own: 0, limit: 10_000 << 20), "no more than the reserve stays free")
        #expect(!large.mustEnd("a", own: 0, limit: 10_100 << 20))
    }

    @Test("A job is told to go once, and the next one only if that was not enough")
    func once() {
        let live = LiveUsage(memoryLimit: 100, ownMemory: { 10 })
        live.set(.init(memoryBytes: 60), for: "a", job: "1")
        live.set(.init(memoryBytes: 30), for: "b", job: "2")
        #expect(live.memoryByJob == ["1": 60, "2": 30])
        #expect(!live.mustEnd("b"))
        #expect(live.mustEnd("a"))
        #expect(!live.mustEnd("a") && !live.mustEnd("b"))
        live.set(.init(memoryBytes: 85), for: "b", job: "2")
        #expect(live.mustEnd("b"))
        live.set(nil, for: "a", job: "1")
        live.set(.init(memoryBytes: 99), for: "a", job: "3")
        #expect(live.mustEnd("a"), "another job under an old name")
        let unlimited = LiveUsage()
        unlimited.set(.init(memoryBytes: .max), for: "a", job: "1")
        #expect(!unlimited.mustEnd("a"))
    }

    private static let greed = "head -c 2000000000 /dev/zero | tail"

    private static func job(_ script: String, _ more: JSONValue = [:]) throws -> Job {
        try Job([
            "id": "1.0.1", "token": "1", "actor": "exec", "with": Exec.shell(script, more),
        ])
    }

    private static let context = JobContext(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    @Test("A job that uses up the container's memory fails alone with the reason OOMKilled; its neighbour goes on")
    func neighbours() async throws {
        let live = LiveUsage(memoryLimit: 128 << 20, ownMemory: { 0 })
        let executor = ExecExecutor(environment: ["PATH": "/usr/bin:/bin"], grace: .seconds(5), live: live)
        let mark = FileManager.default.temporaryDirectory.path + "/gone-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: mark) }
        // The neighbour ends only when the greedy one has been killed.
        let quiet = try Self.job("until [ -e \(mark) ]; do sleep 0.05; done; echo 1")
        let greedy = try Self.job(Self.greed)
        async let neighbour = executor.execute(quiet, context: Self.context)
        let result = await executor.execute(greedy, context: Self.context)
        #expect(FileManager.default.createFile(atPath: mark, contents: nil))
        #expect(result.outcome == .failed && result.error?.reason == "OOMKilled", "\(String(describing: result.error))")
        #expect(result.error?.message.contains("128 MB") == true && result.error?.retryable == true)
        #expect(await neighbour.outcome == .succeeded)
        #expect(live.total.memoryBytes == 0)
    }

    @Test("A job's own limit comes before that of the container")
    func ownLimit() async throws {
        let live = LiveUsage(memoryLimit: 60 << 20, ownMemory: { 0 })
        let executor = ExecExecutor(environment: ["PATH": "/usr/bin:/bin"], grace: .seconds(5), live: live)
        let job = try Self.job(Self.greed, ["limits": ["memoryMB": 50]])
        let result = await executor.execute(job, context: Self.context)
        #expect(result.error?.reason == "MemoryLimitExceeded", "\(String(describing: result.error))")
    }

    @Test("Jobs are likelier victims of the system than the runner")
    func victims() async throws {
        let result = try await Exec.run(
            Exec.shell("until grep -q 500 /proc/$$/oom_score_adj; do sleep 0.01; done; echo 1")
        )
        #expect(result.output == 1)
    }
}
