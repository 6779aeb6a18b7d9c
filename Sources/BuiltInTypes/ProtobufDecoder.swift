package import APIMachinery

/// Reads bodies in Kubernetes' binary encoding (`application/vnd.kubernetes.protobuf`), which its own clients use
/// for built-in kinds. Answers are always JSON, which all of them take.
package enum ProtobufDecoder {
    /// Why bytes are no such body.
    package struct Failure: Error {
        package var message: String

        package init(message: String) { self.message = message }
    }

    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    /// What a number stands for.
    package enum Entry: Sendable {
        /// A field. Go writes it even if it is not set, unless it is a pointer: then its zero is none.
        case field(TypeField, isOmittedWhenZero: Bool)
        /// A message whose fields are members of the object itself.
        case embedded([UInt64: Entry])
    }

    static let tables = [protobufNumbers, autoscalingNumbers]

    /// The entries of each type by number.
    package static let numbers: [String: [UInt64: Entry]] = {
        var lines: [String: [Substring]] = [:]
        for line in tables.flatMap({ $0.split(separator: "\n") }) {
            let words = line.split(separator: " ")
            if let type = words.first { lines[String(type)] = Array(words.dropFirst()) }
        }
        func entries(_ words: [Substring], _ fields: [TypeField]) -> [UInt64: Entry] {
            var result: [UInt64: Entry] = [:]
            for word in words {
                let sides = word.split(separator: "=")
                guard sides.count == 2, let number = UInt64(sides[1].prefix { $0 != "-" }) else { continue }
                if sides[0].hasPrefix("^") {
                    result[number] = .embedded(entries(lines[String(sides[0].dropFirst())] ?? [], fields))
                } else if let field = fields.first(where: { $0.name == sides[0] }) {
                    result[number] = .field(field, isOmittedWhenZero: sides[1].hasSuffix("-"))
                }
            }
            return result
        }
        var result: [String: [UInt64: Entry]] = [:]
        for (type, words) in lines {
            guard let definition = TypeCatalog.builtIn[type] else { continue }
            result[type] = entries(words, definition.fields)
        }
        return result
    }()

    /// The object in an envelope, as JSON.
    package static func decode(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        guard bytes.starts(with: magic) else {
            throw Failure(message: "the body does not begin with the magic bytes of the encoding")
        }
        var apiVersion = ""
        var kind = ""
        var raw: ArraySlice<UInt8> = []
        var reader = WireReader(bytes[magic.count...])
        while let (number, value) = try reader.next() {
            guard case .bytes(let content) = value else { continue }
            switch number {
            case 1:
                var inner = WireReader(content)
                while let (number, value) = try inner.next() {
                    guard case .bytes(let text) = value else { continue }
                    if number == 1 { apiVersion = try string(text) } else if number == 2 { kind = try string(text) }
                }
            case 2: raw = content
            default: break
            }
        }
        let type =
            switch (apiVersion, kind) {
            case ("events.k8s.io/v1", "Event"): "EventsEvent"
            case ("autoscaling/v1", "HorizontalPodAutoscaler"): "V1HorizontalPodAutoscaler"
            default: kind
            }
        guard numbers[type] != nil else {
            throw Failure(message: "objects of kind \(kind) (\(apiVersion)) are only taken as JSON or YAML")
        }
        var object = try message(raw, type, depth: 0)
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        return object
    }

    /// What has been read of a message. Lists and maps come an element at a time, a million of them perhaps: each
    /// becomes a value once.
    private struct Parts {
        var members = JSONObject()
        var lists: [String: [JSONValue]] = [:]
        var maps: [String: [(String, JSONValue)]] = [:]

        var object: JSONValue {
            var object = members
            for (name, elements) in lists { object[name] = .array(elements) }
            for (name, members) in maps { object[name] = .object(JSONObject(members)) }
            return .object(object)
        }
    }

    private static func message(_ bytes: ArraySlice<UInt8>, _ type: String, depth: Int) throws(Failure) -> JSONValue {
        var parts = Parts()
        try read(bytes, numbers[type] ?? [:], into: &parts, depth: depth)
        return parts.object
    }

    private static func read(
        _ bytes: ArraySlice<UInt8>,
        _ table: [UInt64: Entry],
        into parts: inout Parts,
        depth: Int
    ) throws(Failure) {
        guard depth < 32 else { throw Failure(message: "nested too deeply") }
        var reader = WireReader(bytes)
        while let (number, value) = try reader.next() {
            switch table[number] {
            case nil: continue
            case .embedded(let inner)?:
                guard case .bytes(let content) = value else { throw Failure(message: "a message is a number") }
                try read(content, inner, into: &parts, depth: depth + 1)
            case .field(let field, let isOmittedWhenZero)?:
                switch field.type {
                case .list(let element):
                    parts.lists[field.name, default: []].append(try self.value(value, element, depth: depth))
                case .map(let element):
                    guard case .bytes(let entry) = value else { throw Failure(message: "\(field.name) is not a map") }
                    parts.maps[field.name, default: []].append(try mapEntry(entry, element, depth: depth))
                default:
                    let read = try self.value(value, field.type, depth: depth)
                    let isZero = read == "" || read == 0 || read == false
                    parts.members[field.name] = read.isNull || isZero && isOmittedWhenZero ? nil : read
                }
            }
        }
    }

    private static func mapEntry(
        _ bytes: ArraySlice<UInt8>,
        _ type: TypeReference,
        depth: Int
    ) throws(Failure) -> (String, JSONValue) {
        var key = ""
        var member: JSONValue = ""
        var reader = WireReader(bytes)
        while let (number, value) = try reader.next() {
            if number == 1, case .bytes(let text) = value { key = try string(text) }
            if number == 2 { member = try self.value(value, type, depth: depth) }
        }
        return (key, member)
    }

    private static func value(_ wire: WireReader.Value, _ type: TypeReference, depth: Int) throws(Failure) -> JSONValue
    {
        switch (type, wire) {
        case (.named(let name), .bytes(let bytes)): return try message(bytes, name, depth: depth + 1)
        case (.scalar("bool"), .number(let number)): return .bool(number != 0)
        case (.scalar, .number(let number)): return .int(Int64(bitPattern: number))
        case (.scalar("bytes"), .bytes(let bytes)): return .string(Base64.encode(Array(bytes)))
        // A time that is not set is an empty message.
        case (.scalar("time"), .bytes([])), (.scalar("microtime"), .bytes([])): return .null
        case (.scalar("time"), .bytes(let bytes)): return .string(try time(bytes).rfc3339)
        case (.scalar("microtime"), .bytes(let bytes)): return .string(try time(bytes).rfc3339Micro)
        case (.scalar("quantity"), .bytes(let bytes)):
            var reader = WireReader(bytes)
            while let (number, value) = try reader.next() {
                if number == 1, case .bytes(let text) = value { return .string(try string(text)) }
            }
            return "0"
        case (.scalar("intorstring"), .bytes(let bytes)): return try intOrString(bytes)
        case (.scalar("any"), .bytes(let bytes)):
            var reader = WireReader(bytes)
            while let (number, value) = try reader.next() {
                guard number == 1, case .bytes(let raw) = value else { continue }
                // What is no JSON is refused where the value is decoded, with its place.
                return (try? JSONValue(parsing: raw)) ?? .null
            }
            return .object([:])
        case (.scalar, .bytes(let bytes)): return .string(try string(bytes))
        default: throw Failure(message: "a field has another wire type than its own")
        }
    }

    private static func intOrString(_ bytes: ArraySlice<UInt8>) throws(Failure) -> JSONValue {
        var isText = false
        var number: Int64 = 0
        var text = ""
        var reader = WireReader(bytes)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .number(let kind)): isText = kind == 1
            case (2, .number(let value)): number = Int64(bitPattern: value)
            case (3, .bytes(let value)): text = try string(value)
            default: break
            }
        }
        return isText ? .string(text) : .int(number)
    }

    private static func time(_ bytes: ArraySlice<UInt8>) throws(Failure) -> Timestamp {
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        var reader = WireReader(bytes)
        while let (number, value) = try reader.next() {
            guard case .number(let content) = value else { continue }
            if number == 1 {
                seconds = Int64(bitPattern: content)
            } else if number == 2 {
                nanoseconds = Int64(bitPattern: content)
            }
        }
        return Timestamp(seconds: seconds, nanoseconds: min(max(nanoseconds, 0), 999_999_999))
    }

    private static func string(_ bytes: ArraySlice<UInt8>) throws(Failure) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(message: "a text is not valid UTF-8")
        }
        return text
    }
}

