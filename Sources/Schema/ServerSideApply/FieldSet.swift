public import APIMachinery

/// A set of paths into an object: the fields that one manager owns (`structured-merge-diff/fieldpath`).
///
/// A tree: `members` are owned here, `children` lead further down and need not be owned themselves. Both are sorted,
/// so that sets are combined in one pass.
public struct FieldSet: Sendable, Hashable {
    /// One step of a path.
    public enum Element: Sendable {
        /// A member of an object.
        case field(String)
        /// The element of a keyed list that has these keys, sorted by name.
        case key([KeyField])
        /// The element of a set with this value.
        case value(JSONValue)
        /// The element of a list at this position.
        case index(Int)
    }

    /// One of the keys that identify an element of a list.
    public struct KeyField: Sendable, Hashable {
        public var name: String
        public var value: JSONValue

        /// The key of that name and value.
        public init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// A path, from the object down.
    public typealias Path = [Element]

    struct Child: Sendable, Hashable {
        var element: Element
        var set: FieldSet
    }

    var members: [Element] = []
    var children: [Child] = []

    /// The empty set.
    public init() {}

    /// A set of these paths.
    public init(_ paths: [Path]) {
        for path in paths { insert(path) }
    }

    /// A set of paths of member names only, such as `["metadata", "labels"]`.
    public init(fields: [[String]]) { self.init(fields.map { $0.map(Element.field) }) }

    /// Adds a path. The empty path, the whole object, is never part of a set.
    public mutating func insert(_ path: Path) { insert(path[...]) }

    private mutating func insert(_ path: ArraySlice<Element>) {
        guard let first = path.first else { return }
        let rest = path.dropFirst()
        if rest.isEmpty {
            let (index, found) = Self.search(members, first) { $0 }
            if !found { members.insert(first, at: index) }
        } else {
            let (index, found) = Self.search(children, first, \.element)
            if !found { children.insert(Child(element: first, set: FieldSet()), at: index) }
            children[index].set.insert(rest)
        }
    }

    /// Whether there is no path in the set.
    public var isEmpty: Bool { members.isEmpty && children.allSatisfy { $0.set.isEmpty } }

    /// Whether that very path is in the set.
    public func contains(_ path: Path) -> Bool {
        guard let last = path.last else { return false }
        var set = self
        for element in path.dropLast() {
            guard let child = set.child(element) else { return false }
            set = child
        }
        return set.hasMember(last)
    }

    func hasMember(_ element: Element) -> Bool { Self.search(members, element) { $0 }.found }

    /// What lies below that element; `nil` where nothing does.
    func child(_ element: Element) -> FieldSet? {
        let (index, found) = Self.search(children, element, \.element)
        return found ? children[index].set : nil
    }

    /// Every path in the set, those of a level before those below it.
    public var paths: [Path] {
        var result: [Path] = []
        collect([], &result)
        return result
    }

    private func collect(_ prefix: Path, _ result: inout [Path]) {
        for member in members { result.append(prefix + [member]) }
        for child in children { child.set.collect(prefix + [child.element], &result) }
    }

    static func search<Entry>(
        _ entries: [Entry],
        _ element: Element,
        _ elementOf: (Entry) -> Element
    ) -> (index: Int, found: Bool) {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            let order = elementOf(entries[middle]).compare(to: element)
            if order == 0 { return (middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }
}

extension FieldSet.Element: Hashable {
    /// Below zero, zero or above zero as this element sorts before, equal to or after the other: fields, keys,
    /// values, positions.
    func compare(to other: FieldSet.Element) -> Int {
        switch (self, other) {
        case (.field(let a), .field(let b)): a.compareBytes(to: b)
        case (.key(let a), .key(let b)): Self.compare(a, b)
        case (.value(let a), .value(let b)): MergeValue.compare(a, b)
        case (.index(let a), .index(let b)): a - b
        default: rank - other.rank
        }
    }

    private var rank: Int {
        switch self {
        case .field: 0
        case .key: 1
        case .value: 2
        case .index: 3
        }
    }

    private static func compare(_ a: [FieldSet.KeyField], _ b: [FieldSet.KeyField]) -> Int {
        for (left, right) in zip(a, b) {
            let names = left.name.compareBytes(to: right.name)
            if names != 0 { return names }
            let values = MergeValue.compare(left.value, right.value)
            if values != 0 { return values }
        }
        return a.count - b.count
    }

    public static func == (lhs: FieldSet.Element, rhs: FieldSet.Element) -> Bool { lhs.compare(to: rhs) == 0 }

    /// Numbers that compare equal hash equal, whether written with a fraction or not.
    public func hash(into hasher: inout Hasher) {
        func combine(_ value: JSONValue) {
            if let number = value.doubleValue { hasher.combine(number) } else { hasher.combine(value) }
        }
        hasher.combine(rank)
        switch self {
        case .field(let name): Self.combine(name, &hasher)
        case .key(let fields):
            for field in fields {
                Self.combine(field.name, &hasher)
                combine(field.value)
            }
        case .value(let value): combine(value)
        case .index(let index): hasher.combine(index)
        }
    }

    private static func combine(_ text: String, _ hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension FieldSet.Element: CustomStringConvertible {
    /// The element as messages show it: `.spec`, `[port=80,protocol="TCP"]`, `[="a"]`, `[3]`.
    public var description: String {
        switch self {
        case .field(let name): ".\(name)"
        case .key(let fields):
            "[\(fields.map { "\($0.name)=\(MergeValue.shown($0.value))" }.joined(separator: ","))]"
        case .value(let value): "[=\(MergeValue.shown(value))]"
        case .index(let index): "[\(index)]"
        }
    }
}

extension FieldSet {
    /// A path as messages show it, `.spec.ports[port=80].name`.
    static func text(_ path: Path) -> String { path.map(\.description).joined() }
}
