public import APIMachinery

/// A list inside an expression: of values, of JSON, or of whatever a host provides.
public struct CELList: Sendable {
    enum Storage: Sendable {
        case values([CELValue])
        case json([JSONValue])
        case source(any CELListSource)
    }

    let storage: Storage

    /// A list of these values.
    public init(_ values: [CELValue]) { storage = .values(values) }

    /// A list of these JSON values, converted when they are looked at.
    public init(json: [JSONValue]) { storage = .json(json) }

    /// A list whose elements, equality and concatenation the host decides.
    public init(_ source: any CELListSource) { storage = .source(source) }
}

/// A list that a host provides, for instance with elements typed by a schema.
public protocol CELListSource: AnyObject, Sendable {
    /// How many elements there are.
    var count: Int { get }

    /// The element at an index between zero and the count.
    func element(at index: Int) -> CELValue

    /// Whether this list equals another one, where it is more than equality of the elements in their order
    /// (Kubernetes' lists of type `set` and `map`); `nil` leaves it at that.
    func isEqual(to other: CELList) -> Bool?

    /// What `+` gives, where it is more than one list after the other; `nil` leaves it at that.
    func appending(_ other: CELList) -> CELList?
}

extension CELListSource {
    public func isEqual(to other: CELList) -> Bool? { nil }
    public func appending(_ other: CELList) -> CELList? { nil }
}

extension CELList: RandomAccessCollection {
    public var startIndex: Int { 0 }

    public var endIndex: Int {
        switch storage {
        case .values(let values): values.count
        case .json(let values): values.count
        case .source(let source): source.count
        }
    }

    public subscript(position: Int) -> CELValue {
        switch storage {
        case .values(let values): values[position]
        case .json(let values): CELValue(json: values[position])
        case .source(let source): source.element(at: position)
        }
    }

    /// The elements as an array, for functions that rearrange them.
    var values: [CELValue] {
        if case .values(let values) = storage { return values }
        return Array(self)
    }

    /// This list followed by the other.
    func appending(_ other: CELList) -> CELList {
        if case .source(let source) = storage, let result = source.appending(other) { return result }
        if isEmpty { return other }
        if other.isEmpty { return self }
        if case .json(let first) = storage, case .json(let second) = other.storage {
            return CELList(json: first + second)
        }
        var result = values
        result.append(contentsOf: other.values)
        return CELList(result)
    }
}
