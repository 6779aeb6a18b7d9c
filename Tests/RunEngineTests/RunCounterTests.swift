import APIMachinery
import Spec
import Storage
import Synchronization
import RunTestSupport
import Testing

@testable import RunEngine

/// The counts that workflows show in their status.
@Suite struct RunCounterTests {
    @Test("Runs are counted by phase; only a workflow whose counts have changed is announced")
    func counts() async throws {
        let f = try await EngineFixture()
        let counter = RunCounter(engine: f.engine)
        let announced = Mutex<[String]>([])
        counter.observe { name in announced.withLock { $0.append(name.name) } }
        func changed() async throws -> [String] {
            try await counter.update()
            return announced.withLock { names in
                defer { names = [] }
                return names
            }
        }
        let first = NamespacedName(namespace: "default", name: "v")
        let second = NamespacedName(namespace: "default", name: "w")
        for name in ["v", "w"] { try f.workflow(name, .noop("a")) }
        #expect(try await changed().isEmpty)
        try await f.submit("v")
        let last = try await f.submit("w")
        try await f.submit("w")
        #expect(try await changed() == ["v", "w"])
        #expect(counter.counts(of: first) == ["Pending": 1] && counter.counts(of: second) == ["Pending": 2])
        #expect(try await changed().isEmpty)
        try await f.report(try #require(try await f.lease().first))
        #expect(try await changed() == ["v"])
        #expect(counter.counts(of: first) == ["Succeeded": 1])
        try await f.engine.delete(namespace: "default", name: last)
        #expect(try await changed() == ["w"])
        #expect(counter.counts(of: second) == ["Pending": 1])
    }
}
