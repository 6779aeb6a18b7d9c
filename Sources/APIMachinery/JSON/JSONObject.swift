/// The members of a JSON object, sorted by the bytes of their names.
///
/// A sorted list is smaller than a hash table, is written out in the order in which Kubernetes writes (so that
/// equal objects have equal bytes), and keeps names apart that differ only in Unicode normalisation.
public struct JSONObject: Sendable, Hashable {
    /// One member: its name and its value.
    public struct Member: Sendable, Hashable {
        public let key: String
        public var value: JSONValue

        /// A member of that name and value.
        public init(key: String, value: JSONValue) {
            self.key = key
            self.value = value
        }

        public static func == (lhs: Member, rhs: Member) -> Bool {
            lhs.key.equalsBytes(of: rhs.key) && lhs.value == rhs.value
        }

        public func hash(into hasher: inout Hasher) {
            var key = key
            key.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
            hasher.combine(value)
        }
    }

    private var members: [Member]

    /// An object without members.
    public init() { members = [] }

    /// An object of these members; the last of several with one name wins.
    public init(_ pairs: some Sequence<(String, JSONValue)>) {
        self.init(unsorted: pairs.map(Member.init))
    }

    /// An object of these members; the last of several with one name wins. Tells which ones are not the first of
    /// their name, by position.
    ///
    /// Sorts once: inserting one by one would cost time in the square of their number, which a client chooses.
    init(unsorted: [Member], repeated: (Int) -> Void = { _ in }) {
        members = unsorted
        let isSorted = zip(unsorted, unsorted.dropFirst()).allSatisfy { $0.key.compareBytes(to: $1.key) < 0 }
        if isSorted { return }
        // Stable, so that those of one name stay in their order.
        let order = unsorted.indices.sorted { unsorted[$0].key.compareBytes(to: unsorted[$1].key) < 0 }
        members.removeAll(keepingCapacity: true)
        var later: [Int] = []
        for index in order {
            if let last = members.last, last.key.equalsBytes(of: unsorted[index].key) {
                members[members.count - 1] = unsorted[index]
                later.append(index)
            } else {
                members.append(unsorted[index])
            }
        }
        for index in later.sorted() { repeated(index) }
    }

    /// Room for that many members, to spare the growing.
    public mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    /// Sets the member and returns whether it replaced one.
    @discardableResult
    public mutating func updateValue(_ value: JSONValue, forKey key: String) -> Bool {
        if let last = members.last, last.key.compareBytes(to: key) < 0 {
            members.append(Member(key: key, value: value))
            return false
        }
        let (index, found) = position(of: key)
        if found {
            members[index].value = value
        } else {
            members.insert(Member(key: key, value: value), at: index)
        }
        return found
    }

    /// Removes the member and returns what it was.
    @discardableResult
    public mutating func removeValue(forKey key: String) -> JSONValue? {
        let (index, found) = position(of: key)
        return found ? members.remove(at: index).value : nil
    }

    /// The member of that name; setting `nil` removes it.
    public subscript(key: String) -> JSONValue? {
        get {
            let (index, found) = position(of: key)
            return found ? members[index].value : nil
        }
        set {
            if let newValue {
                updateValue(newValue, forKey: key)
            } else {
                removeValue(forKey: key)
            }
        }
    }

    /// Changes the member in place, without copying what it holds; a missing one starts as `fallback`.
    public mutating func modify<Result, Failure: Error>(
        _ key: String,
        default fallback: JSONValue,
        _ body: (inout JSONValue) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var (index, found) = position(of: key)
        if !found {
            updateValue(fallback, forKey: key)
            index = position(of: key).index
        }
        return try body(&members[index].value)
    }

    /// The names, sorted.
    public var keys: [String] { members.map(\.key) }

    /// The values, in the order of their names.
    public var values: [JSONValue] { members.map(\.value) }

    /// Every value replaced by what the closure makes of it; members for which it gives `nil` are left out.
    public func compactMapValues<Failure: Error>(
        _ transform: (String, JSONValue) throws(Failure) -> JSONValue?
    ) throws(Failure) -> JSONObject {
        var result = JSONObject()
        result.members.reserveCapacity(members.count)
        for member in members {
            if let value = try transform(member.key, member.value) {
                result.members.append(Member(key: member.key, value: value))
            }
        }
        return result
    }

    /// The members of both objects; of those of the other, and of what is here under the same name, the closure
    /// makes the result's, or `nil` for none. Takes time in proportion to both, however many names are new.
    public func merged<Failure: Error>(
        with other: JSONObject,
        _ combine: (String, JSONValue?, JSONValue) throws(Failure) -> JSONValue?
    ) throws(Failure) -> JSONObject {
        var result = JSONObject()
        result.members.reserveCapacity(members.count + other.members.count)
        var rest = members[...]
        for member in other.members {
            while let next = rest.first, next.key.compareBytes(to: member.key) < 0 {
                result.members.append(next)
                rest.removeFirst()
            }
            var current: JSONValue?
            if let next = rest.first, next.key.equalsBytes(of: member.key) {
                current = next.value
                rest.removeFirst()
            }
            if let value = try combine(member.key, current, member.value) {
                result.members.append(Member(key: member.key, value: value))
            }
        }
        result.members.append(contentsOf: rest)
        return result
    }

    private func position(of key: String) -> (index: Int, found: Bool) {
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            let order = members[middle].key.compareBytes(to: key)
            if order == 0 { return (middle, true) }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return (low, false)
    }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { members.count }
    public subscript(position: Int) -> (key: String, value: JSONValue) {
        (members[position].key, members[position].value)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
