public import APIMachinery

/// Metadata that is not an object's metadata.
public struct CoercionError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The fault in the words of the reference's JSON decoder.
    public var description: String

    /// A fault worded by the caller.
    public init(_ description: String) { self.description = description }
}

/// Brings `metadata` into the form of `metav1.ObjectMeta`: unknown fields go, empty ones are left out, times are
/// written in UTC. Done for every object and for every embedded resource.
public enum ObjectMetaCoercion {
    /// The metadata in that form, and the paths of what was not known, below `metadata`.
    ///
    /// - Throws: `CoercionError` where a field has the wrong type.
    public static func coerce(_ metadata: JSONValue) throws(CoercionError) -> (metadata: JSONValue, unknown: [String]) {
        switch metadata {
        case .null: return (.object([:]), [])
        case .object(let members):
            var unknown: [String] = []
            let result = try record(members, fields, "ObjectMeta", "", &unknown)
            return (.object(result), unknown)
        default: throw Self.wrong(metadata, "ObjectMeta", "", "v1.ObjectMeta")
        }
    }

    private indirect enum Kind {
        case string, integer, optionalInteger, boolean, time, raw
        case texts, list([(String, Kind)], String), map
    }

    private static let fields: [(String, Kind)] = [
        ("name", .string), ("generateName", .string), ("namespace", .string), ("selfLink", .string), ("uid", .string),
        ("resourceVersion", .string), ("generation", .integer), ("creationTimestamp", .time),
        ("deletionTimestamp", .time), ("deletionGracePeriodSeconds", .optionalInteger), ("labels", .map),
        ("annotations", .map), ("ownerReferences", .list(ownerReference, "OwnerReference")), ("finalizers", .texts),
        ("managedFields", .list(managedField, "ManagedFieldsEntry")),
    ]

    private static let ownerReference: [(String, Kind)] = [
        ("apiVersion", .string), ("kind", .string), ("name", .string), ("uid", .string), ("controller", .boolean),
        ("blockOwnerDeletion", .boolean),
    ]

    /// Fields of an owner reference that are written even where they are empty.
    private static let always: Set<String> = [
        "OwnerReference.apiVersion", "OwnerReference.kind", "OwnerReference.name",
    ]

    private static let managedField: [(String, Kind)] = [
        ("manager", .string), ("operation", .string), ("apiVersion", .string), ("time", .time),
        ("fieldsType", .string), ("fieldsV1", .raw), ("subresource", .string),
    ]

    private static func record(
        _ members: JSONObject,
        _ fields: [(String, Kind)],
        _ type: String,
        _ path: String,
        _ unknown: inout [String]
    ) throws(CoercionError) -> JSONObject {
        var result = JSONObject()
        for (name, value) in members {
            let inner = path.isEmpty ? name : "\(path).\(name)"
            guard let kind = fields.first(where: { $0.0.equalsBytes(of: name) })?.1 else {
                unknown.append(inner)
                continue
            }
            if value.isNull { continue }
            if let kept = try field(value, kind, type, name, inner, &unknown) { result[name] = kept }
        }
        return result
    }

    /// The field's value as it is written again; `nil` where it is empty and so left out.
    private static func field(
        _ value: JSONValue,
        _ kind: Kind,
        _ type: String,
        _ name: String,
        _ path: String,
        _ unknown: inout [String]
    ) throws(CoercionError) -> JSONValue? {
        switch (kind, value) {
        case (.string, .string(let text)): return text.isEmpty && !always.contains("\(type).\(name)") ? nil : value
        case (.integer, .int(let number)): return number == 0 ? nil : value
        case (.optionalInteger, .int), (.boolean, .bool), (.raw, _): return value
        case (.time, .string(let text)):
            guard let time = Timestamp(rfc3339: text) else {
                throw CoercionError(
                    "parsing time \(GoText.quoted(text)) as \"2006-01-02T15:04:05Z07:00\": cannot parse "
                        + "\(GoText.quoted(text)) as \"2006\""
                )
            }
            return .string(time.rfc3339)
        case (.map, .object(let entries)):
            var result = entries
            for (key, entry) in entries {
                switch entry {
                case .string: break
                case .null: result[key] = ""
                default: throw wrong(entry, type, name, "string")
                }
            }
            return entries.isEmpty ? nil : .object(result)
        case (.texts, .array(let elements)):
            var result: [JSONValue] = []
            for element in elements {
                guard element.stringValue != nil || element.isNull else { throw wrong(element, type, name, "string") }
                result.append(element.isNull ? "" : element)
            }
            return result.isEmpty ? nil : .array(result)
        case (.list(let fields, let elementType), .array(let elements)):
            var result: [JSONValue] = []
            for (index, element) in elements.enumerated() {
                guard let members = element.objectValue ?? (element.isNull ? [:] : nil) else {
                    throw wrong(element, type, name, "v1.\(elementType)")
                }
                let inner = try record(members, fields, elementType, "\(path)[\(index)]", &unknown)
                result.append(.object(inner))
            }
            return result.isEmpty ? nil : .array(result)
        default: throw wrong(value, type, name, goType(kind))
        }
    }

    private static func goType(_ kind: Kind) -> String {
        switch kind {
        case .string: "string"
        case .integer, .optionalInteger: "int64"
        case .boolean: "bool"
        case .time: "string"
        case .raw: "v1.FieldsV1"
        case .texts: "[]string"
        case .map: "map[string]string"
        case .list(_, let element): "[]v1.\(element)"
        }
    }

    private static func wrong(_ value: JSONValue, _ type: String, _ name: String, _ wanted: String) -> CoercionError {
        let kind =
            switch value {
            case .bool: "bool"
            case .int, .double: "number"
            default: value.typeName
            }
        let place = name.isEmpty ? "Go value" : "Go struct field \(type).\(name)"
        return CoercionError("json: cannot unmarshal \(kind) into \(place) of type \(wanted)")
    }
}
