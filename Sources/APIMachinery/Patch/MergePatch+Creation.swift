extension Patch {
    /// The merge patch (RFC 7386) that makes the second value of the first; `nil` if they are the same.
    ///
    /// A merge patch cannot set a member to `null`; the values must have none.
    public static func mergePatch(from old: JSONValue, to new: JSONValue) -> JSONValue? {
        if old == new { return .none }
        guard let before = old.objectValue, let after = new.objectValue else { return new }
        var patch = JSONObject()
        for key in before.keys where after[key] == nil { patch[key] = JSONValue.null }
        for (key, value) in after {
            guard let was = before[key] else {
                patch[key] = value
                continue
            }
            if let change = mergePatch(from: was, to: value) { patch[key] = change }
        }
        return .object(patch)
    }
}
