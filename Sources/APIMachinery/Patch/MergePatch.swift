extension Patch {
    /// Applies a JSON merge patch (RFC 7386) as it came in the request.
    public static func merge(
        _ patch: some Collection<UInt8>,
        into document: JSONValue
    ) throws(PatchError) -> Outcome {
        let (patch, duplicates) = try decode(patch)
        return Outcome(result: try merge(patch, into: document), duplicates: duplicates)
    }

    /// Applies a JSON merge patch: members replace members, `null` removes them, lists are replaced whole.
    ///
    /// Follows evanphx/json-patch v4 where that differs from the RFC: see `merged`.
    public static func merge(_ patch: JSONValue, into document: JSONValue) throws(PatchError) -> JSONValue {
        guard case .object(let members) = patch else {
            throw PatchError(
                code: 400,
                message: patch.isNull
                    ? "Invalid JSON Patch"
                    : "error decoding patch: a merge patch is an object, not a JSON \(patch.typeName)"
            )
        }
        guard case .object(var result) = document else { return withoutNulls(patch) }
        merge(members, into: &result)
        return .object(result)
    }

    private static func merge(_ patch: JSONObject, into document: inout JSONObject) {
        for (key, value) in patch {
            if value.isNull {
                document.removeValue(forKey: key)
            } else if let current = document[key], !current.isNull {
                document.modify(key, default: .null) { $0 = merged(current, value) }
            } else {
                document[key] = withoutNulls(value)
            }
        }
    }

    private static func merged(_ current: JSONValue, _ patch: JSONValue) -> JSONValue {
        guard case .object(var document) = current else { return withoutNulls(patch) }
        // The reference's oddity: what replaces an object without being one keeps its nulls.
        guard case .object(let members) = patch else { return patch }
        merge(members, into: &document)
        return .object(document)
    }

    /// Nulls in objects mean "remove" and are dropped where there is nothing to remove, also in the objects
    /// that a list contains. Nulls as elements of lists are values.
    private static func withoutNulls(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(members.compactMapValues { _, member in member.isNull ? nil : withoutNulls(member) })
        case .array(let elements): .array(elements.map(withoutNulls))
        default: value
        }
    }
}
