import APIMachinery

/// What can be wrong with the specification of a HorizontalPodAutoscaler
/// (`k8s.io/kubernetes/pkg/apis/autoscaling/validation`).
enum AutoscalerValidation {
    /// The types of metrics, with the member that describes each.
    static let members = [
        "ContainerResource": "containerResource", "External": "external", "Object": "object", "Pods": "pods",
        "Resource": "resource",
    ]

    static func errors(_ spec: JSONValue) -> [FieldError] {
        let path = FieldPath("spec")
        var errors: [FieldError] = []
        let minimum = spec["minReplicas"]?.intValue
        let maximum = spec["maxReplicas"]?.intValue ?? 0
        if let minimum, minimum < 1 {
            errors.append(
                .invalid(path.child("minReplicas"), .int(minimum), "must be greater than or equal to 1")
            )
        }
        if maximum < 1 {
            errors.append(.invalid(path.child("maxReplicas"), .int(maximum), "must be greater than 0"))
        }
        if let minimum, maximum < minimum {
            let detail = "must be greater than or equal to `minReplicas`"
            errors.append(.invalid(path.child("maxReplicas"), .int(maximum), detail))
        }
        errors += reference(spec["scaleTargetRef"] ?? .object([:]), at: path.child("scaleTargetRef"))
        for (index, metric) in (spec["metrics"]?.arrayValue ?? []).enumerated() {
            errors += self.metric(metric, at: path.child("metrics").index(index))
        }
        for direction in ["scaleUp", "scaleDown"] {
            guard let rules = spec.value(at: "behavior", direction) else { continue }
            errors += self.rules(rules, at: path.child("behavior", direction))
        }
        return errors
    }

    private static func reference(_ reference: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for field in ["kind", "name"] {
            let text = reference[field]?.stringValue ?? ""
            if text.isEmpty {
                errors.append(.required(path.child(field)))
            } else {
                errors += Validation.pathSegment(text).map { .invalid(path.child(field), .string(text), $0) }
            }
        }
        let apiVersion = reference["apiVersion"]?.stringValue ?? ""
        if !apiVersion.isEmpty, GroupVersion(apiVersion: apiVersion) == nil {
            let detail = "unexpected GroupVersion string: \(apiVersion)"
            errors.append(.invalid(path.child("apiVersion"), .string(apiVersion), detail))
        }
        return errors
    }

    // MARK: Metrics

    private static func metric(_ metric: JSONValue, at path: FieldPath) -> [FieldError] {
        let type = metric["type"]?.stringValue ?? ""
        guard !type.isEmpty else { return [.required(path.child("type"), "must specify a metric source type")] }
        guard let expected = members[type] else {
            return [.notSupported(path.child("type"), .string(type), members.keys.sorted())]
        }
        var errors: [FieldError] = []
        let present = members.values.sorted().filter { metric[$0] != nil }
        if let source = metric[expected] {
            errors += self.source(source, type, at: path.child(expected))
        } else {
            let detail = "must populate information for the given metric source"
            errors.append(.required(path.child(expected), detail))
        }
        for other in present where other != expected {
            errors.append(.forbidden(path.child(other), "must populate the given metric source only"))
        }
        return errors
    }

    private static func source(_ source: JSONValue, _ type: String, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let target = source["target"] ?? .object([:])
        switch type {
        case "Resource", "ContainerResource":
            if (source["name"]?.stringValue ?? "").isEmpty {
                errors.append(.required(path.child("name"), "must specify a resource name"))
            }
            if type == "ContainerResource", (source["container"]?.stringValue ?? "").isEmpty {
                errors.append(.required(path.child("container"), "must specify a container name"))
            }
        default:
            if type == "Object" {
                errors += reference(source["describedObject"] ?? .object([:]), at: path.child("describedObject"))
            }
            errors += identifier(source["metric"] ?? .object([:]), at: path.child("metric"))
        }
        errors += self.target(target, at: path.child("target"))
        return errors + values(target, type, at: path.child("target"))
    }

    private static func identifier(_ metric: JSONValue, at path: FieldPath) -> [FieldError] {
        let name = metric["name"]?.stringValue ?? ""
        if name.isEmpty { return [.required(path.child("name"), "must specify a metric name")] }
        return Validation.pathSegment(name).map { .invalid(path.child("name"), .string(name), $0) }
    }

