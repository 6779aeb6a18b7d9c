/// A static type: what the checker knows of an expression before it is evaluated.
public indirect enum CELType: Sendable, Hashable {
    /// Anything; what is known only when the expression is evaluated.
    case dyn
    case null
    case bool
    case int
    case uint
    case double
    case string
    case bytes
    case timestamp
    case duration
    case list(CELType)
    case map(CELType, CELType)
    case optional(CELType)
    /// The type of a type, such as that of the expression `int`.
    case type(CELType)
    /// A type with named fields, made from a schema.
    case object(CELObjectType)
    /// A type of one of Kubernetes' libraries, by its name.
    case opaque(String)
    /// A type parameter in the signature of a function.
    case parameter(String)
    /// An unknown that the checker is solving for.
    case variable(Int)
    /// The type of an expression that is wrong already; it fits everywhere, so that one mistake is reported once.
    case error
}

/// An object type: a name and the types of its fields, under the names by which expressions select them.
public final class CELObjectType: Sendable, Hashable {
    /// The name, unique among the types of one environment.
    public let name: String
    /// The fields' types.
    public let fields: [String: CELType]

    /// An object type of that name with those fields.
    public init(name: String, fields: [String: CELType]) {
        self.name = name
        self.fields = fields
    }

    /// The type of a field. A field whose name is a reserved word has an escaped name, `__namespace__`, and can be
    /// selected by the word itself as well, as in Kubernetes since 1.31.
    func type(of field: String) -> CELType? {
        fields[field] ?? (ReservedWord.all.contains(field) ? fields[ReservedWord.escaped(field)] : nil)
    }

    public static func == (lhs: CELObjectType, rhs: CELObjectType) -> Bool { lhs.name == rhs.name }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension CELType: CustomStringConvertible {
    /// The type as it is written in messages: `map(string, list(int))`.
    public var description: String {
        switch self {
        case .dyn, .parameter, .variable: "dyn"
        case .null: "null"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "timestamp"
        case .duration: "duration"
        case .list(let element): "list(\(element))"
        case .map(let key, let value): "map(\(key), \(value))"
        case .optional(let wrapped): "optional_type(\(wrapped))"
        case .type(let type): "type(\(type))"
        case .object(let type): type.name
        case .opaque(let name): name
        case .error: "!error!"
        }
    }

    /// The types that expressions can name, by the name that `type()` returns for their values.
    static let named: [String: CELType] = [
        "bool": .bool, "bytes": .bytes, "double": .double, "int": .int, "string": .string, "uint": .uint,
        "list": .list(.dyn), "map": .map(.dyn, .dyn), "null_type": .null, "type": .type(.dyn),
        "google.protobuf.Duration": .duration, "google.protobuf.Timestamp": .timestamp,
        "optional_type": .optional(.dyn),
        OpaqueValue.quantityType: .opaque(OpaqueValue.quantityType),
        OpaqueValue.urlType: .opaque(OpaqueValue.urlType),
        OpaqueValue.ipType: .opaque(OpaqueValue.ipType),
        OpaqueValue.cidrType: .opaque(OpaqueValue.cidrType),
        OpaqueValue.semverType: .opaque(OpaqueValue.semverType),
        OpaqueValue.formatType: .opaque(OpaqueValue.formatType),
    ]
}

extension CELType {
    /// Whether a value may stand where this type is asked for. Of lists and maps only the first element is
    /// looked at, as in the reference: choosing an overload must not cost more than the call.
    func accepts(_ value: CELValue) -> Bool {
        switch (self, value) {
        case (.dyn, _), (.parameter, _), (.variable, _), (.error, _): true
        case (.null, .null), (.bool, .bool), (.int, .int), (.uint, .uint), (.double, .double), (.string, .string),
            (.bytes, .bytes), (.timestamp, .timestamp), (.duration, .duration), (.type, .type):
            true
        case (.optional(let type), .optional(let wrapped)): wrapped.map { type.accepts($0) } ?? true
        case (.list(let element), .list(let list)): list.first.map { element.accepts($0) } ?? true
        case (.map(let keyType, let valueType), .map(let map)):
            map.first.map { keyType.accepts($0.key) && valueType.accepts($0.value) } ?? true
        case (.object, .map): true
        case (.opaque(let name), .opaque(let value)): value.typeName == name
        default: false
        }
    }
}
