extension Patch {
    /// Applies a strategic merge patch as it came in the request.
    public static func strategic(
        _ patch: some Collection<UInt8>,
        to document: JSONValue,
        schema: StrategicMergeSchema
    ) throws(PatchError) -> Outcome {
        let (patch, duplicates) = try decode(patch)
        return Outcome(result: try strategic(patch, to: document, schema: schema), duplicates: duplicates)
    }

    /// Applies a strategic merge patch: a merge patch that also merges lists, as the schema says, and that has
    /// directives (`$patch`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`, `$retainKeys`).
    ///
    /// Follows `k8s.io/apimachinery/pkg/util/strategicpatch`. Fields that the schema does not know are merged as
    /// plain JSON.
    public static func strategic(
        _ patch: JSONValue,
        to document: JSONValue,
        schema: StrategicMergeSchema
    ) throws(PatchError) -> JSONValue {
        if patch.isNull { return document }
        guard case .object(let members) = patch else {
            throw PatchError(
                code: 400,
                message: "error decoding patch: a strategic merge patch is an object, not a JSON \(patch.typeName)"
            )
        }
        return .object(try StrategicMerge.merge(members, into: document.objectValue ?? [:], schema: schema))
    }
}

/// The names that mean something to the merge.
enum StrategicDirective {
    static let marker = "$patch"
    static let retainKeys = "$retainKeys"
    static let deletePrefix = "$deleteFromPrimitiveList"
    static let orderPrefix = "$setElementOrder"

    /// The field that a parallel list is for: what stands behind the slash.
    static func field(of key: String, prefix: String) -> String? {
        let bytes = key.utf8
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")), key[..<slash] == prefix else { return nil }
        return String(key[bytes.index(after: slash)...])
    }
}

/// Merging of objects.
enum StrategicMerge {
    static func merge(
        _ patch: JSONObject,
        into original: JSONObject,
        schema: StrategicMergeSchema
    ) throws(PatchError) -> JSONObject {
        var patch = patch
        if let directive = patch.removeValue(forKey: StrategicDirective.marker) {
            switch directive {
            case "replace": return patch
            case "delete": return [:]
            default: throw unknownDirective(directive, in: patch)
            }
        }
        var result = original
        try retainKeys(&patch, &result)
        try applyElementOrder(&patch, &result, schema)
        // What is deleted from a list goes before what is added to it.
        let deletions = try takeDeletions(&patch)
        result = try result.merged(with: deletions) { name, current, value throws(PatchError) in
            try mergeMember(name, current, value, deletes: true, schema: schema)
        }
        return try result.merged(with: patch) { name, current, value throws(PatchError) in
            try mergeMember(name, current, value, deletes: false, schema: schema)
        }
    }

    /// Takes the members `$deleteFromPrimitiveList/…` out of the patch and returns them by the name of their field.
    private static func takeDeletions(_ patch: inout JSONObject) throws(PatchError) -> JSONObject {
        guard patch.contains(where: { $0.key.hasPrefix(StrategicDirective.deletePrefix) }) else { return [:] }
        var deletions: [(String, JSONValue)] = []
        for (key, value) in patch where key.hasPrefix(StrategicDirective.deletePrefix) {
            guard let field = StrategicDirective.field(of: key, prefix: StrategicDirective.deletePrefix) else {
                throw PatchError(code: 400, message: "invalid patch format of primitive list")
            }
            // A directive that names nothing stays what it is, as an unknown field.
            deletions.append((field.isEmpty ? key : field, value))
        }
        patch = patch.compactMapValues { key, value in key.hasPrefix(StrategicDirective.deletePrefix) ? nil : value }
        return JSONObject(deletions)
    }

