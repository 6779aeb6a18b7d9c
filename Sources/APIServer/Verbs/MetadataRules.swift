import APIMachinery

/// What is wrong with an object's metadata, as Kubernetes' `ValidateObjectMeta` says it.
enum MetadataRules {
    private static let path = FieldPath("metadata")

    /// Of a new object.
    static func validate(_ object: JSONValue, resource: ServedResource) -> [FieldError] {
        let typed = Unstructured(object)
        let strategy = resource.strategy
        var errors: [FieldError] = []
        if !typed.generateName.isEmpty {
            for text in strategy.nameErrors(typed.generateName, isPrefix: true) {
                errors.append(.invalid(path.child("generateName"), .string(typed.generateName), text))
            }
        }
        if typed.name.isEmpty {
            errors.append(.required(path.child("name"), "name or generateName is required"))
        } else {
            for text in strategy.nameErrors(typed.name, isPrefix: false) {
                errors.append(.invalid(path.child("name"), .string(typed.name), text))
            }
        }
        return errors + common(typed)
    }

    /// Of a changed object: also that nothing immutable changed.
    static func validateUpdate(_ object: JSONValue, old: JSONValue) -> [FieldError] {
        let typed = Unstructured(object)
        var errors = common(typed)
        let before = Unstructured(old)
        if before.deletionTimestamp != nil {
            let added = typed.finalizers.filter { !before.finalizers.contains($0) }
            if !added.isEmpty {
                let shown = added.map { "\"\($0)\"" }.joined(separator: ", ")
                errors.append(
                    .forbidden(
                        path.child("finalizers"),
                        "no new finalizers can be added if the object is being deleted, found new finalizers "
                            + "[]string{\(shown)}"
                    )
                )
            }
        }
        for field in ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"] {
            let value = typed.metadata(field) ?? .null
            if value != before.metadata(field) ?? .null {
                errors.append(.invalid(path.child(field), value, "field is immutable"))
            }
        }
        return errors
    }

    private static func common(_ object: Unstructured) -> [FieldError] {
        var errors: [FieldError] = []
        errors += Validation.labels(object.labels, at: path.child("labels"))
        errors += Validation.annotations(object.annotations, at: path.child("annotations"))
        errors += owners(object)
        for finalizer in object.finalizers {
            errors += Validation.finalizer(finalizer, at: path.child("finalizers"))
        }
        let finalizers = object.finalizers
        if finalizers.contains("orphan"), finalizers.contains("foregroundDeletion") {
            errors.append(
                .invalid(
                    path.child("finalizers"),
                    .array(finalizers.map(JSONValue.string)),
                    "finalizer orphan and foregroundDeletion cannot be both set"
                )
            )
        }
        return errors
    }

    private static func owners(_ object: Unstructured) -> [FieldError] {
        var errors: [FieldError] = []
        var controllers: [String] = []
        let base = path.child("ownerReferences")
        for owner in object.metadata("ownerReferences")?.arrayValue ?? [] {
            // The reference says which field, but not of which element.
            let at = base
            let apiVersion = owner["apiVersion"]?.stringValue ?? ""
            let groupVersion = GroupVersion(apiVersion: apiVersion)
            if groupVersion?.version.isEmpty ?? true {
                errors.append(.invalid(at.child("apiVersion"), .string(apiVersion), "version must not be empty"))
            }
            let kind = owner["kind"]?.stringValue ?? ""
            if kind.isEmpty { errors.append(.invalid(at.child("kind"), .string(""), "must not be empty")) }
            if (owner["name"]?.stringValue ?? "").isEmpty {
                errors.append(.invalid(at.child("name"), .string(""), "must not be empty"))
            }
            if (owner["uid"]?.stringValue ?? "").isEmpty {
                errors.append(.invalid(at.child("uid"), .string(""), "must not be empty"))
            }
            if groupVersion == GroupVersion(group: "", version: "v1"), kind == "Event" {
                errors.append(.invalid(at, owner, "/\(apiVersion), Kind=Event is disallowed from being an owner"))
            }
            if owner["controller"]?.boolValue == true { controllers.append(owner["name"]?.stringValue ?? "") }
        }
        if controllers.count > 1 {
            errors.append(
                .invalid(
                    base,
                    object.metadata("ownerReferences") ?? .null,
                    "Only one reference can have Controller set to true. Found \"true\" in references for "
                        + "\(controllers[0]) and \(controllers[1])"
                )
            )
        }
        return errors
    }

    /// Brings an object's metadata in order where it can be brought, and tells the client what was odd.
    static func tidy(_ object: inout JSONValue, context: RequestContext) {
        for finalizer in Unstructured(object).finalizers
        where !finalizer.contains("/") && finalizer != "orphan" && finalizer != "foregroundDeletion" {
            context.warn(
                "metadata.finalizers: \"\(finalizer)\": prefer a domain-qualified finalizer name to avoid "
                    + "accidental conflicts with other finalizer writers"
            )
        }
        guard let owners = object.value(at: "metadata", "ownerReferences")?.arrayValue else { return }
        var seen: Set<String> = []
        var repeated: [String] = []
        let unique = owners.filter { owner in
            let uid = owner["uid"]?.stringValue ?? ""
            if uid.isEmpty || seen.insert(uid).inserted { return true }
            if !repeated.contains(uid) { repeated.append(uid) }
            return false
        }
        guard !repeated.isEmpty else { return }
        object.set(.array(unique), at: ["metadata", "ownerReferences"])
        context.warn(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, "
                + "and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) "
                + "observed: \(repeated.joined(separator: ", "))"
        )
    }
}
