public import APIMachinery

extension ManagedFields {
    /// The new object with the old times in its `managedFields`, if nothing else about it changed: a write that
    /// repeats what is there shall not make a new resourceVersion.
    public static func ignoringTimestamps(_ new: JSONValue, old: JSONValue) -> JSONValue {
        guard case .array(let newEntries)? = new["metadata"]?["managedFields"],
            case .array(let oldEntries)? = old["metadata"]?["managedFields"], newEntries.count == oldEntries.count,
            newEntries != oldEntries
        else { return new }
        func timeless(_ entry: JSONValue) -> JSONValue {
            var entry = entry
            entry["time"] = nil
            return entry
        }
        guard newEntries.map(timeless) == oldEntries.map(timeless),
            FieldManager.withoutManagedFields(new) == FieldManager.withoutManagedFields(old)
        else { return new }
        return old
    }
}
