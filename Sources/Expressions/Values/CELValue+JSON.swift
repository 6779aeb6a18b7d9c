public import APIMachinery

extension CELValue {
    /// The value as JSON, for outputs and templates.
    ///
    /// Values that JSON does not have become what Kubernetes makes of them: times and durations their text, bytes
    /// base64, an optional its value or null, keys of maps their text. Numbers too large for an int, NaN and
    /// infinities become text.
    public var json: JSONValue {
        switch self {
        case .null: return .null
        case .bool(let value): return .bool(value)
        case .int(let value): return .int(value)
        case .uint(let value): return Int64(exactly: value).map { .int($0) } ?? .string(String(value))
        case .double(let value): return value.isFinite ? .double(value) : .string(NumberText.general(value))
        case .string(let value): return .string(value)
        case .bytes(let value): return .string(Base64.encode(value))
        case .list(let list):
            if case .json(let values) = list.storage { return .array(values) }
            return .array(list.map(\.json))
        case .map(let map):
            if case .json(let object) = map.storage { return .object(object) }
            return .object(JSONObject(map.pairs.map { ($0.key.summary, $0.value.json) }))
        case .timestamp(let value): return .string(value.text)
        case .duration(let nanoseconds): return .string(DurationText.text(nanoseconds: nanoseconds))
        case .type(let name): return .string(name)
        case .optional(let value): return value?.json ?? .null
        case .opaque(let value): return .string(value.text)
        }
    }

    /// The value in a message or as a key of a JSON object: strings as they are, everything else as short as it
    /// can be said.
    var summary: String {
        switch self {
        case .string(let value): value
        case .null: "null"
        case .bool(let value): String(value)
        case .int(let value): String(value)
        case .uint(let value): String(value)
        case .double(let value): NumberText.general(value)
        case .timestamp(let value): value.text
        case .duration(let nanoseconds): DurationText.text(nanoseconds: nanoseconds)
        case .type(let name): name
        case .opaque(let value): value.text
        case .bytes, .list, .map, .optional: json.text
        }
    }
}
