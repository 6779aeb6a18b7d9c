package import APIMachinery

/// What is wrong with an object's metadata, as Kubernetes' `ValidateObjectMeta` says it.
package enum MetadataRules {
    private static let path = FieldPath("metadata")

    /// What is wrong with a new object: what its kind finds, and only then what all kinds share.
    package static func errors(ofNew object: JSONValue, _ resource: ServedResource, _ context: RequestContext)
        -> [FieldError]
    {
        let types = typeErrors(object, resource)
        guard types.isEmpty else { return types }
        let strategy = resource.strategy
        let checks = strategy.metadataChecks(subresource: "")
        var errors: [FieldError] = []
        if checks.contains(.created) { errors += own(object, strategy, checks) }
        errors += strategy.validate(object, context)
        return errors.isEmpty ? named(object, pathSegmentErrors) : errors
    }

    /// What is wrong with a changed object. The reference looks at metadata for all kinds and then again for most, and
    /// tells what it finds each time.
    package static func errors(
        of object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ resource: ServedResource,
        _ context: RequestContext
    ) -> [FieldError] {
        let changed = changes(object, old: old)
        let shared = named(object, pathSegmentErrors) + changed
        let types = typeErrors(object, resource)
        guard types.isEmpty else { return shared + types }
        let strategy = resource.strategy
        let checks = strategy.metadataChecks(subresource: subresource)
        var errors = shared
        if checks.contains(.changed) { errors += changed + (checks.contains(.finalizers) ? unqualified(object) : []) }
        if checks.contains(.repeated) { errors += own(object, strategy, checks) }
        return errors + strategy.validateUpdate(object, old: old, subresource: subresource, context)
    }

    /// A custom resource's type is only looked at after decoding, and answered as a field error.
    static func typeErrors(_ object: JSONValue, _ resource: ServedResource) -> [FieldError] {
        guard resource.isCustom else { return [] }
        var errors: [FieldError] = []
        for (field, expected) in [("kind", resource.names.kind), ("apiVersion", resource.groupVersion.apiVersion)] {
            let given = object[field]?.stringValue ?? ""
            guard given != expected else { continue }
            errors.append(.invalid(FieldPath(field), .string(given), "must be \(expected)"))
        }
        return errors
    }

    private static func own(
        _ object: JSONValue,
        _ strategy: any ResourceStrategy,
        _ checks: MetadataChecks
    ) -> [FieldError] {
        named(object, strategy.nameErrors) + (checks.contains(.finalizers) ? unqualified(object) : [])
    }

    private static func pathSegmentErrors(_ name: String, isPrefix: Bool) -> [String] {
        isPrefix ? Validation.pathSegmentPrefix(name) : Validation.pathSegment(name)
    }

    private static func named(_ object: JSONValue, _ nameErrors: (String, Bool) -> [String]) -> [FieldError] {
        let typed = Unstructured(object)
        var errors: [FieldError] = []
        if !typed.generateName.isEmpty {
            for text in nameErrors(typed.generateName, true) {
                errors.append(.invalid(path.child("generateName"), .string(typed.generateName), text))
            }
        }
        if typed.name.isEmpty {
            errors.append(.required(path.child("name"), "name or generateName is required"))
        } else {
            for text in nameErrors(typed.name, false) {
                errors.append(.invalid(path.child("name"), .string(typed.name), text))
            }
        }
        let generation = typed.metadata("generation")?.intValue ?? 0
        if generation < 0 {
            errors.append(
                .invalid(path.child("generation"), .int(generation), "must be greater than or equal to 0")
            )
        }
        return errors + common(typed) + finalizers(typed)
    }

    /// What only objects that are changed can break.
    private static func changes(_ object: JSONValue, old: JSONValue) -> [FieldError] {
        let typed = Unstructured(object)
        var errors: [FieldError] = []
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
        for field in [
            "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
        ] {
            let value = typed.metadata(field) ?? .null
            if value != before.metadata(field) ?? .null {
                errors.append(.invalid(path.child(field), value, "field is immutable"))
            }
        }
        return errors + common(typed)
    }

    private static func common(_ object: Unstructured) -> [FieldError] {
        var errors: [FieldError] = []
        errors += Validation.labels(object.labels, at: path.child("labels"))
        errors += Validation.annotations(object.annotations, at: path.child("annotations"))
        return errors + owners(object)
    }

    private static func finalizers(_ object: Unstructured) -> [FieldError] {
        var errors: [FieldError] = []
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
        var controller: String?
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
            guard owner["controller"]?.boolValue == true else { continue }
            let name = "\(kind)/\(owner["name"]?.stringValue ?? "")"
            guard let first = controller else {
                controller = name
                continue
            }
            errors.append(
                .invalid(
                    base,
                    object.metadata("ownerReferences") ?? .null,
                    "Only one reference can have Controller set to true. Found \"true\" in references for \(first) and "
                        + name
                )
            )
        }
        return errors
    }

    /// Built-in kinds take only finalizers that say whose they are, and the few of Kubernetes itself.
    private static func unqualified(_ object: JSONValue) -> [FieldError] {
        Unstructured(object).finalizers.enumerated().compactMap { position, finalizer in
            unqualified(finalizer, at: path.child("finalizers").index(position))
        }
    }

    /// What is wrong with a finalizer that does not say whose it is.
    package static func unqualified(_ finalizer: String, at path: FieldPath) -> FieldError? {
        guard !finalizer.utf8.contains(UInt8(ascii: "/")), !standardFinalizers.contains(finalizer) else { return nil }
        return .invalid(
            path,
            .string(finalizer),
            "name is neither a standard finalizer name nor is it fully qualified"
        )
    }

    private static let standardFinalizers: Set<String> = ["orphan", "foregroundDeletion", "kubernetes"]

    /// Warns of finalizers of custom resources that do not say whose they are, when they are added.
    package static func warn(
        of object: JSONValue,
        old: JSONValue?,
        _ resource: ServedResource,
        _ context: RequestContext
    ) {
        guard resource.isCustom else { return }
        let before = old.map { Unstructured($0).finalizers } ?? []
        let added = Set(Unstructured(object).finalizers).subtracting(before)
        for finalizer in added.sorted()
        where !finalizer.utf8.contains(UInt8(ascii: "/")) && !standardFinalizers.contains(finalizer) {
            let form = finalizer.utf8.contains(UInt8(ascii: ".")) ? " including a path (/)" : ""
            context.warn(
                "metadata.finalizers: \(GoText.quoted(finalizer)): prefer a domain-qualified finalizer name\(form) to "
                    + "avoid accidental conflicts with other finalizer writers"
            )
        }
    }

    /// Brings an object's metadata in order where it can be brought, and tells the client what was odd.
    static func tidy(_ object: inout JSONValue, context: RequestContext) {
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
