import APIMachinery
@testable import RunEngine
import Spec
import Storage
import StorageSQLite
import TestSupport
import RunTestSupport
import Testing

/// Outputs that go to many steps, and inputs that no runner could accept.
@Suite("Large inputs")
struct LargeInputTests {
    private static let megabyte = 1 << 20

    private static func text(_ count: Int) -> String { "\"" + String(repeating: "x", count: count - 2) + "\"" }

    private static func step(_ id: String, reading sources: [String]) -> Step {
        let values = JSONObject(sources.map { ($0, .string("${{ steps.\($0).output }}")) })
        return Step(id: id, actor: "noop", with: .object(values), dependsOn: sources)
    }

    @Test("A large output that goes to many steps is leased in answers of bounded size", arguments: [false, true])
    func fanOut(onDisk: Bool) async throws {
        try await Files.withTemporaryDirectory { directory in
            let store: any RunStore = onDisk ? try SQLiteRunStore(path: directory + "/runs.sqlite") : MemoryRunStore()
            let f = try await EngineFixture(store: store)
            let readers = (0..<40).map { Self.step("r\($0)", reading: ["a"]) }
            try f.workflow("w", WorkflowSpec(steps: [.noop("a")] + readers))
            let name = try await f.submit("w")
            let first = try #require(try await f.lease().first)
            try await f.report(first, output: Self.text(Self.megabyte))
            var delivered = 0
            while case let jobs = try await f.lease(100), !jobs.isEmpty {
                let bytes = jobs.reduce(0) { $0 + $1.payload.count }
                #expect(bytes <= f.engine.settings.maximumLeaseBytes)
                #expect(jobs.count > 1, "many fit into one answer")
                delivered += jobs.count
                for job in jobs { try await f.report(job) }
            }
            #expect(delivered == 40)
            #expect(try await f.run(name).run.phase == .succeeded)
        }
    }

    @Test("An input that no runner could accept fails only its step")
    func tooLarge() async throws {
        let f = try await EngineFixture()
        let sources = (0..<17).map { "s\($0)" }
        var steps: [Step] = sources.map { .noop($0) }
        steps += [Self.step("all", reading: sources), Self.step("one", reading: ["s0"])]
        try f.workflow("w", WorkflowSpec(steps: steps))
        let name = try await f.submit("w")
        for job in try await f.lease(17) { try await f.report(job, output: Self.text(Self.megabyte)) }
        let left = try await f.lease(10)
        #expect(left.count == 1, "the neighbour goes on")
        for job in left { try await f.report(job) }
        let run = try await f.run(name)
        let failed = try #require(run.steps.first { $0.id == "all" })
        #expect(failed.phase == .failed && failed.failure?.reason == "InputTooLarge")
        #expect(failed.failure?.message.contains("16777216") == true)
        #expect(run.steps.allSatisfy { $0.id == "all" || $0.phase == .succeeded })
        #expect(run.run.phase == .failed)
    }

    @Test("A job larger than the limit of an answer is leased alone")
    func alone() async throws {
        var settings = RunEngineSettings()
        settings.maximumLeaseBytes = 2000
        let f = try await EngineFixture(settings: settings)
        try f.workflow(
            "w",
            WorkflowSpec(steps: [.noop("a"), Self.step("b", reading: ["a"]), .noop("c", after: ["a"])])
        )
        try await f.submit("w")
        let first = try #require(try await f.lease().first)
        try await f.report(first, output: Self.text(5000))
        #expect(try await f.lease(10).count == 1)
        #expect(try await f.lease(10).count == 1)
        #expect(try await f.lease(10).isEmpty)
    }
}
