import APIMachinery
import Testing

@testable import RunEngine

/// The outcomes of each runner's jobs, by which rollouts judge revisions.
@Suite("Outcomes of runners")
struct RunnerOutcomesTests {
    @Test("Outcomes are counted by kind, and start again with a new process")
    func kinds() {
        let store = RunnerOutcomes()
        let runner = NamespacedName(namespace: "default", name: "r")
        for kind in EngineEffects.Departure.Kind.allCases { store.record(kind, of: runner) }
        let counted = store.outcomes(of: runner)
        #expect(counted.succeeded == 1 && counted.failed == 2 && counted.lost == 1)
        store.reset(runner)
        #expect(store.outcomes(of: runner) == JobOutcomes())
        #expect(store.outcomes(of: NamespacedName(namespace: "other", name: "r")) == JobOutcomes())
    }

    @Test("Beyond the limit, exactly the runners that were recorded first are forgotten")
    func bound() {
        let store = RunnerOutcomes()
        func runner(_ number: Int) -> NamespacedName { NamespacedName(namespace: "default", name: "r\(number)") }
        let count = RunnerOutcomes.limit * 3
        for number in 0..<count {
            store.record(.succeeded, of: runner(number))
            if number >= RunnerOutcomes.limit {
                #expect(store.outcomes(of: runner(number - RunnerOutcomes.limit)).succeeded == 0)
            }
        }
        #expect((count - RunnerOutcomes.limit..<count).allSatisfy { store.outcomes(of: runner($0)).succeeded == 1 })
    }
}
