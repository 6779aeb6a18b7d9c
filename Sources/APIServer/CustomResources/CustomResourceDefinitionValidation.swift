import APIMachinery

/// What is wrong with CustomResourceDefinitions.
enum CustomResourceDefinitionValidation {
    static func errors(_ object: JSONValue) -> [FieldError] {
        let spec = object["spec"] ?? .null
        let path = FieldPath("spec")
        var errors: [FieldError] = []
        let group = spec["group"]?.stringValue ?? ""
        let plural = spec.value(at: "names", "plural")?.stringValue ?? ""
        let name = Unstructured(object).name
        if name != "\(plural).\(group)" {
            let detail = "must be spec.names.plural+\".\"+spec.group"
            errors.append(.invalid(FieldPath("metadata").child("name"), .string(name), detail))
        }
        if group.isEmpty {
            errors.append(.required(path.child("group")))
        } else {
            errors += Validation.dns1123Subdomain(group).map { .invalid(path.child("group"), .string(group), $0) }
            if group.split(separator: ".").count < 2 {
                let detail = "should be a domain with at least one dot"
                errors.append(.invalid(path.child("group"), .string(group), detail))
            }
        }
        let scope = spec["scope"]?.stringValue ?? ""
        if scope.isEmpty {
            errors.append(.required(path.child("scope")))
        } else if !["Cluster", "Namespaced"].contains(scope) {
            errors.append(.notSupported(path.child("scope"), .string(scope), ["Cluster", "Namespaced"]))
        }
        if spec["preserveUnknownFields"]?.boolValue == true {
            errors.append(
                .invalid(
                    path.child("preserveUnknownFields"),
                    true,
                    "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in "
                        + "spec.versions[*].schema instead"
                )
            )
        }
        errors += names(spec["names"] ?? .null, at: path.child("names"))
        errors += versions(spec, at: path)
        return errors + conversion(spec["conversion"] ?? .null, at: path.child("conversion"))
    }

    /// What is wrong with the list of versions that objects are stored in.
    static func storedVersionErrors(_ object: JSONValue) -> [FieldError] {
        let path = FieldPath("status").child("storedVersions")
        let stored = object.value(at: "status", "storedVersions")?.arrayValue ?? []
        if stored.isEmpty { return [.invalid(path, .array([]), "must have at least one stored version")] }
        let versions = object.value(at: "spec", "versions")?.arrayValue ?? []
        var names = Set(versions.compactMap { $0["name"]?.stringValue })
        var errors: [FieldError] = []
        for (index, value) in stored.enumerated() {
            guard let name = value.stringValue, !names.contains(name) else { continue }
            errors.append(
                .invalid(
                    path.index(index),
                    value,
                    "missing from spec.versions; \(name) was previously a storage version, and must remain in "
                        + "spec.versions until a storage migration ensures no data remains persisted in \(name) "
                        + "and removes \(name) from status.storedVersions"
                )
            )
        }
        names = Set(stored.compactMap(\.stringValue))
        for (index, version) in versions.enumerated() where version["storage"]?.boolValue == true {
            let name = version["name"]?.stringValue ?? ""
            if !names.contains(name) {
                errors.append(
                    .invalid(path, .array(stored), "must have the storage version \(name) (spec.versions[\(index)])")
                )
            }
        }
        return errors
    }

    static func createErrors(_ object: JSONValue) -> [FieldError] {
        var errors = self.errors(object)
        let stored = (object.value(at: "spec", "versions")?.arrayValue ?? []).filter {
            $0["storage"]?.boolValue == true
        }
        // The status of a new definition follows from its spec, so a wrong number shows there too.
        if stored.count != 1 {
            let path = FieldPath("status").child("storedVersions")
            let names = object.value(at: "status", "storedVersions") ?? .array([])
            errors.append(.invalid(path, names, "must have exactly one stored version"))
        }
        return errors
    }

