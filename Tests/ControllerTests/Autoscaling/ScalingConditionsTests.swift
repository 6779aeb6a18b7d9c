import APIMachinery
import RunEngine
import Spec
import Testing

@testable import Controller

/// Measurements tremble; conditions do not.
@Suite struct ScalingConditionsTests {
    static let now = Timestamp(seconds: 1_767_225_600)

    private static func shown(_ reasons: [String], every seconds: Int, type: String = "ScalingLimited") -> [String] {
        var conditions = ScalingConditions()
        return reasons.enumerated().compactMap { index, reason in
            conditions.show(
                [(type, .init(status: true, reason: reason, message: reason))],
                replicas: 1,
                isRescale: false,
                now: now.advanced(by: .seconds(index * seconds))
            ).first?.reason
        }
    }

    @Test func aNotableReasonHolds() {
        let trembling = (0..<40).map { $0 % 2 == 0 ? "DesiredWithinRange" : "TooFewReplicas" }
        #expect(
            Self.shown(trembling, every: 5) == ["DesiredWithinRange"] + Array(repeating: "TooFewReplicas", count: 39)
        )
    }

    @Test func itGoesWhenItIsLongNotSeen() {
        let shown = Self.shown(["TooFewReplicas"] + Array(repeating: "DesiredWithinRange", count: 70), every: 5)
        #expect(shown.firstIndex(of: "DesiredWithinRange") == 60)
        #expect(shown.last == "DesiredWithinRange")
    }

    @Test func whetherMetricsCanBeHadShowsAtOnce() {
        let reasons = ["ValidMetricFound", "FailedGetQueueMetric", "ValidMetricFound"]
        #expect(Self.shown(reasons, every: 1, type: "ScalingActive") == reasons)
    }

    @Test func anotherSizeShowsEverything() {
        var conditions = ScalingConditions()
        func reason(_ text: String, _ replicas: Int, _ isRescale: Bool) -> String? {
            conditions.show(
                [("AbleToScale", .init(status: true, reason: text, message: text))],
                replicas: replicas,
                isRescale: isRescale,
                now: Self.now
            ).first?.reason
        }
        #expect(reason("ScaleDownStabilized", 5, false) == "ScaleDownStabilized")
        #expect(reason("SucceededRescale", 5, true) == "SucceededRescale")
        #expect(reason("ReadyForNewScale", 1, false) == "ReadyForNewScale")
    }

    private static func input(_ replicas: Int, jobs: Int, at seconds: Int, window: Int = 60) -> PoolAutoscaler.Input {
        let rules = ScalingRules(stabilizationWindowSeconds: window)
        return PoolAutoscaler.Input(
            autoscaling: AutoscalingSpec(
                minReplicas: 1,
                maxReplicas: 10,
                behavior: ScalingBehavior(scaleUp: rules, scaleDown: rules)
            ),
            concurrency: 1,
            replicas: replicas,
            queue: QueueStatistics(ready: jobs),
            now: now.advanced(by: .seconds(seconds))
        ) { _ in [] }
    }

    @Test func isSettledWhenTimeChangesNothing() {
        var autoscaler = PoolAutoscaler()
        #expect(autoscaler.step(Self.input(1, jobs: 0, at: 0)).isSettled, "an idle pool at its minimum")
        #expect(!autoscaler.step(Self.input(1, jobs: 5, at: 1)).isSettled, "a window has yet to pass")
        var idle = PoolAutoscaler()
        #expect(idle.step(Self.input(3, jobs: 3, at: 0)).isSettled)
    }

    /// Nobody looks at a pool at rest; its windows must be as full as if somebody had.
    @Test func aRestFillsTheWindows() {
        var rested = PoolAutoscaler()
        #expect(rested.step(Self.input(1, jobs: 1, at: 0)).isSettled)
        let output = rested.step(Self.input(1, jobs: 5, at: 600))
        #expect(output.replicas == 1, "scaling up waits for its window: a second ago one was enough")
        #expect(rested.step(Self.input(1, jobs: 5, at: 661)).replicas == 5)
    }
}