    /// Which values a target of that type must have.
    private static func values(_ target: JSONValue, _ type: String, at path: FieldPath) -> [FieldError] {
        func has(_ field: String) -> Bool { target[field] != nil }
        func both(_ field: String, _ detail: String) -> FieldError { .forbidden(path.child(field), detail) }
        switch type {
        case "Resource", "ContainerResource":
            if !has("averageUtilization"), !has("averageValue") {
                let detail = "must set either a target raw value or a target utilization"
                return [.required(path.child("averageUtilization"), detail)]
            }
            if has("averageUtilization"), has("averageValue") {
                return [both("averageValue", "may not set both a target raw value and a target utilization")]
            }
        case "Pods":
            if !has("averageValue") {
                return [.required(path.child("averageValue"), "must specify a positive target averageValue")]
            }
        default:
            if !has("value"), !has("averageValue") {
                let detail = "must set either a target value for metric or a per-pod target"
                return [.required(path.child("averageValue"), detail)]
            }
            if type == "External", has("value"), has("averageValue") {
                return [both("value", "may not set both a target value for metric and a per-pod target")]
            }
        }
        return []
    }

    private static func target(_ target: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let type = target["type"]?.stringValue ?? ""
        if type.isEmpty { errors.append(.required(path.child("type"), "must specify a metric target type")) }
        if !["Utilization", "Value", "AverageValue"].contains(type) {
            let detail = "must be either Utilization, Value, or AverageValue"
            errors.append(.invalid(path.child("type"), .string(type), detail))
        }
        for field in ["value", "averageValue"] {
            // The decoder has refused what is no quantity.
            guard let text = target[field]?.stringValue, let quantity = try? Quantity(parsing: text) else { continue }
            if quantity <= .zero { errors.append(.invalid(path.child(field), .string(text), "must be positive")) }
        }
        if let percent = target["averageUtilization"]?.intValue, percent < 1 {
            errors.append(.invalid(path.child("averageUtilization"), .int(percent), "must be greater than 0"))
        }
        return errors
    }

    // MARK: Behavior

    private static func rules(_ rules: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        if let seconds = rules["stabilizationWindowSeconds"]?.intValue {
            errors += number(seconds, upTo: 3600, orZero: true, at: path.child("stabilizationWindowSeconds"))
        }
        let selections = ["Max", "Min", "Disabled"]
        if let selection = rules["selectPolicy"]?.stringValue, !selections.contains(selection) {
            errors.append(.notSupported(path.child("selectPolicy"), .string(selection), selections))
        }
        let policies = rules["policies"]?.arrayValue ?? []
        if policies.isEmpty { errors.append(.required(path.child("policies"), "must specify at least one Policy")) }
        for (index, policy) in policies.enumerated() {
            let place = path.child("policies").index(index)
            let type = policy["type"]?.stringValue ?? ""
            if !["Pods", "Percent"].contains(type) {
                errors.append(.notSupported(place.child("type"), .string(type), ["Percent", "Pods"]))
            }
            errors += number(policy["value"]?.intValue ?? 0, upTo: .max, at: place.child("value"))
            errors += number(policy["periodSeconds"]?.intValue ?? 0, upTo: 1800, at: place.child("periodSeconds"))
        }
        // The decoder has refused what is no quantity.
        if let text = rules["tolerance"]?.stringValue, let tolerance = try? Quantity(parsing: text),
            tolerance < .zero
        {
            errors.append(.invalid(path.child("tolerance"), .string(text), "must be greater or equal to zero"))
        }
        return errors
    }

    private static func number(
        _ value: Int64,
        upTo limit: Int64,
        orZero: Bool = false,
        at path: FieldPath
    ) -> [FieldError] {
        if value < (orZero ? 0 : 1) {
            let detail = orZero ? "must be greater than or equal to zero" : "must be greater than zero"
            return [.invalid(path, .int(value), detail)]
        }
        return value > limit ? [.invalid(path, .int(value), "must be less than or equal to \(limit)")] : []
    }
}
