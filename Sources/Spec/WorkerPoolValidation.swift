public import APIMachinery

/// The rules for a WorkerPool that its schema cannot state.
public enum WorkerPoolValidation {
    /// Everything that is wrong with the pool, each fault with its field.
    public static func validate(_ pool: WorkerPool) -> [FieldError] {
        let path = FieldPath("spec")
        let spec = pool.spec
        var errors: [FieldError] = []
        errors += Bounds.replicas.faults(spec.replicas, at: path.child("replicas"))
        errors += Bounds.concurrency.faults(spec.concurrency, at: path.child("concurrency"))
        errors += Bounds.readySeconds.faults(spec.minReadySeconds, at: path.child("minReadySeconds"))
        errors += (0...Bounds.timeoutSeconds.upperBound)
            .faults(spec.drainTimeoutSeconds, at: path.child("drainTimeoutSeconds"))
        errors += (0...10_000).faults(spec.revisionHistoryLimit, at: path.child("revisionHistoryLimit"))
        // The default counts as in `apps/v1`, where it is filled in before this is checked.
        let deadline = spec.progressDeadlineSeconds ?? 600
        if deadline <= (spec.minReadySeconds ?? 0) {
            errors.append(
                .invalid(
                    path.child("progressDeadlineSeconds"),
                    .int(Int64(deadline)),
                    "must be greater than minReadySeconds"
                )
            )
        }
        if let queue = spec.queue { errors += validate(queue, at: path.child("queue")) }
        if let autoscaling = spec.autoscaling { errors += validate(autoscaling, at: path.child("autoscaling")) }
        if let strategy = spec.updateStrategy { errors += validate(strategy, at: path.child("updateStrategy")) }
        errors += validateTemplate(spec.template, at: path.child("template"))
        return errors
    }

    private static func validate(_ queue: QueueSpec, at path: FieldPath) -> [FieldError] {
        Bounds.queueDepth.faults(queue.maxDepth, at: path.child("maxDepth"))
            + (0...Bounds.priority.upperBound).faults(queue.expressPriority, at: path.child("expressPriority"))
            + Bounds.leaseSeconds.faults(queue.visibilityTimeoutSeconds, at: path.child("visibilityTimeoutSeconds"))
            + Bounds.deliveries.faults(queue.maxDeliveries, at: path.child("maxDeliveries"))
    }

    private static func validate(_ spec: AutoscalingSpec, at path: FieldPath) -> [FieldError] {
        var errors = Bounds.replicas.faults(spec.minReplicas, at: path.child("minReplicas"))
        errors += (1...Bounds.replicas.upperBound).faults(spec.maxReplicas, at: path.child("maxReplicas"))
        if let minimum = spec.minReplicas, minimum > spec.maxReplicas {
            errors.append(
                .invalid(
                    path.child("maxReplicas"),
                    .int(Int64(spec.maxReplicas)),
                    "must be greater than or equal to `minReplicas` (\(minimum))"
                )
            )
        }
        for (index, metric) in (spec.metrics ?? []).enumerated() {
            errors += validate(metric, at: path.child("metrics").index(index))
        }
        if let rules = spec.behavior?.scaleUp { errors += validate(rules, at: path.child("behavior", "scaleUp")) }
        if let rules = spec.behavior?.scaleDown { errors += validate(rules, at: path.child("behavior", "scaleDown")) }
        return errors
    }

    private static func validate(_ metric: MetricSpec, at path: FieldPath) -> [FieldError] {
        switch metric.type {
        case "Queue":
            guard let queue = metric.queue else {
                return [.required(path.child("queue"), "must be set for a metric of type Queue")]
            }
            return validate(queue.target, allowed: ["AverageValue", "Value"], at: path.child("queue", "target"))
        case "Resource":
            guard let resource = metric.resource else {
                return [.required(path.child("resource"), "must be set for a metric of type Resource")]
            }
            let names = ["cpu", "memory"]
            let known: [FieldError] =
                names.contains(resource.name)
                ? [] : [.notSupported(path.child("resource", "name"), .string(resource.name), names)]
            return known
                + validate(
                    resource.target,
                    allowed: ["Utilization", "AverageValue"],
                    at: path.child("resource", "target")
                )
        default:
            return [.notSupported(path.child("type"), .string(metric.type), ["Queue", "Resource"])]
        }
    }

    private static func validate(_ target: MetricTarget, allowed: [String], at path: FieldPath) -> [FieldError] {
        guard allowed.contains(target.type) else {
            return [.notSupported(path.child("type"), .string(target.type), allowed)]
        }
        var errors = superfluous(target, at: path)
        switch target.type {
        case "Utilization":
            if let percent = target.averageUtilization {
                errors += (1...Int(Int32.max)).faults(percent, at: path.child("averageUtilization"))
            } else {
                errors.append(
                    .required(path.child("averageUtilization"), "must be set for a target of type Utilization")
                )
            }
        case "AverageValue": errors += positive(target.averageValue, "AverageValue", at: path.child("averageValue"))
        default: errors += positive(target.value, "Value", at: path.child("value"))
        }
        return errors
    }

    /// A target with two values could mean either.
    private static func superfluous(_ target: MetricTarget, at path: FieldPath) -> [FieldError] {
        let values = [
            ("Utilization", "averageUtilization", target.averageUtilization != nil),
            ("AverageValue", "averageValue", target.averageValue != nil), ("Value", "value", target.value != nil),
        ]
        return values.compactMap { type, field, isSet in
            guard isSet, type != target.type else { return nil }
            return .forbidden(path.child(field), "may not be set for a target of type \(target.type)")
        }
    }