    /// What a member becomes; `nil` if it goes.
    private static func mergeMember(
        _ name: String,
        _ current: JSONValue?,
        _ value: JSONValue,
        deletes: Bool,
        schema: StrategicMergeSchema
    ) throws(PatchError) -> JSONValue? {
        if value.isNull { return nil }
        let field = schema.field(name)
        switch (current, value) {
        case (.object(let original)?, .object(let members)):
            if field.strategy == .replace { return value }
            return .object(try merge(members, into: original, schema: schema.schema(of: field)))
        case (.array(let original)?, .array(let elements)):
            let merge = StrategicListMerge(field: field, schema: schema.schema(of: field))
            return .array(try merge.apply(elements, to: original, deletes: deletes))
        default:
            if deletes, !hasSameType(current, value) { return current }
            // Nothing there, or something of another type, or a scalar: the patch's value is taken.
            return withoutDirectives(withoutNulls(value))
        }
    }

    private static func hasSameType(_ original: JSONValue?, _ value: JSONValue) -> Bool {
        original?.typeName == value.typeName
    }

    /// `$retainKeys`: whatever the object has besides these is removed; and the patch may give nothing else.
    private static func retainKeys(_ patch: inout JSONObject, _ result: inout JSONObject) throws(PatchError) {
        guard let directive = patch.removeValue(forKey: StrategicDirective.retainKeys) else { return }
        let refusal = PatchError(code: 400, message: "invalid patch format of retainKeys")
        guard case .array(let names) = directive else { throw refusal }
        let retained = Set(names)
        for (key, value) in patch where !value.isNull && !key.hasPrefix(StrategicDirective.deletePrefix) {
            if key.hasPrefix(StrategicDirective.orderPrefix) { continue }
            if !retained.contains(.string(key)) { throw refusal }
        }
        result = result.compactMapValues { key, value in retained.contains(.string(key)) ? value : nil }
    }

    /// `$setElementOrder/…`: merges the list that each is for, if there is one, and brings it into order.
    private static func applyElementOrder(
        _ patch: inout JSONObject,
        _ result: inout JSONObject,
        _ schema: StrategicMergeSchema
    ) throws(PatchError) {
        for key in patch.keys where key.hasPrefix(StrategicDirective.orderPrefix) {
            guard case .array(let order)? = patch.removeValue(forKey: key) else { throw notAList(key) }
            guard let name = StrategicDirective.field(of: key, prefix: StrategicDirective.orderPrefix) else {
                throw PatchError(code: 400, message: "invalid patch format of setElementOrder list")
            }
            let original = try list(result[name], name)
            let elements = try list(patch[name], name)
            let field = schema.field(name)
            let merge = StrategicListMerge(field: field, schema: schema.schema(of: field))
            if let merged = try merge.apply(elements, to: original, order: order) {
                result[name] = .array(merged)
                patch.removeValue(forKey: name)
            }
        }
    }

    private static func list(_ value: JSONValue?, _ name: String) throws(PatchError) -> [JSONValue]? {
        guard let value else { return nil }
        guard case .array(let elements) = value else { throw notAList(name) }
        return elements
    }

    private static func notAList(_ name: String) -> PatchError {
        PatchError(code: 500, message: "expected a list in \(name)")
    }

    static func unknownDirective(_ directive: JSONValue, in object: JSONObject) -> PatchError {
        let shown = directive.stringValue ?? directive.text
        return PatchError(code: 500, message: "unknown patch type: \(shown) in map: \(JSONValue.object(object).text)")
    }

    /// What is left of a new value without the objects that carry a directive; `nil` if it is itself one.
    static func withoutDirectives(_ value: JSONValue) -> JSONValue? {
        switch value {
        case .object(let members):
            if members[StrategicDirective.marker] != nil { return nil }
            return .object(members.compactMapValues { _, member in withoutDirectives(member) })
        case .array(let elements): return .array(elements.compactMap(withoutDirectives))
        default: return value
        }
    }

    /// Nulls in objects mean "remove", and there is nothing to remove in a new value. Those in lists stay.
    private static func withoutNulls(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(members.compactMapValues { _, member in member.isNull ? nil : withoutNulls(member) })
        case .array(let elements): .array(elements.map(withoutNulls))
        default: value
        }
    }
}
