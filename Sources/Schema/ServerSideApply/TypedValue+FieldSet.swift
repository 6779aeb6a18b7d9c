internal import APIMachinery

/// Which fields a value has, and values without some of theirs.
extension TypedValue {
    /// Every leaf and every element of the value. Objects of named fields are not leaves, maps' values are.
    var fieldSet: FieldSet { Self.collect(value, schema).below }

    /// What is owned below a value, and whether the value itself is.
    private static func collect(_ value: JSONValue?, _ schema: TypeSchema) -> (below: FieldSet, isMember: Bool) {
        var set = FieldSet()
        switch shape(kind(of: value, schema), schema) {
        case .invalid: break
        case .scalar: return (set, true)
        case .list(let list):
            if list.relationship == .atomic { return (set, true) }
            guard case .array(let elements)? = value, let inner = list.element.schema else { break }
            var keyed = elements.compactMap { element in
                // An element without its key is in no set: what it is part of is refused when it is written.
                (try? Self.element(element, in: list)).map { (step: $0, value: element) }
            }
            keyed.sort { $0.step.compare(to: $1.step) < 0 }
            for (index, item) in keyed.enumerated() {
                let isRepeated = index > 0 && keyed[index - 1].step == item.step
                if isRepeated { continue }
                set.members.append(item.step)
                // Of elements that occur several times only the whole is owned.
                if index + 1 < keyed.count, keyed[index + 1].step == item.step { continue }
                let below = collect(item.value, inner).below
                if !below.isEmpty { set.children.append(FieldSet.Child(element: item.step, set: below)) }
            }
        case .map(let map):
            if map.isAtomic { return (set, true) }
            guard case .object(let members)? = value else { break }
            for (name, member) in members {
                let step = FieldSet.Element.field(name)
                var isMember = member.isNull || member.objectValue?.isEmpty == true || map.field(name) == nil
                if let schema = map.schema(of: name) {
                    let (below, isLeaf) = collect(member, schema)
                    isMember = isMember || isLeaf
                    if !below.isEmpty { set.children.append(FieldSet.Child(element: step, set: below)) }
                }
                if isMember { set.members.append(step) }
            }
        }
        return (set, false)
    }

    /// The value without the items in the set: members, and elements of lists that have keys.
    func removing(_ items: FieldSet) -> TypedValue {
        TypedValue(value: Self.removing(items, from: value ?? .null, schema) ?? .null, schema: schema)
    }

    /// A container from which everything was removed is an empty one.
    private static func emptied(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object: .object([:])
        case .array: .array([])
        default: .null
        }
    }

    /// `nil` where nothing is left.
    private static func removing(_ items: FieldSet, from value: JSONValue, _ schema: TypeSchema) -> JSONValue? {
        switch shape(kind(of: value, schema), schema) {
        case .invalid: return nil
        case .scalar: return value
        case .list(let list):
            guard case .array(let elements) = value, !elements.isEmpty, list.relationship != .atomic,
                let inner = list.element.schema
            else { return nil }
            var kept: [JSONValue] = []
            for element in elements {
                // An element without its key belongs to no manager, and stays.
                guard let step = try? Self.element(element, in: list) else {
                    kept.append(element)
                    continue
                }
                if items.hasMember(step) { continue }
                if let below = items.child(step), !below.isEmpty {
                    kept.append(removing(below, from: element, inner) ?? emptied(element))
                } else {
                    kept.append(element)
                }
            }
            return kept.isEmpty ? nil : .array(kept)
        case .map(let map):
            guard case .object(let members) = value, !members.isEmpty, !map.isAtomic else { return nil }
            let kept = members.compactMapValues { name, member in
                if items.hasMember(.field(name)) { return nil }
                guard let below = items.child(.field(name)), !below.isEmpty, let inner = map.schema(of: name) else {
                    return member
                }
                return removing(below, from: member, inner) ?? emptied(member)
            }
            return kept.isEmpty ? nil : .object(kept)
        }
    }

    /// A field set as it has to be under the type of today, if the type changed since it was written: what was
    /// owned inside something that is now one value is owned as a whole. `nil` where nothing changes.
    func reconciled(_ set: FieldSet) -> FieldSet? {
        var changed: [FieldSet.Path] = []
        Self.reconcile(set, isWhole: false, schema, [], &changed)
        guard !changed.isEmpty else { return nil }
        let paths = FieldSet(changed)
        return set.subtractingRecursively(paths).union(paths)
    }

    private static func reconcile(
        _ set: FieldSet?,
        isWhole: Bool,
        _ schema: TypeSchema,
        _ path: FieldSet.Path,
        _ changed: inout [FieldSet.Path]
    ) {
        func descend(_ schemaOf: (FieldSet.Element) -> TypeSchema?) {
            guard let set else { return }
            var steps = set.members
            steps += set.children.map(\.element).filter { !set.hasMember($0) }
            for step in steps {
                guard let inner = schemaOf(step) else { continue }
                let below = set.child(step)
                reconcile(below, isWhole: set.hasMember(step) && below == nil, inner, path + [step], &changed)
            }
        }
        switch shape(.any, schema) {
        case .invalid, .scalar: break
        case .list(let list):
            if !isWhole && list.relationship == .atomic {
                changed.append(path)
            } else {
                descend { _ in list.element.schema }
            }
        case .map(let map):
            if map.isDeducedOnly { return }
            if !isWhole && map.isAtomic {
                if let set, !set.isEmpty { changed.append(path) }
            } else {
                descend { step in
                    if case .field(let name) = step { map.schema(of: name) } else { map.element.schema }
                }
            }
        }
    }
}
