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
        case .bytes(let value): return .string(Self.base64(value))
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

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let available = min(3, bytes.count - index)
            var group: UInt32 = 0
            for position in 0..<3 {
                group = group << 8 | UInt32(position < available ? bytes[index + position] : 0)
            }
            for position in 0..<4 {
                let sextet = Int(group >> UInt32(18 - 6 * position) & 0x3F)
                result.append(position <= available ? alphabet[sextet] : UInt8(ascii: "="))
            }
            index += 3
        }
        return String(decoding: result, as: UTF8.self)
    }
}
