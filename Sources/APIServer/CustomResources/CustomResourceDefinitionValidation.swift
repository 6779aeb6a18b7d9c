import APIMachinery
import Schema

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
            errors.append(
                .invalid(
                    FieldPath("metadata").child("name"),
                    .string(name),
                    "must be spec.names.plural+\".\"+spec.group"
                )
            )
        }
        if group.isEmpty {
            errors.append(.required(path.child("group")))
        } else {
            errors += Validation.dns1123Subdomain(group).map { .invalid(path.child("group"), .string(group), $0) }
            if group.split(separator: ".").count < 2 {
                errors.append(
                    .invalid(path.child("group"), .string(group), "should be a domain with at least one dot")
                )
            }
        }
        let scope = spec["scope"]?.stringValue ?? ""
        if scope.isEmpty {
            errors.append(.required(path.child("scope")))
        } else if !["Cluster", "Namespaced"].contains(scope) {
            errors.append(.notSupported(path.child("scope"), .string(scope), ["Cluster", "Namespaced"]))
        }
        errors += names(spec["names"] ?? .null, at: path.child("names"))
        return errors + versions(spec, at: path.child("versions"))
    }

    static func updateErrors(_ object: JSONValue, old: JSONValue) -> [FieldError] {
        var errors = self.errors(object)
        // What clients have cached of an established kind may not change any more.
        if CustomResourceConditions.isTrue("Established", in: old) {
            for field in [["scope"], ["names", "plural"], ["names", "kind"], ["group"]] {
                let value = object["spec"]?.value(at: field) ?? ""
                if field != ["names", "plural"], field != ["names", "kind"] || true, value != old["spec"]?.value(at: field) ?? "" {
                    let path = field.reduce(FieldPath("spec")) { $0.child($1) }
                    errors.append(.invalid(path, value, "field is immutable"))
                }
            }
        }
        let versions = Set((object.value(at: "spec", "versions")?.arrayValue ?? []).compactMap { $0["name"]?.stringValue })
        for (index, stored) in (object.value(at: "status", "storedVersions")?.arrayValue ?? []).enumerated() {
            guard let name = stored.stringValue, !versions.contains(name) else { continue }
            errors.append(
                .invalid(
                    FieldPath("status").child("storedVersions").index(index),
                    stored,
                    "missing from spec.versions; \(name) was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in \(name) and removes \(name) from status.storedVersions"
                )
            )
        }
        return errors
    }

    private static func names(_ names: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for field in ["plural", "singular", "kind", "listKind"] {
            let text = names[field]?.stringValue ?? ""
            if text.isEmpty {
                if field == "plural" || field == "kind" { errors.append(.required(path.child(field))) }
                continue
            }
            errors += Validation.dns1035Label(text.lowercased()).map {
                .invalid(path.child(field), .string(text), field.hasSuffix("ind") ? "may have mixed case, but should otherwise match: \($0)" : $0)
            }
        }
        for (index, name) in (names["shortNames"]?.arrayValue ?? []).enumerated() {
            errors += Validation.dns1035Label(name.stringValue ?? "").map {
                .invalid(path.child("shortNames").index(index), name, $0)
            }
        }
        if let kind = names["kind"]?.stringValue, kind == names["listKind"]?.stringValue, !kind.isEmpty {
            errors.append(.invalid(path.child("listKind"), .string(kind), "kind and listKind may not be the same"))
        }
        return errors
    }

    private static func versions(_ spec: JSONValue, at path: FieldPath) -> [FieldError] {
        let versions = spec["versions"]?.arrayValue ?? []
        var errors: [FieldError] = []
        var seen: Set<String> = []
        var storage = 0
        for (index, version) in versions.enumerated() {
            let at = path.index(index)
            let name = version["name"]?.stringValue ?? ""
            if version["storage"]?.boolValue == true { storage += 1 }
            if !seen.insert(name).inserted {
                errors.append(.invalid(path, .array(versions.compactMap { $0["name"] }), "must contain unique version names"))
            }
            errors += Validation.dns1035Label(name).map { .invalid(at.child("name"), .string(name), $0) }
            if version.value(at: "schema", "openAPIV3Schema") == nil {
                errors.append(.required(at.child("schema").child("openAPIV3Schema"), "schemas are required"))
            }
            errors += columns(version, at: at)
            errors += subresources(version, at: at.child("subresources"))
        }
        if storage != 1, !versions.isEmpty {
            errors.append(
                .invalid(
                    path,
                    .array(versions),
                    "must have exactly one version marked as storage version"
                )
            )
        }
        return errors
    }

    private static func columns(_ version: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        let types = ["integer", "number", "string", "boolean", "date"]
        for (index, column) in (version["additionalPrinterColumns"]?.arrayValue ?? []).enumerated() {
            let at = path.child("additionalPrinterColumns").index(index)
            if (column["name"]?.stringValue ?? "").isEmpty { errors.append(.required(at.child("name"))) }
            let type = column["type"]?.stringValue ?? ""
            if type.isEmpty {
                errors.append(.required(at.child("type"), "must be one of \(types.sorted().joined(separator: ","))"))
            } else if !types.contains(type) {
                errors.append(
                    .invalid(at.child("type"), .string(type), "must be one of \(types.sorted().joined(separator: ","))")
                )
            }
            let jsonPath = column["jsonPath"]?.stringValue ?? ""
            if jsonPath.isEmpty {
                errors.append(.required(at.child("jsonPath")))
            } else if JSONPath(jsonPath) == nil {
                errors.append(.invalid(at.child("jsonPath"), .string(jsonPath), "must be a json path"))
            }
        }
        return errors
    }

    private static func subresources(_ version: JSONValue, at path: FieldPath) -> [FieldError] {
        guard let scale = version.value(at: "subresources", "scale"), scale.objectValue != nil else { return [] }
        var errors: [FieldError] = []
        for (field, prefix) in [("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")] {
            let text = scale[field]?.stringValue ?? ""
            if text.isEmpty {
                errors.append(.required(path.child("scale").child(field)))
            } else if !text.hasPrefix(prefix) {
                errors.append(
                    .invalid(path.child("scale").child(field), .string(text), "should be a json path under \(prefix.dropLast())")
                )
            }
        }
        return errors
    }
}
