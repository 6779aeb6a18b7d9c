public import APIMachinery

/// A `fieldsV1` that cannot be read.
public struct FieldSetSyntaxError: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// The wire format of field sets, `fieldsV1`: `{"f:spec": {".": {}, "f:replicas": {}}}`.
extension FieldSet {
    /// Reads a `fieldsV1`. Kinds of path elements that are not known are ignored.
    ///
    /// - Throws: `FieldSetSyntaxError` if a key cannot be read or a value is not an object.
    public init(fieldsV1 json: JSONValue) throws(FieldSetSyntaxError) {
        self = try Self.read(json).children ?? FieldSet()
    }

    private static func read(_ json: JSONValue) throws(FieldSetSyntaxError) -> (children: FieldSet?, isMember: Bool) {
        guard case .object(let entries) = json else {
            throw FieldSetSyntaxError(description: "managed fields must be objects, not \(json.typeName)")
        }
        // Changed in place: with a second reference every insertion would copy all of it.
        var set = FieldSet()
        var isNested = false
        var isMember = false
        for (key, value) in entries {
            if key == "." {
                isMember = true
                continue
            }
            guard let element = try Element(serialized: key) else { continue }
            isNested = true
            let (below, hasSelf) = try read(value)
            if hasSelf { set.insert([element]) }
            guard let below else { continue }
            let (index, found) = search(set.children, element, \.element)
            if found {
                set.children[index].set = below
            } else {
                set.children.insert(Child(element: element, set: below), at: index)
            }
        }
        // A path with nothing below it is owned itself, with or without a dot.
        return (isNested ? set : nil, isMember || !isNested)
    }

    /// The set as `fieldsV1`.
    public var fieldsV1: JSONValue { .object(serialized(includingSelf: false)) }

    private func serialized(includingSelf: Bool) -> JSONObject {
        var result = JSONObject()
        if includingSelf && !(members.isEmpty && children.isEmpty) { result["."] = .object([:]) }
        for member in members { result[member.serialized] = .object([:]) }
        for child in children {
            result[child.element.serialized] = .object(
                child.set.serialized(includingSelf: hasMember(child.element))
            )
        }
        return result
    }
}

extension FieldSet.Element {
    /// Reads a key of `fieldsV1`; `nil` for a kind of element that is not known.
    init?(serialized text: String) throws(FieldSetSyntaxError) {
        let bytes = Array(text.utf8)
        guard bytes.count >= 2 else { throw FieldSetSyntaxError(description: "key must be 2 characters long: \(text)") }
        guard bytes[1] == UInt8(ascii: ":") else { throw FieldSetSyntaxError(description: "missing colon: \(text)") }
        let content = bytes[2...]
        switch bytes[0] {
        case UInt8(ascii: "f"): self = .field(String(decoding: content, as: UTF8.self))
        case UInt8(ascii: "v"): self = .value(try Self.parse(content, text))
        case UInt8(ascii: "k"):
            guard case .object(let members) = try Self.parse(content, text) else {
                throw FieldSetSyntaxError(description: "the keys of a list element must be an object: \(text)")
            }
            self = .key(members.map { FieldSet.KeyField(name: $0.key, value: $0.value) })
        case UInt8(ascii: "i"):
            guard let index = Int(String(decoding: content, as: UTF8.self)) else {
                throw FieldSetSyntaxError(description: "an index must be a number: \(text)")
            }
            self = .index(index)
        default: return nil
        }
    }

    private static func parse(_ bytes: ArraySlice<UInt8>, _ text: String) throws(FieldSetSyntaxError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw FieldSetSyntaxError(description: "\(error) in \(text)")
        }
    }

    /// The element as a key of `fieldsV1`.
    var serialized: String {
        switch self {
        case .field(let name): "f:\(name)"
        case .key(let fields):
            "k:" + MergeValue.escapedText(.object(JSONObject(fields.map { ($0.name, $0.value) })))
        case .value(let value): "v:" + MergeValue.escapedText(value)
        case .index(let index): "i:\(index)"
        }
    }
}
