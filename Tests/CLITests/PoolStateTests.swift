import KubeYAML
import Testing

@testable import CLI

/// The STATUS of a pool in `ctl status`.
@Suite struct PoolStateTests {
    private static let complete = "{type: Progressing, status: 'True', reason: NewRevisionAvailable}"

    @Test(
        "The reason of the worst condition is shown, not that of the rollout",
        arguments: [
            ("{}", "-", nil),
            ("{conditions: [\(complete)], reason: NewRevisionAvailable}", "NewRevisionAvailable", .green),
            ("{conditions: [\(complete)]}", "NewRevisionAvailable", .green),
            (
                "{conditions: [\(complete), {type: ReplicaFailure, status: 'True', reason: Unschedulable}], reason: Unschedulable}",
                "Unschedulable", .red
            ),
            (
                "{conditions: [\(complete), {type: OutOfMemory, status: 'True', reason: OOMKilled}], reason: OOMKilled}",
                "OOMKilled", .yellow
            ),
            (
                "{conditions: [{type: Progressing, status: Unknown, reason: RolloutPaused}], reason: RolloutPaused}",
                "RolloutPaused", .yellow
            ),
            (
                "{conditions: [{type: Progressing, status: 'False', reason: JobsFail}], reason: JobsFail}", "JobsFail",
                .red
            ),
        ] as [(String, String, Terminal.Style?)]
    )
    func state(_ status: String, _ reason: String, _ style: Terminal.Style?) throws {
        let state = PoolState(try YAML.parse(status))
        #expect(state.reason == reason && state.style == style)
    }
}
