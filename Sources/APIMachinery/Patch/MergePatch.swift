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
        guard case .object(let original) = document else { return withoutNulls(patch) }
        return .object(merge(members, into: original))
    }

    private static func merge(_ patch: JSONObject, into document: JSONObject) -> JSONObject {
        document.merged(with: patch) { _, current, value in
            if value.isNull { return nil }
            guard let current, !current.isNull else { return withoutNulls(value) }
            return merged(current, value)
        }
    }

    private static func merged(_ current: JSONValue, _ patch: JSONValue) -> JSONValue {
        guard case .object(let document) = current else { return withoutNulls(patch) }
        // The reference's oddity: what replaces an object without being one keeps its nulls.
        guard case .object(let members) = patch else { return patch }
        return .object(merge(members, into: document))
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
