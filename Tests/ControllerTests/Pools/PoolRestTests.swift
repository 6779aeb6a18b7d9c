import APIMachinery
import ControllerRuntime
import KubeAPI
import KubeClient
import KubeTestSupport
import RunEngine
import Spec
import Synchronization
import Testing

@testable import Controller

/// A pool in which nothing happens costs nothing.
@Suite struct PoolRestTests {
    static let cpu: JSONValue = [
        "type": "Resource",
        "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 50]],
    ]

    @Test(
        arguments: [
            ["replicas": 2], ["autoscaling": PoolScalingTests.autoscaling(1, 3)],
            ["autoscaling": PoolScalingTests.autoscaling(0, 3, window: 0)], ["replicas": 0],
        ] as [JSONValue]
    )
    func atRestNobodyLooks(_ spec: JSONValue) async throws {
        let world = PoolWorld()
        try await world.create(spec)
        try await world.step(20)
        try await world.source.refresh(world.client)
        #expect(try await world.look() == .requeue(after: .seconds(60)))
        var before = 0
        for round in 0..<20 {
            // The window of the autoscaler, five minutes, may still have been what kept the size.
            if round == 6 { before = world.writes }
            world.time.advance(by: .seconds(60))
            try await world.source.refresh(world.client)
            #expect(try await world.look() == .requeue(after: .seconds(60)))
        }
        #expect(world.writes == before)
    }

    @Test func idleRunnersTrembleWithoutAWrite() async throws {
        let world = PoolWorld()
        try await world.create([
            "autoscaling": PoolScalingTests.autoscaling(1, 3, window: 300, Self.cpu),
            "template": [
                "spec": [
                    "containers": [
                        ["name": "agent-runner", "image": "r", "resources": ["requests": ["cpu": "100m"]]]
                    ]
                ]
            ],
        ])
        try await world.step(10)
        let pod = try #require(try await world.pods().first?.metadata.name)
        func tremble(_ steps: Int) async throws {
            for index in 0..<steps {
                world.runners.setLoad(cpuMillicores: [0, 1, 2, 0, 7, 30][index % 6], pod, now: world.time.now)
                try await world.step()
                world.time.advance(by: .seconds(4))
            }
        }
        try await tremble(12)
        let before = world.writes
        try await tremble(30)
        #expect(world.writes == before)
        #expect(try await world.pods().count == 1)
    }

    @Test func jobsWakeAPool() async throws {
        let world = PoolWorld()
        let wakeUps = Mutex<[Duration]>([])
        world.current.observeJobs { _, delay in wakeUps.withLock { $0.append(delay) } }
        try await world.create(["replicas": 1])
        world.queues.change(world.name)
        #expect(wakeUps.withLock { $0 } == [], "the cache does not know it yet")
        try await world.step()
        try await world.step()
        world.time.advance(by: .seconds(30))
        for _ in 0..<1000 { world.queues.change(world.name) }
        #expect(wakeUps.withLock { $0 } == [PoolWakeUps.gathering], "once, and at once after a rest")
        try await world.source.refresh(world.client)
        try await world.look()
        for _ in 0..<1000 { world.queues.change(world.name) }
        #expect(wakeUps.withLock { $0 }.last == .seconds(1), "not more often than once a second")
        #expect(wakeUps.withLock { $0 }.count == 2)
        world.queues.change(NamespacedName(namespace: "default", name: "nobody"))
        #expect(wakeUps.withLock { $0 }.count == 2)
    }

    /// A look at what is as it should be writes nothing, whatever came before.
    @Test(arguments: 0..<8)
    func comesToRest(_ seed: Int) async throws {
        var simulation = try await PoolSimulation(seed: UInt64(seed))
        for _ in 0..<50 { try await simulation.tick() }
        #expect(simulation.violations.isEmpty, "seed \(seed)")
        try await simulation.settle()
        #expect(simulation.violations.isEmpty, "seed \(seed)")
    }
}
