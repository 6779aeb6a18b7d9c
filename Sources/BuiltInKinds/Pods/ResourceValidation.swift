import APIMachinery

/// What is wrong with requests and limits.
enum ResourceValidation {
    /// The resources that containers have without a vendor's prefix.
    private static let standard: Set<String> = ["cpu", "memory", "ephemeral-storage"]

    /// Names without a prefix that mean something elsewhere: in quotas and claims.
    private static let elsewhere: Set<String> = [
        "storage", "pods", "services", "secrets", "configmaps", "resourcequotas", "replicationcontrollers",
        "persistentvolumeclaims", "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage", "services.nodeports", "services.loadbalancers",
    ]

    static func errors(_ resources: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for (name, value) in resources["limits"]?.objectValue ?? [:] {
            errors += self.name(name, at: path.child("limits").key(name))
            errors += amount(value, of: name, at: path.child("limits").key(name))
        }
        for (name, value) in resources["requests"]?.objectValue ?? [:] {
            errors += self.name(name, at: path.child("requests").key(name))
            errors += amount(value, of: name, at: path.child("requests").key(name))
            let limit = quantity(resources["limits"]?[name])
            guard let request = quantity(value) else { continue }
            guard let limit else {
                if !mayOvercommit(name) {
                    let problem = "Limit must be set for non overcommitable resources"
                    errors.append(.required(path.child("limits"), problem))
                }
                continue
            }
            if request != limit, !mayOvercommit(name) {
                errors.append(.invalid(path.child("requests"), value, "must be equal to \(name) limit of \(limit)"))
            } else if limit < request {
                errors.append(
                    .invalid(path.child("requests"), value, "must be less than or equal to \(name) limit of \(limit)")
                )
            }
        }
        return errors
    }

    private static func quantity(_ value: JSONValue?) -> Quantity? {
        // The decoder has refused what is no quantity.
        (value?.stringValue).flatMap { try? Quantity(parsing: $0) }
    }

    private static func name(_ name: String, at path: FieldPath) -> [FieldError] {
        let problems = Validation.qualifiedName(name)
        guard problems.isEmpty else { return problems.map { .invalid(path, .string(name), $0) } }
        if !name.contains("/") {
            if standard.contains(name) || name.hasPrefix("hugepages-") { return [] }
            let detail = FieldError.invalid(path, .string(name), "must be a standard resource for containers")
            if elsewhere.contains(name) { return [detail] }
            return [
                .invalid(path, .string(name), "must be a standard resource type or fully qualified"), detail,
            ]
        }
        guard !isNative(name), !isExtended(name) else { return [] }
        return [.invalid(path, .string(name), "doesn't follow extended resource name standard")]
    }

    static func amount(_ value: JSONValue, of name: String, at path: FieldPath) -> [FieldError] {
        guard let amount = quantity(value) else { return [] }
        if amount.isNegative { return [.invalid(path, value, "must be greater than or equal to 0")] }
        if isExtended(name) || name == "pods", amount.exactValue == nil {
            return [.invalid(path, value, "must be an integer")]
        }
        return []
    }

    /// Whether Kubernetes itself owns the name.
    private static func isNative(_ name: String) -> Bool { !name.contains("/") || name.contains("kubernetes.io/") }

    private static func isExtended(_ name: String) -> Bool {
        !isNative(name) && !name.hasPrefix("requests.") && Validation.qualifiedName("requests.\(name)").isEmpty
    }

    private static func mayOvercommit(_ name: String) -> Bool { isNative(name) && !name.hasPrefix("hugepages-") }
}
