import APIMachinery
import GenericAPIServer
import Schema

/// What is wrong with CustomResourceDefinitions, in the words of
/// `apiextensions-apiserver/pkg/apis/apiextensions/validation`.
enum CustomResourceDefinitionValidation {
    static func createErrors(_ object: JSONValue) -> [FieldError] {
        let spec = object["spec"] ?? .null
        let name = Unstructured(object).name
        let place = FieldPath("metadata").child("name")
        var errors: [FieldError] = []
        if name != "\(spec.value(at: "names", "plural")?.stringValue ?? "").\(spec["group"]?.stringValue ?? "")" {
            errors.append(.invalid(place, .string(name), "must be spec.names.plural+\".\"+spec.group"))
        }
        errors += specErrors(spec) + storedVersionErrors(object)
        return errors + APIApproval.errors(object, old: nil) + preservationErrors(spec)
    }

    static func updateErrors(_ object: JSONValue, old: JSONValue) -> [FieldError] {
        let spec = object["spec"] ?? .null
        var errors = specErrors(spec)
        var immutable = [["group"], ["names", "plural"]]
        // What clients have cached of an established kind may not change any more.
        if StatusConditions.isTrue("Established", in: old) { immutable += [["scope"], ["names", "kind"]] }
        for field in immutable {
            let value = spec.value(at: field) ?? ""
            guard value != old["spec"]?.value(at: field) ?? "" else { continue }
            errors.append(.invalid(field.reduce(FieldPath("spec")) { $0.child($1) }, value, "field is immutable"))
        }
        errors += statusErrors(object) + storedVersionErrors(object) + APIApproval.errors(object, old: old)
        return errors + (old.value(at: "spec", "preserveUnknownFields") == true ? [] : preservationErrors(spec))
    }

    /// What is wrong with a status that somebody has written.
    static func statusErrors(_ object: JSONValue) -> [FieldError] {
        names(object.value(at: "status", "acceptedNames") ?? .null, at: FieldPath("status").child("acceptedNames"))
    }

    private static func specErrors(_ spec: JSONValue) -> [FieldError] {
        let path = FieldPath("spec")
        var errors: [FieldError] = []
        let group = spec["group"]?.stringValue ?? ""
        let faults = Validation.dns1123Subdomain(group)
        if group.isEmpty {
            errors.append(.required(path.child("group")))
        } else if !faults.isEmpty {
            errors.append(.invalid(path.child("group"), .string(group), faults.joined(separator: ",")))
        } else if !group.utf8.contains(UInt8(ascii: ".")) {
            let detail = "should be a domain with at least one dot"
            errors.append(.invalid(path.child("group"), .string(group), detail))
        }
        errors += choice(spec["scope"], ["Cluster", "Namespaced"], at: path.child("scope"))
        errors += VersionContents(spec, at: path).errors
        for field in ["plural", "singular", "kind", "listKind"]
        where spec.value(at: "names", field)?.stringValue ?? "" == "" {
            errors.append(.required(path.child("names", field)))
        }
        errors += names(spec["names"] ?? .null, at: path.child("names"))
        return errors + ConversionValidation.errors(spec, at: path.child("conversion"))
    }

    /// A text that must be there and be one of a few.
    static func choice(_ value: JSONValue?, _ accepted: [String], at path: FieldPath) -> [FieldError] {
        let text = value?.stringValue ?? ""
        if text.isEmpty { return [.required(path)] }
        return accepted.contains(text) ? [] : [.notSupported(path, .string(text), accepted)]
    }

    private static func preservationErrors(_ spec: JSONValue) -> [FieldError] {
        guard spec["preserveUnknownFields"]?.boolValue == true else { return [] }
        let detail =
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        return [.invalid(FieldPath("spec").child("preserveUnknownFields"), true, detail)]
    }

