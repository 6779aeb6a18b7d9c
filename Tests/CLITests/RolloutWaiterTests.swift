import APIMachinery
import KubeYAML
import Testing

@testable import CLI

/// When `--wait` is over.
@Suite struct RolloutWaiterTests {
    static func pool(_ status: String, generation: Int64 = 5, annotations: String = "{}") throws -> Unstructured {
        Unstructured([
            "metadata": [
                "name": "p", "generation": .int(generation), "annotations": try YAML.parse(annotations),
            ],
            "status": try YAML.parse(status),
        ])
    }

    @Test(
        "The rollout is complete when all runners are new and ready",
        arguments: [
            ("{}", false),
            ("{observedGeneration: 4, replicas: 2, updatedReplicas: 2, readyReplicas: 2, desiredReplicas: 2}", false),
            ("{observedGeneration: 5, replicas: 2, updatedReplicas: 2, readyReplicas: 2, desiredReplicas: 2}", true),
            ("{observedGeneration: 6, replicas: 2, updatedReplicas: 2, readyReplicas: 2, desiredReplicas: 2}", true),
            ("{observedGeneration: 5, replicas: 3, updatedReplicas: 2, readyReplicas: 3, desiredReplicas: 2}", false),
            ("{observedGeneration: 5, replicas: 2, updatedReplicas: 2, readyReplicas: 1, desiredReplicas: 2}", false),
            ("{observedGeneration: 5, replicas: 1, updatedReplicas: 1, readyReplicas: 1, desiredReplicas: 2}", false),
            ("{observedGeneration: 5, desiredReplicas: 0}", true),
        ]
    )
    func complete(_ status: String, _ expected: Bool) throws {
        #expect(try RolloutWaiter.isComplete(Self.pool(status), since: Self.pool("{}")) == expected)
    }

    @Test func aFailedRolloutIsAFailure() throws {
        let pool = try Self.pool(
            "{observedGeneration: 5, conditions: [{type: Progressing, status: 'False', reason: Deadline, message: slow}]}"
        )
        let written = try Self.pool("{}")
        let failure = #expect(throws: Failure.self) { try RolloutWaiter.isComplete(pool, since: written) }
        #expect(failure?.code == .failed)
        #expect(failure?.message.hasPrefix("workerpool/p: Deadline: slow") == true)
    }

    @Test func aRollbackMeanwhileIsAFailure() throws {
        let good = "{observedGeneration: 6, replicas: 1, updatedReplicas: 1, readyReplicas: 1, desiredReplicas: 1}"
        let annotations = "{martinet.dev/rolled-back-from: bad, martinet.dev/rollback-reason: 'Crash: it crashes'}"
        let pool = try Self.pool(good, generation: 6, annotations: annotations)
        let written = try Self.pool("{}")
        let failure = #expect(throws: Failure.self) { try RolloutWaiter.isComplete(pool, since: written) }
        #expect(failure?.message.hasPrefix("workerpool/p was rolled back from p-bad: Crash: it crashes") == true)
        // What was rolled back before does not count.
        let later = try Self.pool("{}", annotations: annotations)
        #expect(try RolloutWaiter.isComplete(pool, since: later))
    }
}
