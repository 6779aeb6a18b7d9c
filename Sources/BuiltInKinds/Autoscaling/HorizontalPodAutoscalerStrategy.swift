import APIMachinery
import GenericAPIServer

/// HorizontalPodAutoscalers, in `autoscaling/v2` or in the older `autoscaling/v1`, which `kubectl autoscale` sends.
/// They are stored, validated and shown in tables as v2.
struct HorizontalPodAutoscalerStrategy: BuiltInStrategy {
    /// Whether this is `autoscaling/v1`.
    let isOld: Bool

    var typeName: String { isOld ? "V1HorizontalPodAutoscaler" : "HorizontalPodAutoscaler" }

    func toStorage(_ object: inout JSONValue) { if isOld { AutoscalerConversion.toNew(&object) } }
    func fromStorage(_ object: inout JSONValue) { if isOld { AutoscalerConversion.toOld(&object) } }

    private func newer(_ object: JSONValue) -> JSONValue {
        var result = object
        toStorage(&result)
        return result
    }

    // MARK: Defaults

    func fillDefaults(_ object: inout JSONValue) {
        if object["spec"] == nil { object["spec"] = .object([:]) }
        if object.value(at: "spec", "minReplicas") == nil { object.set(1, at: ["spec", "minReplicas"]) }
        var status = object["status"] ?? .object([:])
        for field in isOld ? ["currentReplicas", "desiredReplicas"] : ["desiredReplicas"] where status[field] == nil {
            status[field] = 0
        }
        object["status"] = status
        if !isOld { Self.fillNewDefaults(&object) }
    }

    static func fillNewDefaults(_ object: inout JSONValue) {
        if (object.value(at: "spec", "metrics")?.arrayValue ?? []).isEmpty {
            let target: JSONValue = ["type": "Utilization", "averageUtilization": 80]
            object.set(
                [["type": "Resource", "resource": ["name": "cpu", "target": target]]],
                at: ["spec", "metrics"]
            )
        }
        guard object.value(at: "spec", "behavior") != nil else { return }
        func fill(_ direction: String, _ policies: JSONValue, window: Int64?) {
            var rules = object.value(at: ["spec", "behavior", direction]) ?? .object([:])
            if rules["selectPolicy"] == nil { rules["selectPolicy"] = "Max" }
            if rules["policies"] == nil { rules["policies"] = policies }
            if rules["stabilizationWindowSeconds"] == nil, let window {
                rules["stabilizationWindowSeconds"] = .int(window)
            }
            object.set(rules, at: ["spec", "behavior", direction])
        }
        let percent: JSONValue = ["type": "Percent", "value": 100, "periodSeconds": 15]
        fill("scaleUp", [["type": "Pods", "value": 4, "periodSeconds": 15], percent], window: 0)
        fill("scaleDown", [percent], window: nil)
    }

    func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext) {
        inNewForm(&object) { $0["status"] = ["desiredReplicas": 0] }
    }

    func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        let old = newer(old)
        inNewForm(&object) { object in
            if subresource == "status" { object["spec"] = old["spec"] } else { object["status"] = old["status"] }
        }
    }

    /// Changes an object as one of v2. In v1 a part of the specification and of the status is in annotations.
    private func inNewForm(_ object: inout JSONValue, _ change: (inout JSONValue) -> Void) {
        toStorage(&object)
        change(&object)
        fromStorage(&object)
    }

    // MARK: Validation

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        AutoscalerValidation.errors(newer(object)["spec"] ?? .object([:]))
    }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        guard subresource == "status" else { return validate(object, context) }
        return StatusCounts.errors(object, fields: ["currentReplicas", "desiredReplicas"])
    }

    // MARK: Table

    static let columns: [PrinterColumn] = [
        PrinterColumn(
            name: "Reference",
            type: "string",
            description: "scaleTargetRef points to the target resource to scale."
        ),
        PrinterColumn(
            name: "Targets",
            type: "string",
            description: "metrics contains the specifications for which to use to calculate the desired replica count."
        ),
        PrinterColumn(
            name: "MinPods",
            type: "string",
            description: "minReplicas is the lower limit for the number of replicas."
        ),
        PrinterColumn(
            name: "MaxPods",
            type: "string",
            description: "maxReplicas is the upper limit for the number of replicas."
        ),
        PrinterColumn(
            name: "Replicas",
            type: "string",
            description: "currentReplicas is current number of replicas of pods managed by this autoscaler."
        ),
        PrinterColumn(name: "Age", type: "string", description: TableWriter.ageColumn.description),
    ]

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        let newer = newer(object)
        let target = newer.value(at: "spec", "scaleTargetRef")
        let minimum = newer.value(at: "spec", "minReplicas")?.intValue.map { String($0) } ?? "<unset>"
        return [
            .string("\(target?["kind"]?.stringValue ?? "")/\(target?["name"]?.stringValue ?? "")"),
            .string(Self.targets(newer)), .string(minimum), newer.value(at: "spec", "maxReplicas") ?? 0,
            newer.value(at: "status", "currentReplicas") ?? 0, Cells.age(object, now),
        ]
    }

    /// The first two metrics with what is measured and what is wanted.
    private static func targets(_ object: JSONValue) -> String {
        let metrics = object.value(at: "spec", "metrics")?.arrayValue ?? []
        let statuses = object.value(at: "status", "currentMetrics")?.arrayValue ?? []
        if metrics.isEmpty { return "<none>" }
        let texts = metrics.prefix(2).enumerated().map { index, metric in
            text(metric, index < statuses.count ? statuses[index] : .null)
        }
        let rest = metrics.count > 2 ? " + \(metrics.count - 2) more..." : ""
        return texts.joined(separator: ", ") + rest
    }

    private static func text(_ metric: JSONValue, _ status: JSONValue) -> String {
        let type = metric["type"]?.stringValue ?? ""
        guard let member = AutoscalerValidation.members[type], let source = metric[member] else {
            return "<unknown type>"
        }
        let current = status[member]?["current"]
        let target = source["target"]
        func pair(_ field: String) -> String {
            "\(current?[field]?.stringValue ?? "<unknown>")/\(target?[field]?.stringValue ?? "")"
        }
        let isAverage = target?["averageValue"] != nil
        switch type {
        case "Resource", "ContainerResource":
            let name = source["name"]?.stringValue ?? ""
            if isAverage { return "\(name): \(pair("averageValue"))" }
            let found = current?["averageUtilization"]?.intValue.map { "\($0)%" } ?? "<unknown>"
            let wanted = target?["averageUtilization"]?.intValue.map { "\($0)%" } ?? "<auto>"
            return "\(name): \(found)/\(wanted)"
        case "Pods": return pair("averageValue")
        default: return isAverage ? "\(pair("averageValue")) (avg)" : pair("value")
        }
    }
}