    private static func positive(_ quantity: QuantityText?, _ type: String, at path: FieldPath) -> [FieldError] {
        guard let quantity else { return [.required(path, "must be set for a target of type \(type)")] }
        // The error is reported with the field.
        guard let parsed = try? Quantity(parsing: quantity.text) else {
            return [.invalid(path, .string(quantity.text), "must be a quantity such as \"8\" or \"500m\"")]
        }
        return parsed > Quantity(0) ? [] : [.invalid(path, .string(quantity.text), "must be positive")]
    }

    private static func validate(_ rules: ScalingRules, at path: FieldPath) -> [FieldError] {
        var errors = (0...3600)
            .faults(rules.stabilizationWindowSeconds, at: path.child("stabilizationWindowSeconds"))
        if let tolerance = rules.tolerance { errors += notNegative(tolerance, at: path.child("tolerance")) }
        let selections = ["Max", "Min", "Disabled"]
        if let selection = rules.selectPolicy, !selections.contains(selection) {
            errors.append(.notSupported(path.child("selectPolicy"), .string(selection), selections))
        }
        if let policies = rules.policies, policies.isEmpty {
            errors.append(.required(path.child("policies"), "must specify at least one Policy"))
        }
        for (index, policy) in (rules.policies ?? []).enumerated() {
            let field = path.child("policies").index(index)
            if !["Pods", "Percent"].contains(policy.type) {
                errors.append(.notSupported(field.child("type"), .string(policy.type), ["Pods", "Percent"]))
            }
            errors += (1...Int(Int32.max)).faults(policy.value, at: field.child("value"))
            errors += (1...1800).faults(policy.periodSeconds, at: field.child("periodSeconds"))
        }
        return errors
    }

    private static func notNegative(_ quantity: QuantityText, at path: FieldPath) -> [FieldError] {
        // The error is reported with the field.
        guard let parsed = try? Quantity(parsing: quantity.text) else {
            return [.invalid(path, .string(quantity.text), "must be a quantity such as \"0.1\" or \"100m\"")]
        }
        return parsed.isNegative ? [.invalid(path, .string(quantity.text), "must be greater than or equal to 0")] : []
    }

    private static func validate(_ strategy: UpdateStrategy, at path: FieldPath) -> [FieldError] {
        let types = ["RollingUpdate", "Recreate"]
        if let type = strategy.type, !types.contains(type) {
            return [.notSupported(path.child("type"), .string(type), types)]
        }
        guard let rolling = strategy.rollingUpdate else { return [] }
        let field = path.child("rollingUpdate")
        if strategy.type == "Recreate" {
            return [.forbidden(field, "may not be specified when strategy `type` is 'Recreate'")]
        }
        var errors = bound(rolling.maxSurge, at: field.child("maxSurge"))
        errors += bound(rolling.maxUnavailable, at: field.child("maxUnavailable"))
        let surge = (rolling.maxSurge ?? .int(1)).scaled(of: 100, roundUp: true)
        let unavailable = (rolling.maxUnavailable ?? .int(0)).scaled(of: 100, roundUp: false)
        if errors.isEmpty, surge == 0, unavailable == 0 {
            errors.append(
                .invalid(field.child("maxUnavailable"), .int(0), "may not be 0 when `maxSurge` is 0")
            )
        }
        if case .string(let text)? = rolling.maxUnavailable, let unavailable, unavailable > 100 {
            errors.append(.invalid(field.child("maxUnavailable"), .string(text), "must not be greater than 100%"))
        }
        return errors
    }

    private static func bound(_ value: IntOrString?, at path: FieldPath) -> [FieldError] {
        switch value {
        case nil: []
        case .int(let number)?: (0...Int(Int32.max)).faults(number, at: path)
        case .string(let text)?:
            value?.scaled(of: 100, roundUp: true) == nil
                ? [.invalid(path, .string(text), "must be a number or a percentage such as \"25%\"")] : []
        }
    }

    private static func validateTemplate(_ template: JSONValue?, at path: FieldPath) -> [FieldError] {
        guard let template else { return [] }
        func texts(_ field: String) -> [String: String] {
            var texts: [String: String] = [:]
            for (key, value) in template.value(at: "metadata", field)?.objectValue ?? [:] {
                texts[key] = value.stringValue ?? ""
            }
            return texts
        }
        // A Pod with others would be refused each time that the pool makes one.
        let metadata = path.child("metadata")
        var errors = Validation.labels(texts("labels"), at: metadata.child("labels"))
        errors += Validation.annotations(texts("annotations"), at: metadata.child("annotations"))
        // A template without a Pod specification is what a restart makes of a pool that has the built-in one.
        guard template["spec"] != nil else { return errors }
        guard let containers = template.value(at: "spec", "containers")?.arrayValue, !containers.isEmpty else {
            return errors + [.required(path.child("spec", "containers"), "the runner's container")]
        }
        var names: Set<String> = []
        for (index, container) in containers.enumerated() {
            let field = path.child("spec", "containers").index(index)
            let name = container["name"]?.stringValue ?? ""
            if name.isEmpty {
                errors.append(.required(field.child("name")))
            } else if !names.insert(name).inserted {
                errors.append(.duplicate(field.child("name"), .string(name)))
            } else {
                errors += Validation.dns1123Label(name).map { .invalid(field.child("name"), .string(name), $0) }
            }
            if (container["image"]?.stringValue ?? "").isEmpty { errors.append(.required(field.child("image"))) }
        }
        return errors
    }
}
