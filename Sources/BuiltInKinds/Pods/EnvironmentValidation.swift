import APIMachinery

/// What is wrong with the environment of a container.
enum EnvironmentValidation {
    private static let fields = [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ]

    private static let otherKnownFields: Set<String> = [
        "metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase",
    ]

    private static let resources = [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
        "requests.memory",
    ]

    static func variables(_ variables: [JSONValue], at path: FieldPath) -> [FieldError] {
        variables.enumerated().flatMap { index, variable -> [FieldError] in
            let at = path.index(index)
            let name = variable.text("name")
            let errors: [FieldError] =
                name.isEmpty
                ? [.required(at.child("name"))]
                : Validation.relaxedEnvironmentVariableName(name).map { .invalid(at.child("name"), .string(name), $0) }
            guard let source = variable["valueFrom"] else { return errors }
            return errors + valueFrom(source, value: variable.text("value"), at: at.child("valueFrom"))
        }
    }

    private static func valueFrom(_ source: JSONValue, value: String, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var count = 0
        if let field = source["fieldRef"] {
            count += 1
            errors += fieldSelector(field, allowed: fields, at: path.child("fieldRef"))
        }
        if let resource = source["resourceFieldRef"] {
            count += 1
            errors += resourceSelector(resource, at: path.child("resourceFieldRef"))
        }
        for field in ["configMapKeyRef", "secretKeyRef"] {
            guard let reference = source[field] else { continue }
            count += 1
            let at = path.child(field)
            let name = reference.text("name")
            errors += Validation.dns1123Subdomain(name).map { .invalid(at.child("name"), .string(name), $0) }
            let key = reference.text("key")
            if key.isEmpty {
                errors.append(.required(at.child("key")))
            } else {
                errors += Validation.configMapKey(key).map { .invalid(at.child("key"), .string(key), $0) }
            }
        }
        if source["fileKeyRef"] != nil { count += 1 }
        if count == 0 {
            let sources = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
            errors.append(.invalid(path, "", "must specify one of: \(sources)"))
        } else if !value.isEmpty {
            errors.append(.invalid(path, "", "may not be specified when `value` is not empty"))
        } else if count > 1 {
            errors.append(.invalid(path, "", "may not have more than one field specified at a time"))
        }
        return errors
    }

    /// A reference to a field of the Pod.
    static func fieldSelector(_ reference: JSONValue, allowed: [String], at path: FieldPath) -> [FieldError] {
        let field = reference.text("fieldPath")
        let version = reference["apiVersion"]?.stringValue ?? "v1"
        if version.isEmpty { return [.required(path.child("apiVersion"))] }
        if field.isEmpty { return [.required(path.child("fieldPath"))] }
        let at = path.child("fieldPath")
        guard version == "v1" else {
            return [.invalid(at, .string(field), "error converting fieldPath: unsupported pod version: \(version)")]
        }
        if field.hasSuffix("']"), let start = field.firstRange(of: "['") {
            let subscripted = String(field[start.upperBound...].dropLast(2))
            switch field[..<start.lowerBound] {
            case "metadata.annotations":
                return Validation.qualifiedName(subscripted.lowercased()).map {
                    .invalid(path, .string(subscripted), $0)
                }
            case "metadata.labels":
                return Validation.qualifiedName(subscripted).map { .invalid(path, .string(subscripted), $0) }
            default: break
            }
        }
        if allowed.contains(field) { return [] }
        guard fields.contains(field) || otherKnownFields.contains(field) else {
            return [.invalid(at, .string(field), "error converting fieldPath: field label not supported: \(field)")]
        }
        return [.notSupported(at, .string(field), allowed)]
    }

    /// A reference to a resource of a container.
    static func resourceSelector(_ reference: JSONValue, at path: FieldPath) -> [FieldError] {
        let resource = reference.text("resource")
        if resource.isEmpty { return [.required(path.child("resource"))] }
        if resources.contains(resource) || resource.hasPrefix("limits.hugepages-")
            || resource.hasPrefix("requests.hugepages-")
        {
            return []
        }
        return [.notSupported(path.child("resource"), .string(resource), resources)]
    }

    static func sources(_ sources: [JSONValue], at path: FieldPath) -> [FieldError] {
        sources.enumerated().flatMap { index, source -> [FieldError] in
            let at = path.index(index)
            var errors: [FieldError] = []
            let prefix = source.text("prefix")
            if !prefix.isEmpty {
                errors += Validation.relaxedEnvironmentVariableName(prefix)
                    .map { .invalid(at.child("prefix"), .string(prefix), $0) }
            }
            let references = ["configMapRef", "secretRef"].filter { source[$0] != nil }
            for field in references {
                let name = (source[field] ?? .null).text("name")
                let place = at.child(field).child("name")
                if name.isEmpty {
                    errors.append(.required(place))
                } else {
                    errors += Validation.dns1123Subdomain(name).map { .invalid(place, .string(name), $0) }
                }
            }
            // The reference leaves the position out of these two.
            if references.isEmpty {
                errors.append(.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
            } else if references.count > 1 {
                errors.append(.invalid(path, "", "may not have more than one field specified at a time"))
            }
            return errors
        }
    }
}