    static func updateErrors(_ object: JSONValue, old: JSONValue) -> [FieldError] {
        var errors = self.errors(object)
        // What clients have cached of an established kind may not change any more.
        if CustomResourceConditions.isTrue("Established", in: old) {
            for field in [["scope"], ["names", "kind"]] {
                let value = object["spec"]?.value(at: field) ?? ""
                guard value != old["spec"]?.value(at: field) ?? "" else { continue }
                errors.append(.invalid(field.reduce(FieldPath("spec")) { $0.child($1) }, value, "field is immutable"))
            }
        }
        for field in [["group"], ["names", "plural"]] {
            let value = object["spec"]?.value(at: field) ?? ""
            guard value != old["spec"]?.value(at: field) ?? "" else { continue }
            errors.append(.invalid(field.reduce(FieldPath("spec")) { $0.child($1) }, value, "field is immutable"))
        }
        return errors + storedVersionErrors(object)
    }

    private static func names(_ names: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for field in ["plural", "singular", "kind", "listKind"] {
            let text = names[field]?.stringValue ?? ""
            if text.isEmpty {
                if field == "plural" || field == "kind" { errors.append(.required(path.child(field))) }
                continue
            }
            let mayHaveCapitals = field == "kind" || field == "listKind"
            errors += Validation.dns1035Label(mayHaveCapitals ? text.lowercased() : text).map { fault in
                let detail = mayHaveCapitals ? "may have mixed case, but should otherwise match: \(fault)" : fault
                return .invalid(path.child(field), .string(text), detail)
            }
        }
        for (index, name) in (names["shortNames"]?.arrayValue ?? []).enumerated() {
            errors += Validation.dns1035Label(name.stringValue ?? "").map {
                .invalid(path.child("shortNames").index(index), name, $0)
            }
        }
        for (index, name) in (names["categories"]?.arrayValue ?? []).enumerated() {
            errors += Validation.dns1035Label(name.stringValue ?? "").map {
                .invalid(path.child("categories").index(index), name, $0)
            }
        }
        if let kind = names["kind"]?.stringValue, kind == names["listKind"]?.stringValue, !kind.isEmpty {
            errors.append(.invalid(path.child("listKind"), .string(kind), "kind and listKind may not be the same"))
        }
        return errors
    }

    private static func conversion(_ conversion: JSONValue, at path: FieldPath) -> [FieldError] {
        let strategy = conversion["strategy"]?.stringValue ?? "None"
        if strategy == "Webhook" {
            return [
                .invalid(
                    path.child("strategy"),
                    .string(strategy),
                    "conversion webhooks are not offered by this server; use None and keep the versions' schemas "
                        + "compatible"
                )
            ]
        }
        guard strategy != "None" else { return [] }
        return [.notSupported(path.child("strategy"), .string(strategy), ["None", "Webhook"])]
    }

    // MARK: Versions

    private static func versions(_ spec: JSONValue, at path: FieldPath) -> [FieldError] {
        let versions = spec["versions"]?.arrayValue ?? []
        let list = path.child("versions")
        var errors: [FieldError] = []
        var seen: Set<String> = []
        var isRepeated = false
        for (index, version) in versions.enumerated() {
            let name = version["name"]?.stringValue ?? ""
            if !seen.insert(name).inserted { isRepeated = true }
            errors += Validation.dns1035Label(name).map { .invalid(list.index(index).child("name"), .string(name), $0) }
            if version.value(at: "schema", "openAPIV3Schema") == nil {
                errors.append(
                    .required(list.index(index).child("schema").child("openAPIV3Schema"), "schemas are required")
                )
            }
        }
        let names = JSONValue.array(versions.compactMap { $0["name"] })
        if isRepeated { errors.append(.invalid(list, names, "must contain unique version names")) }
        let storage = versions.filter { $0["storage"]?.boolValue == true }.count
        if storage != 1 {
            errors.append(.invalid(list, names, "must have exactly one version marked as storage version"))
        }
        // The older form of the API, which the reference checks too, has the first version's name by itself.
        if let first = versions.first?["name"]?.stringValue {
            errors += Validation.dns1035Label(first).map { .invalid(path.child("version"), .string(first), $0) }
        }
        return errors + VersionContents(versions: versions, path: path).errors
    }
}
