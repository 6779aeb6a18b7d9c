/// A JSON document of any shape: what an API server, a patch or a step's output is made of.
///
/// Numbers keep the distinction that Kubernetes makes: text without fraction and exponent that fits 64 bits is
/// an `int`, everything else a `double`; `1` and `1.0` are different values. Strings compare by their UTF-8
/// bytes, not by Unicode equivalence, as every other implementation of JSON does.
public enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue: Hashable {
    /// Equality of values: members in any order, lists in order, `1` unequal to `1.0`.
    public static func == (lhs: JSONValue, rhs: JSONValue) -> Bool {
        switch (lhs, rhs) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.int(let a), .int(let b)): a == b
        case (.double(let a), .double(let b)): a == b
        case (.string(let a), .string(let b)): a.equalsBytes(of: b)
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)): a == b
        default: false
        }
    }

    /// Hashes the value consistently with its byte-wise equality.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0)
        case .bool(let value): hasher.combine(value)
        case .int(let value): hasher.combine(value)
        case .double(let value): hasher.combine(value)
        case .string(var value): value.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

extension JSONValue {
    /// The text, if this is a string.
    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }

    /// The truth value, if this is a boolean.
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The integer, if this is a number without fraction.
    public var intValue: Int64? { if case .int(let value) = self { value } else { nil } }

    /// The number as a double, whether it was written with a fraction or not.
    public var doubleValue: Double? {
        switch self {
        case .double(let value): value
        case .int(let value): Double(value)
        default: nil
        }
    }

    /// The elements, if this is a list.
    public var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }

    /// The members, if this is an object.
    public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// Whether this is JSON's `null`.
    public var isNull: Bool { if case .null = self { true } else { false } }

    /// The member of that name; `nil` if it is missing or this is not an object.
    ///
    /// Setting a member turns anything that is not an object into one; setting `nil` removes the member.
    public subscript(key: String) -> JSONValue? {
        get { if case .object(let object) = self { object[key] } else { nil } }
        set {
            var object: JSONObject
            if case .object(let existing) = self {
                object = existing
            } else if newValue == nil {
                return
            } else {
                object = JSONObject()
            }
            self = .null  // leaves `object` the only owner of its storage, so that the change is made in place
            object[key] = newValue
            self = .object(object)
        }
    }

    /// The element at that position; `nil` if it is missing or this is not a list.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let array) = self, array.indices.contains(index) else { return nil }
        return array[index]
    }

    /// Follows member names down from this value.
    public func value(at path: [String]) -> JSONValue? {
        var current = self
        for name in path {
            guard let next = current[name] else { return nil }
            current = next
        }
        return current
    }

    /// Follows member names down from this value.
    public func value(at path: String...) -> JSONValue? { value(at: path) }

    /// Sets the value at a path of member names, making objects on the way; `nil` removes it.
    public mutating func set(_ newValue: JSONValue?, at path: some Collection<String>) {
        guard let first = path.first else {
            self = newValue ?? .null
            return
        }
        let rest = path.dropFirst()
        if rest.isEmpty {
            self[first] = newValue
        } else {
            var child = self[first] ?? .object([:])
            if newValue == nil && self[first] == nil { return }
            self[first] = JSONValue.null
            child.set(newValue, at: rest)
            self[first] = child
        }
    }

    /// The word JSON Schema has for this kind of value.
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .int: "integer"
        case .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

// There is no `ExpressibleByNilLiteral`, on purpose: with it, `found ? value : nil` is JSON's null where a missing
// value is meant, and nothing warns. Write `.null`.
extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements))
    }
}

extension String {
    /// Whether both texts have the same UTF-8 bytes. `==` would also equate composed and decomposed characters.
    public func equalsBytes(of other: String) -> Bool {
        utf8.count == other.utf8.count && compareBytes(to: other) == 0
    }

    /// Below zero, zero or above zero as this text's UTF-8 bytes sort before, equal to or after the other's.
    public func compareBytes(to other: String) -> Int {
        let viaStorage = utf8.withContiguousStorageIfAvailable { a in
            other.utf8.withContiguousStorageIfAvailable { b in
                let common = Swift.min(a.count, b.count)
                var index = 0
                while index < common {
                    if a[index] != b[index] { return Int(a[index]) - Int(b[index]) }
                    index += 1
                }
                return a.count - b.count
            }
        }
        if case .some(.some(let order)) = viaStorage { return order }
        if utf8.elementsEqual(other.utf8) { return 0 }
        return utf8.lexicographicallyPrecedes(other.utf8) ? -1 : 1
    }
}
