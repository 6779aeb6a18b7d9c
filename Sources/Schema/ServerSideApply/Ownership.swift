internal import APIMachinery

/// Fields that an apply would change although others own them.
struct Conflicts: Error, Sendable {
    struct Conflict: Sendable {
        var manager: ManagedFields.Manager
        var path: FieldSet.Path
    }

    var all: [Conflict]
}

/// Keeps ownership true while an object changes (`structured-merge-diff/merge`).
struct Ownership: Sendable {
    /// The types of the kind in each version that is served; entries in other versions are forgotten.
    var versions: @Sendable (String) -> TypeSchema?
    /// Fields that this request cannot change and so cannot own.
    var ignored: FieldSet
    /// The version of this request.
    var apiVersion: String

    /// What can go wrong.
    enum Failure: Error { case conflicts(Conflicts), faults(String) }

    /// After an ordinary write: the writer owns what it changed, the others no longer do.
    func update(
        from live: TypedValue,
        to new: TypedValue,
        _ entries: [ManagedFields.Manager: ManagedFields.Entry],
        as manager: ManagedFields.Manager
    ) throws(Failure) -> [ManagedFields.Manager: ManagedFields.Entry] {
        let reconciled = reconcile(entries, with: live)
        var (result, comparison) = try track(from: live, to: new, reconciled, except: manager, isForced: true)
        let own = (result[manager]?.fields ?? FieldSet())
            .subtracting(comparison.removed).union(comparison.modified).union(comparison.added)
            .subtractingRecursively(ignored)
        result[manager] =
            own.isEmpty
            ? nil : ManagedFields.Entry(fields: own, apiVersion: apiVersion, time: result[manager]?.time)
        return result
    }

    /// Lays an applied configuration over the live object; what the manager applied before and leaves out now is
    /// removed unless another manager owns it.
    ///
    /// - Returns: the new object, `nil` where nothing changes, and who owns what now.
    func apply(
        _ configuration: TypedValue,
        to live: TypedValue,
        _ entries: [ManagedFields.Manager: ManagedFields.Entry],
        as manager: ManagedFields.Manager,
        isForced: Bool
    ) throws(Failure) -> (object: JSONValue?, entries: [ManagedFields.Manager: ManagedFields.Entry]) {
        var current = reconcile(entries, with: live)
        let merged: TypedValue
        do {
            merged = try live.merging(configuration)
        } catch {
            throw .faults("failed to merge config: \(error)")
        }
        let last = current[manager]
        current[manager] = ManagedFields.Entry(
            fields: configuration.fieldSet.subtractingRecursively(ignored),
            apiVersion: apiVersion,
            time: last?.time
        )
        var new = merged
        if let last, !last.fields.isEmpty { new = prune(merged, current, last) }
        let (result, _) = try track(from: live, to: new, current, except: manager, isForced: isForced)
        guard let value = new.value, let before = live.value, !MergeValue.areEqual(before, value) else {
            return (new.value == nil ? .some(.object([:])) : nil, result)
        }
        return (value, result)
    }

    /// Takes changed and removed fields from everybody but the manager that changed them.
    private func track(
        from old: TypedValue,
        to new: TypedValue,
        _ entries: [ManagedFields.Manager: ManagedFields.Entry],
        except manager: ManagedFields.Manager,
        isForced: Bool
    ) throws(Failure) -> (entries: [ManagedFields.Manager: ManagedFields.Entry], comparison: Comparison) {
        var comparisons: [String: Comparison] = [:]
        let own = try compare(old, new)
        comparisons[apiVersion] = own
        var result = entries
        var conflicts: [Conflicts.Conflict] = []
        for (other, entry) in entries.sorted(by: { $0.key.sortKey.compareBytes(to: $1.key.sortKey) < 0 })
        where other != manager {
            let comparison: Comparison
            if let known = comparisons[entry.apiVersion] {
                comparison = known
            } else if let before = convert(old, to: entry.apiVersion), let after = convert(new, to: entry.apiVersion) {
                comparison = try compare(before, after)
                comparisons[entry.apiVersion] = comparison
            } else {
                result[other] = nil
                continue
            }
            let taken = entry.fields.intersection(comparison.modified.union(comparison.added))
            conflicts += taken.paths.map { Conflicts.Conflict(manager: other, path: $0) }
            result[other]?.fields = entry.fields.subtracting(taken).subtracting(comparison.removed)
        }
        if !isForced && !conflicts.isEmpty { throw .conflicts(Conflicts(all: conflicts)) }
        return (result.filter { !$0.value.fields.isEmpty }, own)
    }

    private func compare(_ old: TypedValue, _ new: TypedValue) throws(Failure) -> Comparison {
        do {
            return try old.compared(to: new).excluding(ignored)
        } catch {
            throw .faults("failed to compare objects: \(error)")
        }
    }

    /// The value in another version; `nil` where there is no such version.
    private func convert(_ value: TypedValue, to version: String) -> TypedValue? {
        if value.value?["apiVersion"]?.stringValue == version { return value }
        guard let schema = versions(version) else { return nil }
        var json = value.value
        json?["apiVersion"] = .string(version)
        return TypedValue(value: json, schema: schema)
    }

    /// Removes what was applied before, and puts back what others own or what the manager never owned.
    private func prune(
        _ merged: TypedValue,
        _ entries: [ManagedFields.Manager: ManagedFields.Entry],
        _ last: ManagedFields.Entry
    ) -> TypedValue {
        guard let converted = convert(merged, to: last.apiVersion) else { return merged }
        var pruned = converted.removing(last.fields.withNamedFields(converted.schema))

        var owned: [String: FieldSet] = [:]
        for entry in entries.values {
            owned[entry.apiVersion] = (owned[entry.apiVersion] ?? FieldSet()).union(entry.fields)
        }
        var whole = converted
        // The version of the pruned fields comes first.
        let order = owned.keys.sorted { a, b in
            if (a == last.apiVersion) != (b == last.apiVersion) { return a == last.apiVersion }
            return a.compareBytes(to: b) < 0
        }
        for version in order {
            guard let fields = owned[version], let all = convert(whole, to: version),
                let rest = convert(pruned, to: version)
            else { continue }
            let kept = rest.fieldSet.withNamedFields(rest.schema).union(fields.withNamedFields(rest.schema))
            pruned = all.removing(all.fieldSet.withNamedFields(all.schema).subtracting(kept))
            whole = all
        }

        guard let rest = convert(pruned, to: last.apiVersion) else { return merged }
        let kept = rest.fieldSet.withNamedFields(converted.schema)
        let all = converted.fieldSet.withNamedFields(converted.schema)
        let gone = all.subtracting(kept).intersection(last.fields.withNamedFields(converted.schema))
        let result = converted.removing(gone)
        return convert(result, to: apiVersion) ?? result
    }

    /// The entries in terms of the types of today.
    private func reconcile(
        _ entries: [ManagedFields.Manager: ManagedFields.Entry],
        with live: TypedValue
    ) -> [ManagedFields.Manager: ManagedFields.Entry] {
        var result: [ManagedFields.Manager: ManagedFields.Entry] = [:]
        for (manager, entry) in entries {
            guard let converted = convert(live, to: entry.apiVersion) else { continue }
            var entry = entry
            if let fields = converted.reconciled(entry.fields) { entry.fields = fields }
            result[manager] = entry
        }
        return result
    }
}