    /// What is wrong with the list of versions that objects are stored in.
    private static func storedVersionErrors(_ object: JSONValue) -> [FieldError] {
        let path = FieldPath("status").child("storedVersions")
        let stored = object.value(at: "status", "storedVersions")?.arrayValue ?? []
        if stored.isEmpty { return [.invalid(path, .null, "must have at least one stored version")] }
        let versions = object.value(at: "spec", "versions")?.arrayValue ?? []
        var errors: [FieldError] = []
        for version in versions where version["storage"]?.boolValue == true {
            guard let name = version["name"], !stored.contains(name) else { continue }
            let detail = "must have the storage version \(name.stringValue ?? "")"
            errors.append(.invalid(path, .array(stored), detail))
        }
        let names = Set(versions.compactMap { $0["name"]?.stringValue })
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
        return errors
    }

    private static func names(_ names: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        func check(_ value: JSONValue?, _ place: FieldPath, mayHaveCapitals: Bool = false) {
            guard let text = value?.stringValue, !text.isEmpty else { return }
            let faults = Validation.dns1035Label(mayHaveCapitals ? text.lowercased() : text)
            guard !faults.isEmpty else { return }
            let detail = mayHaveCapitals ? "may have mixed case, but should otherwise match: " : ""
            errors.append(.invalid(place, .string(text), detail + faults.joined(separator: ",")))
        }
        for field in ["plural", "singular"] { check(names[field], path.child(field)) }
        for field in ["kind", "listKind"] { check(names[field], path.child(field), mayHaveCapitals: true) }
        for field in ["shortNames", "categories"] {
            for (index, name) in (names[field]?.arrayValue ?? []).enumerated() {
                let faults = Validation.dns1035Label(name.stringValue ?? "")
                guard !faults.isEmpty else { continue }
                let place = path.child(field).index(index)
                errors.append(.invalid(place, name, faults.joined(separator: ",")))
            }
        }
        if let kind = names["kind"]?.stringValue, kind == names["listKind"]?.stringValue, !kind.isEmpty {
            errors.append(.invalid(path.child("listKind"), .string(kind), "kind and listKind may not be the same"))
        }
        return errors
    }
}

/// Names of groups that belong to Kubernetes itself need the approval of its maintainers.
enum APIApproval {
    private static let annotation = "api-approved.kubernetes.io"

    private enum State { case invalid, missing, approved, bypassed }

    private static func isProtected(_ object: JSONValue) -> Bool {
        let group = object.value(at: "spec", "group")?.stringValue ?? ""
        return ["k8s.io", "kubernetes.io"].contains { group == $0 || group.hasSuffix(".\($0)") }
    }

    private static func state(_ object: JSONValue) -> (state: State, reason: String, text: String) {
        let text = object.value(at: ["metadata", "annotations", annotation])?.stringValue ?? ""
        let see = "see https://github.com/kubernetes/enhancements/pull/1111"
        if text.isEmpty {
            return (.missing, "protected groups must have approval annotation \"\(annotation)\", \(see)", text)
        }
        if text.hasPrefix("unapproved") { return (.bypassed, "not approved: \(JSONValue.string(text).text)", text) }
        let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
        let isURL = parts.count == 2 && !parts[0].isEmpty && !(parts[1].isEmpty || parts[1].hasPrefix("/"))
        if isURL { return (.approved, "approved in \(text)", text) }
        let reason =
            "protected groups must have approval annotation \"\(annotation)\" with either a URL or a reason "
            + "starting with \"unapproved\", \(see)"
        return (.invalid, reason, text)
    }

    static func errors(_ object: JSONValue, old: JSONValue?) -> [FieldError] {
        guard isProtected(object) else { return [] }
        let (state, reason, text) = state(object)
        if let old, Self.state(old).state == state { return [] }
        let place = FieldPath("metadata").child("annotations").key(annotation)
        switch state {
        case .missing: return [.required(place, reason)]
        case .invalid: return [.invalid(place, .string(text), reason)]
        case .approved, .bypassed: return []
        }
    }

    /// The condition that a definition in a protected group has.
    static func condition(_ object: JSONValue) -> (status: String, reason: String, message: String)? {
        guard isProtected(object) else { return nil }
        let (state, message, _) = state(object)
        return switch state {
        case .invalid: ("False", "InvalidAnnotation", message)
        case .missing: ("False", "MissingAnnotation", message)
        case .approved: ("True", "ApprovedAnnotation", message)
        case .bypassed: ("False", "UnapprovedAnnotation", message)
        }
    }
}
