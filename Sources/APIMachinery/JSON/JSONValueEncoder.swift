/// Makes JSON trees of Swift values, without going through bytes.
public struct JSONValueEncoder: Sendable {
    /// An encoder; it has no settings.
    public init() {}

    /// The tree that describes the value.
    public func encode(_ value: some Encodable) throws -> JSONValue {
        try TreeEncoder.tree(of: value, codingPath: [])
    }
}

/// Where containers put what they are given; a class because `Encoder` hands out references to it.
private final class TreeNode {
    var value: JSONValue?
    /// Children that are still being filled in, in the order of their first use.
    var members: [(key: String, node: TreeNode)] = []
    var elements: [TreeNode] = []
    var isObject = false
    var isArray = false

    var tree: JSONValue {
        if isObject {
            return .object(JSONObject(members.lazy.map { ($0.key, $0.node.tree) }))
        }
        if isArray { return .array(elements.map(\.tree)) }
        return value ?? .object([:])
    }
}

private struct TreeEncoder: Encoder {
    let node: TreeNode
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    static func tree(of value: some Encodable, codingPath: [any CodingKey]) throws -> JSONValue {
        if let tree = value as? JSONValue { return tree }
        let node = TreeNode()
        try value.encode(to: TreeEncoder(node: node, codingPath: codingPath))
        return node.tree
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        node.isObject = true
        return KeyedEncodingContainer(KeyedTree<Key>(node: node, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        node.isArray = true
        return UnkeyedTree(node: node, codingPath: codingPath)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        SingleTree(node: node, codingPath: codingPath)
    }
}

private struct SingleTree: SingleValueEncodingContainer {
    let node: TreeNode
    let codingPath: [any CodingKey]

    mutating func encodeNil() { node.value = .null }
    mutating func encode(_ value: Bool) { node.value = .bool(value) }
    mutating func encode(_ value: String) { node.value = .string(value) }
    mutating func encode(_ value: Double) { node.value = .double(value) }
    mutating func encode(_ value: Float) { node.value = .double(Double(value)) }
    mutating func encode(_ value: Int) { node.value = .int(Int64(value)) }
    mutating func encode(_ value: Int8) { node.value = .int(Int64(value)) }
    mutating func encode(_ value: Int16) { node.value = .int(Int64(value)) }
    mutating func encode(_ value: Int32) { node.value = .int(Int64(value)) }
    mutating func encode(_ value: Int64) { node.value = .int(value) }
    mutating func encode(_ value: UInt) { node.value = Self.number(UInt64(value)) }
    mutating func encode(_ value: UInt8) { node.value = .int(Int64(value)) }
    mutating func encode(_ value: UInt16) { node.value = .int(Int64(value)) }
    mutating func encode(_ value: UInt32) { node.value = .int(Int64(value)) }
    mutating func encode(_ value: UInt64) { node.value = Self.number(value) }
    mutating func encode(_ value: some Encodable) throws {
        node.value = try TreeEncoder.tree(of: value, codingPath: codingPath)
    }

    static func number(_ value: UInt64) -> JSONValue {
        Int64(exactly: value).map(JSONValue.int) ?? .double(Double(value))
    }
}

private struct KeyedTree<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: TreeNode
    let codingPath: [any CodingKey]

    private func child(_ key: some CodingKey) -> TreeEncoder {
        let child = TreeNode()
        node.members.append((key.stringValue, child))
        return TreeEncoder(node: child, codingPath: codingPath + [key])
    }

    mutating func encodeNil(forKey key: Key) { child(key).node.value = .null }
    mutating func encode(_ value: some Encodable, forKey key: Key) throws {
        let encoder = child(key)
        encoder.node.value = try TreeEncoder.tree(of: value, codingPath: encoder.codingPath)
    }
    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<Nested> { child(key).container(keyedBy: type) }
    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        child(key).unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder { child(TreeKey(stringValue: "super")) }
    mutating func superEncoder(forKey key: Key) -> any Encoder { child(key) }
}

private struct UnkeyedTree: UnkeyedEncodingContainer {
    let node: TreeNode
    let codingPath: [any CodingKey]
    var count: Int { node.elements.count }

    private func child() -> TreeEncoder {
        let child = TreeNode()
        node.elements.append(child)
        return TreeEncoder(node: child, codingPath: codingPath + [TreeKey(intValue: count - 1)])
    }

    mutating func encodeNil() { child().node.value = .null }
    mutating func encode(_ value: some Encodable) throws {
        let encoder = child()
        encoder.node.value = try TreeEncoder.tree(of: value, codingPath: encoder.codingPath)
    }
    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        child().container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { child().unkeyedContainer() }
    mutating func superEncoder() -> any Encoder { child() }
}

extension JSONValue: Codable {
    /// Reads any tree; a matter of assignment with `JSONValueDecoder`, of trying types with any other decoder.
    public init(from decoder: any Decoder) throws {
        // What the value is shows in which container there is; without one of these it is a scalar.
        if let container = try? decoder.container(keyedBy: TreeKey.self) {
            var object = JSONObject()
            for key in container.allKeys {
                object.updateValue(try container.decode(JSONValue.self, forKey: key), forKey: key.stringValue)
            }
            self = .object(object)
            return
        }
        // As above.
        if var container = try? decoder.unkeyedContainer() {
            var array: [JSONValue] = []
            while !container.isAtEnd { array.append(try container.decode(JSONValue.self)) }
            self = .array(array)
            return
        }
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(String.self) {  // or of the next type
            self = .string(value)
        } else if let value = try? container.decode(Bool.self) {  // or of the next type
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {  // or of the next type
            self = .int(value)
        } else {
            self = .double(try container.decode(Double.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value): try value.encode(to: encoder)
        case .int(let value): try value.encode(to: encoder)
        case .double(let value): try value.encode(to: encoder)
        case .string(let value): try value.encode(to: encoder)
        case .array(let value): try value.encode(to: encoder)
        case .object(let members):
            var container = encoder.container(keyedBy: TreeKey.self)
            for (key, value) in members { try container.encode(value, forKey: TreeKey(stringValue: key)) }
        }
    }
}
