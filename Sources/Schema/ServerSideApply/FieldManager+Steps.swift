internal import APIMachinery

/// The steps of `FieldManager`'s operations.
extension FieldManager {
    /// An object of this kind before anything is in it.
    var empty: JSONValue { ["apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind)] }

    private var type: TypeSchema { types(kind.apiVersion) ?? .deduced }

    private var ownership: Ownership {
        Ownership(versions: types, ignored: resetFields, apiVersion: kind.apiVersion)
    }

    /// Fields that belong to the server and have no owner.
    private static let stripped = FieldSet(fields: [
        ["apiVersion"], ["kind"], ["metadata"], ["metadata", "name"], ["metadata", "namespace"],
        ["metadata", "creationTimestamp"], ["metadata", "selfLink"], ["metadata", "uid"],
        ["metadata", "clusterName"], ["metadata", "generation"], ["metadata", "managedFields"],
        ["metadata", "resourceVersion"],
    ])

    private func strip(_ entries: inout [ManagedFields.Manager: ManagedFields.Entry], _ manager: ManagedFields.Manager)
    {
        guard let entry = entries[manager] else { return }
        let rest = entry.fields.subtracting(Self.stripped)
        entries[manager]?.fields = rest
        if rest.isEmpty { entries[manager] = nil }
    }

    /// The new object, `nil` where nothing changed, and who owns what.
    func merge(
        _ configuration: JSONValue,
        into live: JSONValue,
        _ managed: ManagedFields,
        _ name: String,
        _ force: Bool,
        _ now: Timestamp
    ) throws(Ownership.Failure) -> (JSONValue?, ManagedFields) {
        let manager = ManagedFields.Manager(
            name: name.isEmpty ? "unknown" : name,
            operation: .apply,
            apiVersion: kind.apiVersion,
            subresource: subresource
        )
        let applied = TypedValue(value: configuration, schema: type)
        let typed = TypedValue(value: live, schema: type)
        do {
            try applied.validate(allowingDuplicates: false)
        } catch {
            throw .faults("failed to create typed patch object (\(label(configuration))): \(error)")
        }
        do {
            try typed.validate(allowingDuplicates: true)
        } catch {
            throw .faults("failed to create typed live object (\(label(live))): \(error)")
        }
        var (object, entries) = try ownership.apply(applied, to: typed, managed.entries, as: manager, isForced: force)
        strip(&entries, manager)
        if let changed = object {
            object = defaults(changed)
            entries[manager]?.time = now
        }
        var result = managed
        result.entries = entries
        return (object, result)
    }

    /// Ownership after an ordinary write.
    func track(
        from old: JSONValue,
        to new: JSONValue,
        _ managed: ManagedFields,
        _ name: String,
        _ now: Timestamp
    ) throws(Status) -> ManagedFields {
        // The operation is tracked under a name of its own, so that the manager's entry changes only if it did.
        let operation = ManagedFields.Manager(name: "\u{0}operation", operation: .update, apiVersion: kind.apiVersion)
        let manager = ManagedFields.Manager(
            name: name.isEmpty ? "unknown" : name,
            operation: .update,
            apiVersion: kind.apiVersion,
            subresource: subresource
        )
        let before = TypedValue(value: old, schema: type)
        let after = TypedValue(value: new, schema: type)
        var entries: [ManagedFields.Manager: ManagedFields.Entry]
        do {
            try after.validate(allowingDuplicates: true)
            try before.validate(allowingDuplicates: true)
        } catch {
            throw plain("failed to convert new object (\(label(new))) to smd typed: \(error)")
        }
        do {
            entries = try ownership.update(from: before, to: after, managed.entries, as: operation)
        } catch {
            throw status(error)
        }
        strip(&entries, operation)
        if let taken = entries.removeValue(forKey: operation) {
            let previous = entries[manager]?.fields ?? FieldSet()
            entries[manager] = ManagedFields.Entry(
                fields: taken.fields.union(previous),
                apiVersion: kind.apiVersion,
                time: now
            )
        }
        var result = managed
        result.entries = entries
        return result
    }

    /// Puts the oldest ordinary writers of a version together where there are too many.
    func cap(_ managed: inout ManagedFields) {
        let updaters = managed.entries.filter { $0.key.operation == .update }
            .sorted { a, b in
                let times = (a.value.time?.seconds ?? 0, b.value.time?.seconds ?? 0)
                if times.0 != times.1 { return times.0 < times.1 }
                return a.key.sortKey.compareBytes(to: b.key.sortKey) < 0
            }
        var count = updaters.count
        var first: [String: ManagedFields.Manager] = [:]
        var gathered: [ManagedFields.Manager: [FieldSet]] = [:]
        for (manager, entry) in updaters {
            guard count > Self.maximumUpdateManagers else { break }
            guard let earlier = first[entry.apiVersion] else {
                first[entry.apiVersion] = manager
                continue
            }
            let bucket = ManagedFields.Manager(
                name: "ancient-changes",
                operation: .update,
                apiVersion: entry.apiVersion
            )
            if managed.entries[bucket] == nil { managed.entries[bucket] = managed.entries.removeValue(forKey: earlier) }
            gathered[bucket, default: [managed.entries[bucket]?.fields ?? FieldSet()]].append(entry.fields)
            if manager != bucket { managed.entries[manager] = nil }
            managed.entries[bucket]?.time = entry.time
            managed.entries[bucket]?.apiVersion = entry.apiVersion
            count -= 1
        }
        for (bucket, sets) in gathered { managed.entries[bucket]?.fields = .union(of: sets) }
    }

    /// What `kubectl` applied on the client's side and what is still as it applied it.
    func lastApplied(_ live: JSONValue) -> FieldSet? {
        guard let text = Unstructured(live).annotations[Self.lastAppliedAnnotation], !text.isEmpty,
            // As the reference, which goes on without an annotation that it cannot read.
            let json = try? JSONValue(parsing: text), json["apiVersion"]?.stringValue == kind.apiVersion
        else { return nil }
        let applied = TypedValue(value: json, schema: type)
        let current = TypedValue(value: live, schema: type)
        do {
            try applied.validate(allowingDuplicates: false)
            try current.validate(allowingDuplicates: false)
            let comparison = try applied.compared(to: current)
            return applied.fieldSet.subtracting(comparison.modified).subtracting(comparison.added)
                .subtracting(comparison.removed)
        } catch {
            return nil
        }
    }

    /// Keeps the annotation of client-side apply true, where there is one.
    static func updateLastApplied(_ object: inout JSONValue, _ configuration: JSONValue) {
        let path = ["metadata", "annotations", lastAppliedAnnotation]
        guard let current = object.value(at: path)?.stringValue, !current.isEmpty else { return }
        var applied = configuration
        if applied.value(at: path) != nil { applied.set(nil, at: path) }
        object.set(.string(MergeValue.escapedText(applied) + "\n"), at: path)
        let annotations = object["metadata"]?["annotations"]?.objectValue ?? [:]
        let size = annotations.reduce(0) { $0 + $1.key.utf8.count + ($1.value.stringValue?.utf8.count ?? 0) }
        if size > Validation.maximumAnnotationBytes { object.set(nil, at: path) }
    }

    static func withoutManagedFields(_ object: JSONValue) -> JSONValue {
        guard object["metadata"]?["managedFields"] != nil else { return object }
        var result = object
        result.set(nil, at: ["metadata", "managedFields"])
        return result
    }

    static func setManagedFields(_ managed: ManagedFields, in object: inout JSONValue) {
        let json = managed.json
        if json == nil && object["metadata"]?["managedFields"] == nil { return }
        object.set(json, at: ["metadata", "managedFields"])
    }

    private func label(_ object: JSONValue) -> String {
        let given = Unstructured(object)
        return "\(given.namespace)/\(given.name); \(Self.typeText(given))"
    }

    /// A type as Go prints a `GroupVersionKind`: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. One that cannot be read is
    /// printed as none.
    static func typeText(_ object: Unstructured) -> String {
        if object.apiVersion.isEmpty { return "/, Kind=\(object.kind)" }
        guard let version = GroupVersion(apiVersion: object.apiVersion) else { return "/, Kind=" }
        return "\(version.group)/\(version.version), Kind=\(object.kind)"
    }

    /// A failure that the API server answers without a reason, code 500.
    func plain(_ message: String) -> Status { Status(code: 500, reason: nil, message: message) }

    func status(_ failure: Ownership.Failure) -> Status {
        switch failure {
        case .conflicts(let conflicts): conflicts.status
        case .faults(let message): plain(message)
        }
    }
}

extension Conflicts {
    /// The 409 that names every conflict.
    var status: Status {
        let message: String
        if all.count == 1, let only = all.first {
            message = "1 conflict: conflict with \(only.manager): \(FieldSet.text(only.path))"
        } else {
            var lines: [String] = []
            var previous: ManagedFields.Manager?
            for conflict in all {
                if conflict.manager != previous { lines.append("conflicts with \(conflict.manager):") }
                lines.append("- \(FieldSet.text(conflict.path))")
                previous = conflict.manager
            }
            message = "\(all.count) conflicts: \(lines.joined(separator: "\n"))"
        }
        let causes = all.map {
            Status.Cause(
                reason: "FieldManagerConflict",
                message: "conflict with \($0.manager)",
                field: FieldSet.text($0.path)
            )
        }
        return Status(
            code: 409,
            reason: .conflict,
            message: "Apply failed with \(message)",
            details: Status.Details(causes: causes)
        )
    }
}
