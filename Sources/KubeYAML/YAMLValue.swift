internal import APIMachinery

/// A document as read: JSON, but for unsigned integers, which `JSONValue` cannot hold exactly.
indirect enum YAMLValue {
    case scalar(YAMLScalar)
    case array([YAMLValue])
    /// Members in the order in which they were first given, each name once.
    case object([(key: String, value: YAMLValue)])

    var json: JSONValue {
        switch self {
        case .scalar(.null): .null
        case .scalar(.bool(let value)): .bool(value)
        case .scalar(.int(let value)): .int(value)
        case .scalar(.uint(let value)): .double(Double(value))
        case .scalar(.double(let value)): Self.json(value)
        case .scalar(.string(let value)): .string(value)
        case .array(let elements): .array(elements.map(\.json))
        case .object(let members): .object(JSONObject(members.lazy.map { ($0.key, $0.value.json) }))
        }
    }

    /// Appends the value as JSON, members sorted by name.
    func write(to output: inout [UInt8]) {
        switch self {
        case .scalar(.uint(let value)): output += Array(String(value).utf8)
        case .scalar(.string(let text)): JSONWriter.append(quoted: text, to: &output)
        case .scalar(.int(let value)): output += Array(String(value).utf8)
        case .scalar(.double(let value)): output += Array(JSONWriter.format(value).utf8)
        case .scalar(.bool(let value)): output += Array((value ? "true" : "false").utf8)
        case .scalar(.null): output += Array("null".utf8)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            let sorted = members.sorted { $0.key.compareBytes(to: $1.key) < 0 }
            for (index, member) in sorted.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                JSONWriter.append(quoted: member.key, to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    /// As the JSON text reads that the number becomes on its way: `3.0` is written `3`, an integer, and
    /// `1.8446744073709552e17` is written with zeros for the digits that a double does not determine.
    private static func json(_ value: Double) -> JSONValue {
        guard value.magnitude < 1e19, value == value.rounded() else { return .double(value) }
        return Int64(JSONWriter.format(value)).map(JSONValue.int) ?? .double(value)
    }
}
