import APIMachinery

/// The binary form of OpenAPI version 2 documents (`gnostic.openapi.v2.Document`), the only one that kubectl asks
/// for when it checks a manifest by itself.
enum OpenAPIBinary {
    static let contentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    /// The document; the input is its JSON form.
    static func document(_ json: JSONValue) -> [UInt8] {
        var output = WireWriter()
        output.text(1, json["swagger"]?.stringValue ?? "2.0")
        output.message(2) { info in
            info.text(1, json["info"]?["title"]?.stringValue ?? "")
            info.text(2, json["info"]?["version"]?.stringValue ?? "")
        }
        output.message(8) { paths in
            for (name, item) in json["paths"]?.objectValue ?? [:] {
                paths.message(2) { named in
                    named.text(1, name)
                    named.message(2) { pathItem(item, into: &$0) }
                }
            }
        }
        output.message(9) { definitions in
            for (name, schema) in json["definitions"]?.objectValue ?? [:] {
                definitions.message(1) { self.named(name, schema, into: &$0) }
            }
        }
        return output.bytes
    }

    private static func named(_ name: String, _ schema: JSONValue, into output: inout WireWriter) {
        output.text(1, name)
        output.message(2) { self.schema(schema, into: &$0) }
    }

    // MARK: Paths

    private static let methods: [(name: String, number: UInt64)] = [
        ("get", 2), ("put", 3), ("post", 4), ("delete", 5), ("patch", 8),
    ]

    private static func pathItem(_ item: JSONValue, into output: inout WireWriter) {
        for (method, number) in methods {
            guard let operation = item[method] else { continue }
            output.message(number) { self.operation(operation, into: &$0) }
        }
        for parameter in item["parameters"]?.arrayValue ?? [] {
            output.message(9) { self.parameter(parameter, into: &$0) }
        }
    }

    private static func operation(_ operation: JSONValue, into output: inout WireWriter) {
        for type in operation["consumes"]?.arrayValue ?? [] { output.text(7, type.stringValue ?? "") }
        for parameter in operation["parameters"]?.arrayValue ?? [] {
            output.message(8) { self.parameter(parameter, into: &$0) }
        }
        // Nobody reads the answers' schemas, but there must be answers.
        output.message(9) { responses in
            responses.message(1) { named in
                named.text(1, "200")
                named.message(2) { value in value.message(1) { $0.text(1, "OK") } }
            }
        }
        extensions(of: operation, number: 13, into: &output)
    }

    private static func parameter(_ parameter: JSONValue, into output: inout WireWriter) {
        let place = parameter["in"]?.stringValue ?? ""
        let name = parameter["name"]?.stringValue ?? ""
        output.message(1) { item in
            if place == "body" {
                item.message(1) { body in
                    body.text(2, name)
                    body.text(3, place)
                    body.flag(4, true)
                    body.message(5) { self.schema(parameter["schema"] ?? .null, into: &$0) }
                }
                return
            }
            item.message(2) { simple in
                simple.message(place == "path" ? 4 : 3) { inner in
                    if parameter["required"]?.boolValue == true { inner.flag(1, true) }
                    inner.text(2, place)
                    inner.text(4, name)
                    inner.text(place == "path" ? 5 : 6, parameter["type"]?.stringValue ?? "string")
                }
            }
        }
    }

    // MARK: Schemas

    private static let texts: [(name: String, number: UInt64)] = [
        ("$ref", 1), ("format", 2), ("title", 3), ("description", 4), ("pattern", 13),
    ]
    private static let numbers: [(name: String, number: UInt64)] = [("multipleOf", 6), ("maximum", 7), ("minimum", 9)]
    private static let integers: [(name: String, number: UInt64)] = [
        ("maxLength", 11), ("minLength", 12), ("maxItems", 14), ("minItems", 15), ("maxProperties", 17),
        ("minProperties", 18),
    ]

    private static func schema(_ schema: JSONValue, into output: inout WireWriter) {
        for (name, number) in texts { if let text = schema[name]?.stringValue { output.text(number, text) } }
        for (name, number) in numbers { if let value = schema[name]?.doubleValue { output.double(number, value) } }
        for (name, number) in integers { if let value = schema[name]?.intValue { output.number(number, value) } }
        if schema["exclusiveMaximum"]?.boolValue == true { output.flag(8, true) }
        if schema["exclusiveMinimum"]?.boolValue == true { output.flag(10, true) }
        for name in schema["required"]?.arrayValue ?? [] { output.text(19, name.stringValue ?? "") }
        for value in schema["enum"]?.arrayValue ?? [] { output.message(20) { $0.text(2, value.text) } }
        switch schema["additionalProperties"] {
        case .bool(let isAllowed)?: output.message(21) { $0.flag(2, isAllowed) }
        case .object(let members)?:
            output.message(21) { item in item.message(1) { self.schema(.object(members), into: &$0) } }
        default: break
        }
        if let type = schema["type"]?.stringValue { output.message(22) { $0.text(1, type) } }
        if let items = schema["items"] {
            output.message(23) { item in item.message(1) { self.schema(items, into: &$0) } }
        }
        if let properties = schema["properties"]?.objectValue {
            output.message(25) { all in
                for (name, property) in properties { all.message(1) { self.named(name, property, into: &$0) } }
            }
        }
        extensions(of: schema, number: 31, into: &output)
    }

    private static func extensions(of value: JSONValue, number: UInt64, into output: inout WireWriter) {
        for (name, content) in value.objectValue ?? [:] where name.hasPrefix("x-") {
            output.message(number) { named in
                named.text(1, name)
                // JSON is YAML, which is how extensions are written.
                named.message(2) { $0.text(2, content.text) }
            }
        }
    }
}

/// Writes messages of the protobuf encoding.
private struct WireWriter {
    private(set) var bytes: [UInt8] = []

    mutating func text(_ number: UInt64, _ text: String) { field(number, Array(text.utf8)) }

    mutating func flag(_ number: UInt64, _ value: Bool) {
        varint(number << 3)
        varint(value ? 1 : 0)
    }

    mutating func number(_ number: UInt64, _ value: Int64) {
        varint(number << 3)
        varint(UInt64(bitPattern: value))
    }

    mutating func double(_ number: UInt64, _ value: Double) {
        varint(number << 3 | 1)
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(8 * shift))) }
    }

    mutating func message(_ number: UInt64, _ body: (inout WireWriter) -> Void) {
        var inner = WireWriter()
        body(&inner)
        field(number, inner.bytes)
    }

    private mutating func field(_ number: UInt64, _ content: [UInt8]) {
        varint(number << 3 | 2)
        varint(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
