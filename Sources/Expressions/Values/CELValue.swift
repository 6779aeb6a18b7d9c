public import APIMachinery

/// A value of the Common Expression Language.
///
/// Lists and maps that come from JSON stay JSON inside and are converted element by element when an expression
/// looks at them, so that wrapping a large document costs nothing.
public enum CELValue: Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    case list(CELList)
    case map(CELMap)
    case timestamp(ZonedTimestamp)
    case duration(nanoseconds: Int64)
    /// A type as a value, by its name.
    case type(String)
    indirect case optional(CELValue?)
    /// A value of one of Kubernetes' libraries: a quantity, an address, a version …
    indirect case opaque(OpaqueValue)
}

extension CELValue {
    /// The CEL value of a JSON value; constant time, however large the document is.
    public init(json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .array(let value): self = .list(CELList(json: value))
        case .object(let value): self = .map(CELMap(json: value))
        }
    }

    /// A moment in UTC.
    public init(timestamp: Timestamp) {
        self = .timestamp(ZonedTimestamp(timestamp, offsetSeconds: 0))
    }

    /// A list of these values.
    public init(list: [CELValue]) { self = .list(CELList(list)) }

    /// The name of the value's type, as `type(x)` prints it.
    public var typeName: String {
        switch self {
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .list: "list"
        case .map: "map"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .type: "type"
        case .optional: "optional_type"
        case .opaque(let value): value.typeName
        }
    }

    /// The truth value, if this is a boolean.
    public var boolValue: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The text, if this is a string.
    public var stringValue: String? { if case .string(let value) = self { value } else { nil } }

    /// Whether this is what `optional.ofNonZeroValue` leaves out: null, zero, empty.
    var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .uint(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .bytes(let value): value.isEmpty
        case .list(let value): value.isEmpty
        case .map(let value): value.count == 0
        case .duration(let value): value == 0
        // Go's zero time, the first moment of the year 1, is the reference's zero.
        case .timestamp(let value): value.instant == Timestamp(seconds: -62_135_596_800)
        case .type, .optional, .opaque: false
        }
    }
}

/// A moment, and the offset from UTC in which it was written: `string(timestamp)` gives the text back as it was.
public struct ZonedTimestamp: Sendable {
    /// The moment.
    public var instant: Timestamp
    /// Seconds east of UTC.
    public var offsetSeconds: Int32

    /// A moment and the offset it is written in.
    public init(_ instant: Timestamp, offsetSeconds: Int32) {
        self.instant = instant
        self.offsetSeconds = offsetSeconds
    }
}
