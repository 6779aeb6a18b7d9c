package import APIMachinery
package import GenericAPIServer

/// PodDisruptionBudgets.
package struct PodDisruptionBudgetStrategy: BuiltInStrategy {
    package static let storageKey = "poddisruptionbudgets.policy"

    package var typeName: String { "PodDisruptionBudget" }
    package var hasGeneration: Bool { true }
    package var allowsUnconditionalUpdate: Bool { false }

    private static let counts = ["currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"]
    private static let fresh: JSONValue = [
        "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0,
    ]

    package func fillDefaults(_ object: inout JSONValue) {
        if object["spec"] == nil { object["spec"] = .object([:]) }
        var status = object["status"] ?? .object([:])
        for field in Self.counts where status[field] == nil { status[field] = 0 }
        object["status"] = status
    }

    package func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext) {
        object["status"] = Self.fresh
    }

    package func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        if subresource == "status" {
            object["spec"] = old["spec"]
            return
        }
        object["status"] = old["status"]
        if object["spec"] != old["spec"] {
            object.set(.int(Unstructured(old).generation + 1), at: ["metadata", "generation"])
        }
    }

    package func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] {
        let spec = object["spec"] ?? .object([:])
        let path = FieldPath("spec")
        var errors: [FieldError] = []
        if spec["minAvailable"] != nil, spec["maxUnavailable"] != nil {
            errors.append(.invalid(path, spec, "minAvailable and maxUnavailable cannot be both set"))
        }
        for field in ["minAvailable", "maxUnavailable"] {
            errors += Self.countErrors(spec[field], at: path.child(field))
        }
        if let json = spec["selector"], let selector = DisruptionBudget.selector(json) {
            errors += selector.validate(at: path.child("selector"))
        }
        if let policy = spec["unhealthyPodEvictionPolicy"]?.stringValue,
            !["AlwaysAllow", "IfHealthyBudget"].contains(policy)
        {
            let place = path.child("unhealthyPodEvictionPolicy")
            errors.append(.notSupported(place, .string(policy), ["AlwaysAllow", "IfHealthyBudget"]))
        }
        return errors
    }

    package func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        guard subresource == "status" else { return validate(object, context) }
        return StatusCounts.errors(object, fields: Self.counts)
    }

    /// A count is a number from zero, or a percentage up to a hundred.
    private static func countErrors(_ value: JSONValue?, at path: FieldPath) -> [FieldError] {
        switch value {
        case .int(let count)? where count < 0:
            return [.invalid(path, .int(count), "must be greater than or equal to 0")]
        case .string(let text)?:
            guard let percent = DisruptionBudget.percent(text) else {
                let detail =
                    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or "
                    + "'93%', regex used for validation is '[0-9]+%')"
                return [.invalid(path, .string(text), detail)]
            }
            return percent > 100 ? [.invalid(path, .string(text), "must not be greater than 100%")] : []
        default: return []
        }
    }

    static let columns: [PrinterColumn] = [
        PrinterColumn(
            name: "Min Available",
            type: "string",
            description: "The minimum number of pods that must be available."
        ),
        PrinterColumn(
            name: "Max Unavailable",
            type: "string",
            description: "The maximum number of pods that may be unavailable."
        ),
        PrinterColumn(
            name: "Allowed Disruptions",
            type: "integer",
            description: "Calculated number of pods that may be disrupted at this time."
        ),
        PrinterColumn(name: "Age", type: "string", description: TableWriter.ageColumn.description),
    ]

    package func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? {
        func count(_ field: String) -> JSONValue {
            switch object.value(at: "spec", field) {
            case .int(let number)?: .string(String(number))
            case .string(let text)?: .string(text)
            default: "N/A"
            }
        }
        return [
            count("minAvailable"), count("maxUnavailable"),
            object.value(at: "status", "disruptionsAllowed") ?? 0, Cells.age(object, now),
        ]
    }
}
