/// Combining field sets.
extension FieldSet {
    /// The paths of both sets.
    public func union(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.members = Self.merge(members, other.members, element: { $0 }, left: { $0 }, right: { $0 }) { a, _ in a }
        result.children = Self.merge(children, other.children, element: \.element, left: { $0 }, right: { $0 }) {
            Child(element: $0.element, set: $0.set.union($1.set))
        }
        return result
    }

    /// The paths of all sets. Pairs are united, then pairs of those, so that a path is copied as often as the number of
    /// sets can be halved.
    static func union(of sets: [FieldSet]) -> FieldSet {
        var sets = sets
        while sets.count > 1 {
            sets = stride(from: 0, to: sets.count, by: 2).map { index in
                index + 1 < sets.count ? sets[index].union(sets[index + 1]) : sets[index]
            }
        }
        return sets.first ?? FieldSet()
    }

    /// The paths that are in both sets.
    public func intersection(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.members = Self.merge(members, other.members, element: { $0 }, left: { _ in nil }, right: { _ in nil }) {
            a,
            _ in a
        }
        result.children = Self.merge(
            children,
            other.children,
            element: \.element,
            left: { _ in nil },
            right: { _ in nil }
        ) {
            let set = $0.set.intersection($1.set)
            return set.isEmpty ? nil : Child(element: $0.element, set: set)
        }
        return result
    }

    /// The paths that are not in the other set. What lies below a path of the other set stays.
    public func subtracting(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.members = membersMissing(in: other)
        result.children = Self.merge(
            children,
            other.children,
            element: \.element,
            left: { $0 },
            right: { _ in nil }
        ) {
            let set = $0.set.subtracting($1.set)
            return set.isEmpty ? nil : Child(element: $0.element, set: set)
        }
        return result
    }

    /// The paths that are neither in the other set nor below a path of it.
    public func subtractingRecursively(_ other: FieldSet) -> FieldSet {
        var result = FieldSet()
        result.members = membersMissing(in: other)
        result.children = Self.merge(
            children,
            other.children,
            element: \.element,
            left: { other.hasMember($0.element) ? nil : $0 },
            right: { _ in nil }
        ) {
            if other.hasMember($0.element) { return nil }
            let set = $0.set.subtractingRecursively($1.set)
            return set.isEmpty ? nil : Child(element: $0.element, set: set)
        }
        return result
    }

    private func membersMissing(in other: FieldSet) -> [Element] {
        Self.merge(members, other.members, element: { $0 }, left: { $0 }, right: { _ in nil }) { _, _ in nil }
    }

    /// The set with every field that the schema names made a member where something below it is one.
    func withNamedFields(_ schema: TypeSchema?) -> FieldSet {
        var result = FieldSet()
        result.members = members
        for child in children {
            guard case .field(let name) = child.element, schema?.map?.field(name) != nil else { continue }
            let (index, found) = Self.search(result.members, child.element) { $0 }
            if !found { result.members.insert(child.element, at: index) }
        }
        result.children = children.map { child in
            let inner: TypeSchema? =
                switch child.element {
                case .field(let name): schema?.map?.schema(of: name)
                case .key: schema?.list?.element.schema
                default: nil
                }
            return Child(element: child.element, set: child.set.withNamedFields(inner))
        }
        return result
    }

    /// Walks two sorted lists together; each closure gives what is kept of entries in one or in both.
    private static func merge<Entry>(
        _ a: [Entry],
        _ b: [Entry],
        element: (Entry) -> Element,
        left: (Entry) -> Entry?,
        right: (Entry) -> Entry?,
        both: (Entry, Entry) -> Entry?
    ) -> [Entry] {
        var result: [Entry] = []
        result.reserveCapacity(a.count + b.count)
        var i = 0
        var j = 0
        while i < a.count || j < b.count {
            let order = i == a.count ? 1 : j == b.count ? -1 : element(a[i]).compare(to: element(b[j]))
            if order < 0 {
                if let kept = left(a[i]) { result.append(kept) }
                i += 1
            } else if order > 0 {
                if let kept = right(b[j]) { result.append(kept) }
                j += 1
            } else {
                if let kept = both(a[i], b[j]) { result.append(kept) }
                i += 1
                j += 1
            }
        }
        return result
    }
}