/// Takes a message of the protobuf encoding apart, field by field.
private struct WireReader {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field's number and value; `nil` at the end.
    mutating func next() throws(ProtobufDecoder.Failure) -> (number: UInt64, value: Value)? {
        guard !rest.isEmpty else { return nil }
        let tag = try varint()
        switch tag & 7 {
        case 0: return (tag >> 3, .number(try varint()))
        case 1: return (tag >> 3, .number(try fixed(8)))
        case 2:
            let length = try varint()
            guard length <= UInt64(rest.count) else {
                throw ProtobufDecoder.Failure(message: "a field is longer than the body")
            }
            let content = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            return (tag >> 3, .bytes(content))
        case 5: return (tag >> 3, .number(try fixed(4)))
        default: throw ProtobufDecoder.Failure(message: "unknown wire type \(tag & 7)")
        }
    }

    private mutating func varint() throws(ProtobufDecoder.Failure) -> UInt64 {
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = rest.popFirst() {
            guard shift < 64 else { throw ProtobufDecoder.Failure(message: "a number has too many bytes") }
            result |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return result }
            shift += 7
        }
        throw ProtobufDecoder.Failure(message: "the body ends within a number")
    }

    private mutating func fixed(_ count: Int) throws(ProtobufDecoder.Failure) -> UInt64 {
        guard rest.count >= count else { throw ProtobufDecoder.Failure(message: "the body ends within a number") }
        var result: UInt64 = 0
        for (index, byte) in rest.prefix(count).enumerated() { result |= UInt64(byte) << UInt64(8 * index) }
        rest = rest.dropFirst(count)
        return result
    }
}
