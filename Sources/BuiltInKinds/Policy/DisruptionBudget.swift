package import APIMachinery

/// The arithmetic of a PodDisruptionBudget: how many Pods must stay healthy, and how many may be disrupted
/// (`k8s.io/kubernetes/pkg/controller/disruption`).
package struct DisruptionBudget: Sendable {
    /// How long an evicted Pod counts as gone before it is seen to go.
    static let deletionTimeout = Duration.seconds(120)
    /// A budget with more evictions whose Pods are not gone yet allows no further ones.
    static let maximumDisruptedPods = 2000

    package let object: JSONValue
    private let selector: Selector

    package init(_ object: JSONValue) {
        self.object = object
        // A selector that cannot be asked or read matches nothing, and neither does a missing one.
        let readable = object.value(at: "spec", "selector").flatMap { Self.selector($0) }
        // As said above.
        selector = readable.flatMap { try? $0.selector() } ?? .nothing
    }

    package var name: String { Unstructured(object).name }
    package var namespace: String { Unstructured(object).namespace }

    package static func selector(_ json: JSONValue) -> LabelSelector? {
        // The schema of the kind has been checked, so that only `null` cannot be read.
        try? JSONValueDecoder().decode(LabelSelector.self, from: json)
    }

    /// The number before a percent sign; `nil` if the text is not a percentage.
    static func percent(_ text: String) -> Int64? {
        guard text.hasSuffix("%"), text.utf8.count > 1, text.dropLast().utf8.allSatisfy({ 48...57 ~= $0 }) else {
            return nil
        }
        return Int64(text.dropLast()) ?? .max
    }

    func selects(labels: [String: String]) -> Bool { selector.matches(labels) }

    static func isReady(_ pod: JSONValue) -> Bool {
        (pod.value(at: "status", "conditions")?.arrayValue ?? [])
            .contains { $0["type"] == "Ready" && $0["status"] == "True" }
    }

    /// Whether the number of Pods that must be healthy depends on how many the controllers of the Pods want.
    var needsExpectedCount: Bool {
        if case .int? = object.value(at: "spec", "minAvailable") { return false }
        return object.value(at: "spec", "minAvailable") != nil || object.value(at: "spec", "maxUnavailable") != nil
    }

    /// The status of the budget.
    ///
    /// - Parameters:
    ///   - pods: All Pods that the budget selects.
    ///   - expected: How many Pods their controllers want together.
    ///   - evicted: The name of a Pod that is about to be evicted, which from now on counts as gone.
    package func status(pods: [JSONValue], expected: Int64, evicted: String? = nil, now: Timestamp) -> JSONValue {
        var disrupted = stillDisrupted(pods, now: now)
        if let evicted { disrupted[evicted] = .string(now.rfc3339) }
        let healthy = pods.count { pod in
            Self.isReady(pod) && pod.value(at: "metadata", "deletionTimestamp") == nil
                && disrupted[Unstructured(pod).name] == nil
        }
        let (counted, desired) = counts(pods: Int64(pods.count), expected: expected)
        // A budget without Pods allows nothing: its first Pods are not counted yet when they appear.
        let allowed = counted > 0 ? max(0, Int64(healthy).saturatingSubtract(desired)) : 0
        var status: JSONValue = [
            "conditions": object.value(at: "status", "conditions") ?? .array([]),
            "currentHealthy": .int(Int64(healthy)), "desiredHealthy": .int(desired),
            "disruptionsAllowed": .int(allowed), "expectedPods": .int(counted),
            "observedGeneration": .int(Unstructured(object).generation),
        ]
        if !disrupted.isEmpty { status["disruptedPods"] = .object(disrupted) }
        let reason = allowed > 0 ? "SufficientPods" : "InsufficientPods"
        return Self.condition(in: status, isAllowed: allowed > 0, reason: reason, message: "", now)
    }

    /// The status of a budget whose numbers cannot be known: nothing may be disrupted.
    package func failed(_ message: String, now: Timestamp) -> JSONValue {
        var status = object["status"] ?? .object([:])
        status["disruptionsAllowed"] = 0
        return Self.condition(in: status, isAllowed: false, reason: "SyncFailed", message: message, now)
    }

    /// The evictions whose Pods are not seen to go yet, and may still go.
    private func stillDisrupted(_ pods: [JSONValue], now: Timestamp) -> JSONObject {
        guard let noted = object.value(at: "status", "disruptedPods")?.objectValue, !noted.isEmpty else { return [:] }
        var result: JSONObject = [:]
        for pod in pods where pod.value(at: "metadata", "deletionTimestamp") == nil {
            let name = Unstructured(pod).name
            guard let time = noted[name], let since = time.stringValue.flatMap({ Timestamp(rfc3339: $0) }),
                since.advanced(by: Self.deletionTimeout) >= now
            else { continue }
            result[name] = time
        }
        return result
    }

    /// How many Pods are expected, and how many of them must be healthy.
    private func counts(pods: Int64, expected: Int64) -> (expected: Int64, desired: Int64) {
        if let least = object.value(at: "spec", "minAvailable") {
            // A plain number does not depend on how many Pods there should be.
            if case .int(let count) = least { return (pods, count) }
            return (expected, Self.scaled(least, of: expected))
        }
        if let most = object.value(at: "spec", "maxUnavailable") {
            return (expected, max(0, expected.saturatingSubtract(Self.scaled(most, of: expected))))
        }
        return (pods, 0)
    }

    /// A number, or a percentage of `total`, rounded up.
    private static func scaled(_ value: JSONValue, of total: Int64) -> Int64 {
        if case .int(let count) = value { return count }
        let percent = min(100, value.stringValue.flatMap { Self.percent($0) } ?? 0)
        return total.saturatingMultiply(percent).saturatingAdd(99) / 100
    }

    private static func condition(
        in status: JSONValue,
        isAllowed: Bool,
        reason: String,
        message: String,
        _ now: Timestamp
    ) -> JSONValue {
        var conditions = status["conditions"]?.arrayValue ?? []
        let index = conditions.firstIndex { $0["type"] == "DisruptionAllowed" }
        let value: JSONValue = isAllowed ? "True" : "False"
        var since = JSONValue.string(now.rfc3339)
        if let index, conditions[index]["status"] == value { since = conditions[index]["lastTransitionTime"] ?? since }
        var condition: JSONValue = [
            "lastTransitionTime": since, "message": .string(message), "reason": .string(reason), "status": value,
            "type": "DisruptionAllowed",
        ]
        if let generation = status["observedGeneration"], generation != 0 {
            condition["observedGeneration"] = generation
        }
        if let index { conditions[index] = condition } else { conditions.append(condition) }
        var result = status
        result["conditions"] = .array(conditions)
        return result
    }

    /// Why a budget with that status allows no disruption.
    func denial(_ status: JSONValue) -> String {
        let condition = status["conditions"]?.arrayValue?.first { $0["type"] == "DisruptionAllowed" }
        let (needed, found) = (status["desiredHealthy"]?.intValue ?? 0, status["currentHealthy"]?.intValue ?? 0)
        if condition?["reason"] == "SyncFailed", let message = condition?["message"]?.stringValue {
            return "The disruption budget \(name) does not allow evicting pods currently because it failed sync: "
                + message
        }
        if found <= needed {
            return "The disruption budget \(name) needs \(needed) healthy pods and has \(found) currently"
        }
        return "The disruption budget \(name) does not allow evicting pods currently"
    }
}
