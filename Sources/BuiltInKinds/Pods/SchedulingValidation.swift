import APIMachinery

/// What is wrong with what says where Pods may run: tolerations, taints, affinity, spreading.
enum SchedulingValidation {
    private static let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]

    static func tolerations(_ tolerations: [JSONValue], at path: FieldPath) -> [FieldError] {
        tolerations.enumerated().flatMap { index, toleration -> [FieldError] in
            let at = path.index(index)
            let key = toleration.text("key")
            let effect = toleration.text("effect")
            let value = toleration.text("value")
            let mode = toleration.text("operator")
            var errors = key.isEmpty ? [] : Validation.labelKey(key, at: at.child("key"))
            if key.isEmpty, mode != "Exists" {
                errors.append(
                    .invalid(
                        at.child("operator"),
                        .string(mode),
                        "operator must be Exists when `key` is empty, which means \"match all values and all keys\""
                    )
                )
            }
            if toleration["tolerationSeconds"] != nil, effect != "NoExecute" {
                let problem = "effect must be 'NoExecute' when `tolerationSeconds` is set"
                errors.append(.invalid(at.child("effect"), .string(effect), problem))
            }
            switch mode {
            case "", "Equal":
                let problems = Validation.labelValue(value)
                if !problems.isEmpty {
                    let text = problems.joined(separator: ";")
                    errors.append(.invalid(at.child("operator"), .string(value), text))
                }
            case "Exists":
                if !value.isEmpty {
                    let problem = "value must be empty when `operator` is 'Exists'"
                    errors.append(.invalid(at.child("operator"), .string(value), problem))
                }
            default: errors.append(.notSupported(at.child("operator"), .string(mode), ["Equal", "Exists"]))
            }
            if !effect.isEmpty { errors += PodValidation.choice(.string(effect), effects, at: at.child("effect")) }
            return errors
        }
    }

    static func taints(_ taints: [JSONValue], at path: FieldPath) -> [FieldError] {
        var seen: Set<[String]> = []
        return taints.enumerated().flatMap { index, taint -> [FieldError] in
            let at = path.index(index)
            var errors = Validation.labelKey(taint.text("key"), at: at.child("key"))
            let problems = Validation.labelValue(taint.text("value"))
            if !problems.isEmpty {
                let text = problems.joined(separator: ";")
                errors.append(.invalid(at.child("value"), .string(taint.text("value")), text))
            }
            let effect = taint.text("effect")
            errors +=
                effect.isEmpty
                ? [.required(at.child("effect"))]
                : PodValidation.choice(.string(effect), effects, at: at.child("effect"))
            if !seen.insert([effect, taint.text("key")]).inserted {
                var duplicate = FieldError.duplicate(at, taint)
                duplicate.body += ": taints must be unique by key and effect pair"
                errors.append(duplicate)
            }
            return errors
        }
    }

    static func nodeAffinity(_ affinity: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        if let required = affinity["requiredDuringSchedulingIgnoredDuringExecution"] {
            let terms = required.list("nodeSelectorTerms")
            let at = path.child("requiredDuringSchedulingIgnoredDuringExecution").child("nodeSelectorTerms")
            if terms.isEmpty { errors.append(.required(at, "must have at least one node selector term")) }
            for (index, term) in terms.enumerated() { errors += self.term(term, at: at.index(index)) }
        }
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution"
        for (index, each) in affinity.list(preferred).enumerated() {
            let at = path.child(preferred).index(index)
            let weight = each["weight"]?.intValue ?? 0
            if !(1...100).contains(weight) {
                errors.append(.invalid(at.child("weight"), .int(weight), "must be in the range 1-100"))
            }
            errors += term(each["preference"] ?? .null, at: at.child("preference"))
        }
        return errors
    }

    private static func term(_ term: JSONValue, at path: FieldPath) -> [FieldError] {
        term.list("matchExpressions").enumerated().flatMap { index, requirement -> [FieldError] in
            let at = path.child("matchExpressions").index(index)
            let values = requirement.list("values")
            let mode = requirement.text("operator")
            var errors: [FieldError] = []
            switch mode {
            case "In", "NotIn":
                if values.isEmpty {
                    let problem = "must be specified when `operator` is 'In' or 'NotIn'"
                    errors.append(.required(at.child("values"), problem))
                }
            case "Exists", "DoesNotExist":
                if !values.isEmpty {
                    let problem = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                    errors.append(.forbidden(at.child("values"), problem))
                }
            case "Gt", "Lt":
                if values.count != 1 {
                    let problem = "must be specified single value when `operator` is 'Lt' or 'Gt'"
                    errors.append(.required(at.child("values"), problem))
                }
            default:
                errors.append(.invalid(at.child("operator"), .string(mode), "not a valid selector operator"))
            }
            errors += Validation.labelKey(requirement.text("key"), at: at.child("key"))
            for (position, value) in values.compactMap(\.stringValue).enumerated() {
                errors += Validation.labelValue(value)
                    .map { .invalid(at.child("values").index(position), .string(value), $0) }
            }
            return errors
        }
    }

    static func topologySpreadConstraints(_ constraints: [JSONValue], at path: FieldPath) -> [FieldError] {
        var seen: Set<[String]> = []
        return constraints.enumerated().flatMap { index, constraint -> [FieldError] in
            let at = path.index(index)
            let key = constraint.text("topologyKey")
            let action = constraint.text("whenUnsatisfiable")
            let skew = constraint["maxSkew"]?.intValue ?? 0
            var errors: [FieldError] = []
            if skew <= 0 { errors.append(.invalid(at.child("maxSkew"), .int(skew), "must be greater than zero")) }
            if key.isEmpty { errors.append(.required(at.child("topologyKey"), "can not be empty")) }
            errors += PodValidation.choice(
                .string(action),
                ["DoNotSchedule", "ScheduleAnyway"],
                at: at.child("whenUnsatisfiable")
            )
            if !seen.insert([key, action]).inserted {
                let both = at.child("{topologyKey, whenUnsatisfiable}")
                errors.append(.duplicate(both, .string("{\(key), \(action)}")))
            }
            if let domains = constraint["minDomains"]?.intValue {
                let place = at.child("minDomains")
                if domains <= 0 { errors.append(.invalid(place, .int(domains), "must be greater than zero")) }
                if action != "DoNotSchedule" {
                    let problem = "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not \(action)"
                    errors.append(.invalid(place, .int(domains), problem))
                }
            }
            for field in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
                errors += PodValidation.choice(constraint[field], ["Honor", "Ignore"], at: at.child(field))
            }
            return errors
        }
    }
}
