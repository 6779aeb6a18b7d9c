import APIMachinery
import Controller
import Spec
import TestSupport
import Testing

/// Kubernetes' own behavior over time (`hpa-behavior.json`).
@Suite struct AutoscalerTests {
    @Test(arguments: try Golden.cases("hpa-behavior.json"))
    func sequence(_ vector: Golden.Case) throws {
        var behavior: ScalingBehavior?
        if let written = vector["behavior"], !written.isNull {
            behavior = try JSONValueDecoder().decode(ScalingBehavior.self, from: written)
        }
        func integer(_ field: String) -> Int { Int(vector[field]?.intValue ?? 0) }
        var settings = Autoscaler.Settings(
            minReplicas: integer("minReplicas"),
            maxReplicas: integer("maxReplicas"),
            behavior: behavior,
            downscaleStabilizationWindow: integer("downscaleStabilizationWindow"),
            scalesToZero: vector["scaleToZero"]?.boolValue ?? false
        )
        var replicas = integer("initialReplicas")
        var autoscaler = Autoscaler()
        let steps = vector["steps"]?.arrayValue ?? []
        let wanted = vector.want.arrayValue ?? []
        #expect(steps.count == wanted.count, "\(vector.id)")
        for (step, want) in zip(steps, wanted) {
            let time = step["t"]?.intValue ?? 0
            if let set = step["setReplicas"]?.intValue { replicas = Int(set) }
            if let set = step["setMin"]?.intValue { settings.minReplicas = Int(set) }
            if let set = step["setMax"]?.intValue { settings.maxReplicas = Int(set) }
            let metrics: Result<CombinedMetrics.Recommendation, CombinedMetrics.Failure> =
                step["rec"]?.intValue.map { .success(.init(replicas: Int($0), metric: "external metric")) }
                ?? .failure(.init(reason: "FailedGetExternalMetric", message: ""))
            let decision = autoscaler.step(
                settings,
                currentReplicas: replicas,
                metrics: metrics,
                now: Timestamp(seconds: 1_767_225_600 + time)
            )
            #expect(decision.isRescale == (decision.replicas != replicas), "\(vector.id) at \(time)")
            #expect(decision.isRescale == !decision.reason.isEmpty, "\(vector.id) at \(time)")
            replicas = decision.replicas
            #expect(Int64(replicas) == want["replicas"]?.intValue, "\(vector.id) at \(time)")
            for (name, state) in [
                ("able", autoscaler.able), ("limited", autoscaler.limited), ("active", autoscaler.active),
                ("scaledToZero", autoscaler.scaledToZero),
            ] {
                let found = state.map { "\($0.status ? "True" : "False"):\($0.reason)" }
                #expect(found == want[name]?.stringValue, "\(vector.id) at \(time): \(name)")
            }
        }
    }

    @Test(arguments: try Golden.cases("hpa-behavior.json").filter { $0["effectiveBehavior"] != nil })
    func defaulting(_ vector: Golden.Case) throws {
        let written = try JSONValueDecoder().decode(ScalingBehavior.self, from: try #require(vector["behavior"]))
        let wanted = try JSONValueDecoder().decode(
            ScalingBehavior.self,
            from: try #require(vector["effectiveBehavior"])
        )
        // A window that is still absent after defaulting stands for the controller's own.
        let found = EffectiveBehavior(written, downscaleStabilizationWindow: 77)
        #expect(found == EffectiveBehavior(wanted, downscaleStabilizationWindow: 77), "\(vector.id)")
        for (rules, want) in [(found.scaleUp, wanted.scaleUp), (found.scaleDown, wanted.scaleDown)] {
            #expect(rules.policies == want?.policies, "\(vector.id)")
            #expect(rules.selectPolicy.rawValue == want?.selectPolicy, "\(vector.id)")
            #expect(rules.stabilizationWindowSeconds == want?.stabilizationWindowSeconds ?? 77, "\(vector.id)")
        }
    }
}
