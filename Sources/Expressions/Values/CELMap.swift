public import APIMachinery

/// A map inside an expression: a JSON object, keys and values of any type, or whatever a host provides.
public struct CELMap: Sendable {
    enum Storage: Sendable {
        case json(JSONObject)
        case entries(CELMapEntries)
        case source(any CELMapSource)
    }

    let storage: Storage

    /// A map with the object's members, converted when they are looked at.
    public init(json: JSONObject) { storage = .json(json) }

    /// A map of these entries; the last of several with equal keys wins.
    public init(_ pairs: [(CELValue, CELValue)]) {
        var entries = CELMapEntries()
        for (key, value) in pairs { entries.set(key, to: value) }
        storage = .entries(entries)
    }

    /// A map whose members the host provides.
    public init(_ source: any CELMapSource) { storage = .source(source) }

    init(entries: CELMapEntries) { storage = .entries(entries) }

    /// How many entries there are.
    public var count: Int {
        switch storage {
        case .json(let object): object.count
        case .entries(let entries): entries.keys.count
        case .source(let source): source.keys.count
        }
    }

    /// The keys, in the order in which macros visit them.
    public var keys: [CELValue] {
        switch storage {
        case .json(let object): object.map { .string($0.key) }
        case .entries(let entries): entries.keys
        case .source(let source): source.keys.map { .string($0) }
        }
    }

    /// The value of a string key.
    public subscript(name: String) -> CELValue? {
        switch storage {
        case .json(let object): object[name].map { CELValue(json: $0) }
        case .entries(let entries): entries.find(.string(name))
        case .source(let source): source.value(for: name)
        }
    }

    /// The value of a key. Numbers find keys of another numeric type that have the same value.
    public func value(for key: CELValue) -> CELValue? {
        if case .string(let name) = key { return self[name] }
        guard case .entries(let entries) = storage else { return nil }
        return entries.find(key)
    }
}

/// An object that a host provides, for instance with members typed by a schema and under escaped names.
public protocol CELMapSource: AnyObject, Sendable {
    /// The names of the members that are present.
    var keys: [String] { get }

    /// The member of that name, if it is present.
    func value(for name: String) -> CELValue?
}

/// The entries of a map that an expression built, in the order in which they came.
struct CELMapEntries: Sendable {
    private(set) var keys: [CELValue] = []
    private(set) var values: [CELValue] = []
    private var positions: [Key: Int] = [:]

    /// Sets a key's value; a key equal in type and value is replaced.
    mutating func set(_ key: CELValue, to value: CELValue) {
        guard let hashable = Key(key) else {
            keys.append(key)
            values.append(value)
            return
        }
        if let position = positions[hashable] {
            values[position] = value
        } else {
            positions[hashable] = keys.count
            keys.append(key)
            values.append(value)
        }
    }

    /// Removes a key. Only map literals with optional entries do this, so that it may be slow.
    mutating func remove(_ key: CELValue) {
        guard let hashable = Key(key), let position = positions.removeValue(forKey: hashable) else { return }
        keys.remove(at: position)
        values.remove(at: position)
        for (other, index) in positions where index > position { positions[other] = index - 1 }
    }

    /// The value of a key of the same type and value; failing that of another numeric type with that value.
    /// A double finds integers, integers do not find doubles, as in the reference.
    func find(_ key: CELValue) -> CELValue? {
        guard let hashable = Key(key) else { return nil }
        if let position = positions[hashable] { return values[position] }
        switch key {
        case .double(let value):
            if let int = Int64(exactly: value), let position = positions[.int(int)] { return values[position] }
            guard let uint = UInt64(exactly: value) else { return nil }
            return positions[.uint(uint)].map { values[$0] }
        case .int(let value):
            guard let uint = UInt64(exactly: value) else { return nil }
            return positions[.uint(uint)].map { values[$0] }
        case .uint(let value):
            guard let int = Int64(exactly: value) else { return nil }
            return positions[.int(int)].map { values[$0] }
        default:
            return nil
        }
    }

    /// A key as it is hashed. Lists, maps and the like have none: each is a key of its own that is never found.
    private enum Key: Hashable {
        case null
        case bool(Bool)
        case int(Int64)
        case uint(UInt64)
        case double(Double)
        case string(ByteString)
        case timestamp(seconds: Int64, nanoseconds: Int32, offset: Int32)
        case duration(Int64)
        case type(String)

        init?(_ value: CELValue) {
            switch value {
            case .null: self = .null
            case .bool(let value): self = .bool(value)
            case .int(let value): self = .int(value)
            case .uint(let value): self = .uint(value)
            case .double(let value): self = .double(value)
            case .string(let value): self = .string(ByteString(value))
            case .timestamp(let value):
                self = .timestamp(
                    seconds: value.instant.seconds,
                    nanoseconds: value.instant.nanoseconds,
                    offset: value.offsetSeconds
                )
            case .duration(let value): self = .duration(value)
            case .type(let name): self = .type(name)
            case .bytes, .list, .map, .optional, .opaque: return nil
            }
        }
    }
}

/// A text that equals another only byte by byte; Swift's own equality ignores how characters are composed.
struct ByteString: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (lhs: ByteString, rhs: ByteString) -> Bool { lhs.text.equalsBytes(of: rhs.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension CELMap {
    /// Any one entry.
    var first: (key: CELValue, value: CELValue)? {
        switch storage {
        case .json(let object): object.first.map { (.string($0.key), CELValue(json: $0.value)) }
        case .entries(let entries): entries.keys.first.map { ($0, entries.values[0]) }
        case .source(let source):
            source.keys.first.flatMap { name in source.value(for: name).map { (.string(name), $0) } }
        }
    }

    /// All entries, in the order in which macros visit them.
    var pairs: [(key: CELValue, value: CELValue)] {
        switch storage {
        case .json(let object): object.map { (.string($0.key), CELValue(json: $0.value)) }
        case .entries(let entries): zip(entries.keys, entries.values).map { ($0, $1) }
        case .source(let source):
            source.keys.compactMap { name in source.value(for: name).map { (.string(name), $0) } }
        }
    }
}
