import Controller
import TestSupport
import Testing

/// Random worlds in which the promises of `Rollout` must hold at every second.
@Suite struct RolloutSimulationTests {
    @Test(arguments: 0..<100)
    func holdsAndConverges(_ seed: Int) {
        var world = RolloutSimulation(seed: UInt64(seed))
        var revision = 1
        for _ in 0..<400 {
            if world.random.chance(3) { world.state.replicas = Int.random(in: 0...6, using: &world.random) }
            if world.random.chance(2) {
                revision += 1
                world.state.updateRevision = "r\(revision)"
                // A revision that does not work, provided that there is one that does.
                if world.random.chance(30), world.state.currentRevision != nil {
                    world.badRevisions.insert("r\(revision)")
                }
            }
            if world.random.chance(1) { world.state.isPaused.toggle() }
            world.tick()
            if !world.violations.isEmpty { break }
        }
        #expect(world.violations.isEmpty, "seed \(seed)")

        // Left alone, it comes to rest at what is wanted.
        world.isNoisy = false
        world.state.isPaused = false
        if world.state.replicas == 0 { world.state.replicas = 2 }
        for _ in 0..<300 { world.tick() }
        #expect(world.violations.isEmpty, "seed \(seed)")
        let pods = world.state.pods
        #expect(pods.count == world.state.replicas, "seed \(seed): \(pods)")
        #expect(pods.allSatisfy { $0.isActive && $0.isReady }, "seed \(seed): \(pods)")
        #expect(Set(pods.map(\.revision)) == [world.state.updateRevision], "seed \(seed): \(pods)")
        #expect(world.plan?.status.phase == .complete, "seed \(seed)")
        #expect(world.state.currentRevision == world.state.updateRevision, "seed \(seed)")
    }
}
