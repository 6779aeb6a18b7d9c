import APIMachinery
import BuiltInTypes

/// Between the two versions of HorizontalPodAutoscalers (`k8s.io/kubernetes/pkg/apis/autoscaling/v1/conversion.go`):
/// what `autoscaling/v1` has no field for is in annotations.
enum AutoscalerConversion {
    private static let prefix = "autoscaling.alpha.kubernetes.io/"

    /// Annotations whose value is the field as it is.
    private static let plain = [("behavior", ["spec", "behavior"]), ("conditions", ["status", "conditions"])]

    // MARK: From v2 to v1

    static func toOld(_ object: inout JSONValue) {
        var annotations: [(String, JSONValue)] = []
        for (name, path) in plain {
            if let value = object.value(at: path) { annotations.append((name, value)) }
            object.set(nil, at: path)
        }
        let metrics = object.value(at: "spec", "metrics")?.arrayValue ?? []
        let other = metrics.filter { percentage($0, "target") == nil }
        if !other.isEmpty { annotations.append(("metrics", .array(other.map { renamed($0, Self.targets) }))) }
        object.set(nil, at: ["spec", "metrics"])
        if let percent = metrics.lazy.compactMap({ percentage($0, "target") }).first {
            object.set(.int(percent), at: ["spec", "targetCPUUtilizationPercentage"])
        }
        let current = (object.value(at: "status", "currentMetrics")?.arrayValue ?? []).filter { metric in
            AutoscalerValidation.members.values.contains { metric[$0] != nil }
        }
        if !current.isEmpty {
            annotations.append(("current-metrics", .array(current.map { renamed($0, Self.values) })))
        }
        object.set(nil, at: ["status", "currentMetrics"])
        if let percent = current.lazy.compactMap({ percentage($0, "current") }).first {
            object.set(.int(percent), at: ["status", "currentCPUUtilizationPercentage"])
        }
        for field in ["currentReplicas", "desiredReplicas"] where object.value(at: "status", field) == nil {
            object.set(0, at: ["status", field])
        }
        for (name, value) in annotations {
            object.set(.string(value.text), at: ["metadata", "annotations", prefix + name])
        }
    }

    /// The percentage of a metric that `autoscaling/v1` has a field for.
    private static func percentage(_ metric: JSONValue, _ member: String) -> Int64? {
        guard metric["type"] == "Resource", metric.value(at: "resource", "name") == "cpu" else { return nil }
        return metric.value(at: "resource", member, "averageUtilization")?.intValue
    }

    // MARK: From v1 to v2

    static func toNew(_ object: inout JSONValue) {
        for (name, path) in plain {
            if let value = take(name, from: &object, { $0 }) { object.set(value, at: path) }
        }
        var metrics = take("metrics", from: &object) { restored($0, Self.targets) }?.arrayValue ?? []
        if let percent = object.value(at: "spec", "targetCPUUtilizationPercentage") {
            let target: JSONValue = ["type": "Utilization", "averageUtilization": percent]
            metrics.append(["type": "Resource", "resource": ["name": "cpu", "target": target]])
        }
        object.set(nil, at: ["spec", "targetCPUUtilizationPercentage"])
        if !metrics.isEmpty { object.set(.array(metrics), at: ["spec", "metrics"]) }
        if let current = take("current-metrics", from: &object, { restored($0, Self.values) }) {
            object.set(current, at: ["status", "currentMetrics"])
        }
        object.set(nil, at: ["status", "currentCPUUtilizationPercentage"])
        if object.value(at: "metadata", "annotations")?.objectValue?.isEmpty == true {
            object.set(nil, at: ["metadata", "annotations"])
        }
        HorizontalPodAutoscalerStrategy.fillNewDefaults(&object)
    }

    /// The types of what annotations hold: of the value, or of the elements of a list.
    private static let types: [String: (type: String, isList: Bool)] = [
        "behavior": ("HorizontalPodAutoscalerBehavior", false),
        "conditions": ("HorizontalPodAutoscalerCondition", true), "metrics": ("MetricSpec", true),
        "current-metrics": ("MetricStatus", true),
    ]

    /// Takes the value of an annotation out. What somebody else wrote there, in another form, is left alone.
    private static func take(
        _ name: String,
        from object: inout JSONValue,
        _ restore: (JSONValue) -> JSONValue
    ) -> JSONValue? {
        let path = ["metadata", "annotations", prefix + name]
        guard let text = object.value(at: path)?.stringValue, let (type, isList) = types[name] else { return nil }
        func read(_ value: JSONValue) throws -> JSONValue {
            var decoder = TypedDecoder()
            return try decoder.decode(restore(value), as: type)
        }
        do {
            let parsed = try JSONValue(parsing: text)
            let result: JSONValue
            if isList {
                guard let elements = parsed.arrayValue else { return nil }
                result = .array(try elements.map(read))
            } else {
                result = try read(parsed)
            }
            object.set(nil, at: path)
            return result
        } catch {
            // The annotation stays, for people to see.
            return nil
        }
    }

    // MARK: Metrics

    /// How the fields of a target, or of a current value, are called in v1.
    private struct Names {
        /// The member in v2.
        var member: String
        /// `target` or `current`, before the field's name in v1.
        var prefix: String
    }

    private static let targets = Names(member: "target", prefix: "target")
    private static let values = Names(member: "current", prefix: "current")
    private static let fields = ["averageUtilization", "averageValue", "value"]

    private static func oldName(_ field: String, _ type: String, _ names: Names) -> String {
        // The average of an object's metric came later, without a prefix.
        if type == "Object", field == "averageValue" { return field }
        return names.prefix + field.prefix(1).uppercased() + field.dropFirst()
    }

    private static func renamed(_ metric: JSONValue, _ names: Names) -> JSONValue {
        let type = metric["type"]?.stringValue ?? ""
        guard let member = AutoscalerValidation.members[type], let source = metric[member] else { return metric }
        var old: JSONValue = .object([:])
        for field in ["name", "container"] { if let value = source[field] { old[field] = value } }
        if let object = source["describedObject"] { old["target"] = object }
        if let name = source.value(at: "metric", "name") { old["metricName"] = name }
        if let selector = source.value(at: "metric", "selector") {
            old[type == "External" ? "metricSelector" : "selector"] = selector
        }
        for field in fields {
            if let value = source.value(at: names.member, field) { old[oldName(field, type, names)] = value }
        }
        return ["type": .string(type), member: old]
    }

    private static func restored(_ metric: JSONValue, _ names: Names) -> JSONValue {
        let type = metric["type"]?.stringValue ?? ""
        guard let member = AutoscalerValidation.members[type], let old = metric[member] else { return metric }
        var source: JSONValue = .object([:])
        for field in ["name", "container"] { if let value = old[field] { source[field] = value } }
        if let object = old["target"] { source["describedObject"] = object }
        if let name = old["metricName"] {
            var identifier: JSONValue = ["name": name]
            if let selector = old["metricSelector"] ?? old["selector"] { identifier["selector"] = selector }
            source["metric"] = identifier
        }
        var value: JSONValue = .object([:])
        for field in fields { if let given = old[oldName(field, type, names)] { value[field] = given } }
        if names.member == "target" {
            let types = ["averageUtilization": "Utilization", "averageValue": "AverageValue", "value": "Value"]
            value["type"] = fields.first { value[$0] != nil }.flatMap { types[$0] }.map { .string($0) }
        }
        source[names.member] = value
        return ["type": .string(type), member: source]
    }
}
