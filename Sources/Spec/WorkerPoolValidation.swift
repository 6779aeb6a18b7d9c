public import APIMachinery

/// The rules for a WorkerPool that its schema cannot state.
public enum WorkerPoolValidation {
    /// Everything that is wrong with the pool, each fault with its field.
    public static func validate(_ pool: WorkerPool) -> [FieldError] {
        let path = FieldPath("spec")
        let spec = pool.spec
        var errors: [FieldError] = []
        errors += WorkflowValidation.atLeast(0, spec.replicas, path.child("replicas"))
        errors += WorkflowValidation.atLeast(1, spec.concurrency, path.child("concurrency"))
        errors += WorkflowValidation.atLeast(0, spec.minReadySeconds, path.child("minReadySeconds"))
        errors += WorkflowValidation.atLeast(0, spec.drainTimeoutSeconds, path.child("drainTimeoutSeconds"))
        errors += WorkflowValidation.atLeast(0, spec.revisionHistoryLimit, path.child("revisionHistoryLimit"))
        if let deadline = spec.progressDeadlineSeconds, deadline <= (spec.minReadySeconds ?? 0) {
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
        WorkflowValidation.atLeast(1, queue.maxDepth, path.child("maxDepth"))
            + WorkflowValidation.atLeast(0, queue.expressPriority, path.child("expressPriority"))
            + WorkflowValidation.atLeast(1, queue.visibilityTimeoutSeconds, path.child("visibilityTimeoutSeconds"))
            + WorkflowValidation.atLeast(1, queue.maxDeliveries, path.child("maxDeliveries"))
    }

    private static func validate(_ spec: AutoscalingSpec, at path: FieldPath) -> [FieldError] {
        var errors = WorkflowValidation.atLeast(0, spec.minReplicas, path.child("minReplicas"))
        errors += WorkflowValidation.atLeast(1, spec.maxReplicas, path.child("maxReplicas"))
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
        switch target.type {
        case "Utilization":
            guard let percent = target.averageUtilization else {
                return [.required(path.child("averageUtilization"), "must be set for a target of type Utilization")]
            }
            return WorkflowValidation.atLeast(1, percent, path.child("averageUtilization"))
        case "AverageValue": return positive(target.averageValue, "AverageValue", at: path.child("averageValue"))
        default: return positive(target.value, "Value", at: path.child("value"))
        }
    }

    private static func positive(_ quantity: QuantityText?, _ type: String, at path: FieldPath) -> [FieldError] {
        guard let quantity else { return [.required(path, "must be set for a target of type \(type)")] }
        guard let parsed = try? Quantity(parsing: quantity.text) else {
            return [.invalid(path, .string(quantity.text), "must be a quantity such as \"8\" or \"500m\"")]
        }
        return parsed > Quantity(0) ? [] : [.invalid(path, .string(quantity.text), "must be positive")]
    }

    private static func validate(_ rules: ScalingRules, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        if let window = rules.stabilizationWindowSeconds, !(0...3600).contains(window) {
            errors.append(
                .invalid(path.child("stabilizationWindowSeconds"), .int(Int64(window)), "must be from 0 to 3600")
            )
        }
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
            errors += WorkflowValidation.atLeast(1, policy.value, field.child("value"))
            if !(1...1800).contains(policy.periodSeconds) {
                errors.append(
                    .invalid(field.child("periodSeconds"), .int(Int64(policy.periodSeconds)), "must be from 1 to 1800")
                )
            }
        }
        return errors
    }

    private static func validate(_ strategy: UpdateStrategy, at path: FieldPath) -> [FieldError] {
        let types = ["RollingUpdate", "Recreate"]
        if let type = strategy.type, !types.contains(type) {
            return [.notSupported(path.child("type"), .string(type), types)]
        }
        guard let rolling = strategy.rollingUpdate else { return [] }
        let field = path.child("rollingUpdate")
        var errors = bound(rolling.maxSurge, at: field.child("maxSurge"))
        errors += bound(rolling.maxUnavailable, at: field.child("maxUnavailable"))
        let surge = (rolling.maxSurge ?? .int(1)).scaled(of: 100, roundUp: true)
        let unavailable = (rolling.maxUnavailable ?? .int(0)).scaled(of: 100, roundUp: false)
        if errors.isEmpty, surge == 0, unavailable == 0 {
            errors.append(
                .invalid(field.child("maxUnavailable"), .int(0), "may not be 0 when `maxSurge` is 0")
            )
        }
        return errors
    }

    private static func bound(_ value: IntOrString?, at path: FieldPath) -> [FieldError] {
        switch value {
        case nil: []
        case .int(let number)?: WorkflowValidation.atLeast(0, number, path)
        case .string(let text)?:
            value?.scaled(of: 100, roundUp: true) == nil
                ? [.invalid(path, .string(text), "must be a number or a percentage such as \"25%\"")] : []
        }
    }

    private static func validateTemplate(_ template: JSONValue?, at path: FieldPath) -> [FieldError] {
        // A template without a Pod specification is what a restart makes of a pool that has the built-in one.
        guard let template, template["spec"] != nil else { return [] }
        guard let containers = template.value(at: "spec", "containers")?.arrayValue, !containers.isEmpty else {
            return [.required(path.child("spec", "containers"), "the runner's container")]
        }
        var errors: [FieldError] = []
        var names: Set<String> = []
        for (index, container) in containers.enumerated() {
            let field = path.child("spec", "containers").index(index)
            let name = container["name"]?.stringValue ?? ""
            if name.isEmpty {
                errors.append(.required(field.child("name")))
            } else if !names.insert(name).inserted {
                errors.append(.duplicate(field.child("name"), .string(name)))
            }
            if (container["image"]?.stringValue ?? "").isEmpty { errors.append(.required(field.child("image"))) }
        }
        return errors
    }
}
