internal import APIMachinery

/// What changed from one value to another. No field is in more than one of the sets.
struct Comparison: Sendable {
    var removed = FieldSet()
    var modified = FieldSet()
    var added = FieldSet()

    /// The same without some fields and what is below them.
    func excluding(_ fields: FieldSet) -> Comparison {
        if fields.isEmpty { return self }
        return Comparison(
            removed: removed.subtractingRecursively(fields),
            modified: modified.subtractingRecursively(fields),
            added: added.subtractingRecursively(fields)
        )
    }
}

extension TypedValue {
    /// What another value of the same type changed.
    ///
    /// - Throws: `Faults` where both values do not fit the type.
    func compared(to other: TypedValue) throws(Faults) -> Comparison {
        var comparison = Comparison()
        _ = try Self.compare(value, other.value, schema, &comparison)
        return comparison
    }

    /// What happened to a value as a whole.
    private enum Change { case none, removed, modified, added }

    /// Compares two values; what changed below them goes into the comparison, what changed of themselves is returned.
    private static func compare(
        _ left: JSONValue?,
        _ right: JSONValue?,
        _ schema: TypeSchema,
        _ below: inout Comparison
    ) throws(Faults) -> Change {
        guard left != nil || right != nil else {
            throw Faults(messages: ["at least one of lhs and rhs must be provided"])
        }
        // Most of an object is as it was, and what is equal has no changes.
        if let left, let right, left == right { return .none }
        let leftKind = kind(of: left, schema)
        let rightKind = kind(of: right, schema)
        let change: Change?
        if right == nil {
            change = try compare(left, right, shape(leftKind, schema), &below)
        } else if left == nil || leftKind == rightKind {
            change = try compare(left, right, shape(rightKind, schema), &below)
        } else {
            // The kind of value changed: it is looked at as each of the two.
            var other = Comparison()
            let first = try compare(left, right, shape(leftKind, schema), &other)
            change = try compare(left, right, shape(rightKind, schema), &below)
            below = Comparison(
                removed: below.removed.union(other.removed),
                modified: below.modified.union(other.modified),
                added: below.added.union(other.added)
            )
            if change == nil { return first ?? .none }
        }
        return change ?? (left == nil ? .added : right == nil ? .removed : .none)
    }

    /// `nil` where the values were compared part by part rather than as one.
    private static func compare(
        _ left: JSONValue?,
        _ right: JSONValue?,
        _ shape: Shape,
        _ below: inout Comparison
    ) throws(Faults) -> Change? {
        switch shape {
        case .invalid: throw Faults(messages: ["schema error: invalid atom: inlined"])
        case .scalar(let scalar):
            if let leftFault = fault(left, as: scalar, prefix: "lhs: "),
                let rightFault = fault(right, as: scalar, prefix: "rhs: ")
            {
                throw Faults(messages: [leftFault, rightFault])
            }
        case .map(let map):
            let leftMembers = left?.objectValue ?? [:]
            let rightMembers = right?.objectValue ?? [:]
            if map.isAtomic || (leftMembers.isEmpty && rightMembers.isEmpty) { break }
            try compare(leftMembers, rightMembers, map, &below)
            return nil
        case .list(let list):
            let leftElements = left?.arrayValue ?? []
            let rightElements = right?.arrayValue ?? []
            if list.relationship == .atomic || (leftElements.isEmpty && rightElements.isEmpty) { break }
            try compare(leftElements, rightElements, list, &below)
            return nil
        }
        guard let left else { return .added }
        guard let right else { return .removed }
        return MergeValue.areEqual(left, right) ? Change.none : .modified
    }

    /// Compares one part, and adds what changed to the comparison of the whole.
    private static func part(
        _ step: FieldSet.Element,
        _ left: JSONValue?,
        _ right: JSONValue?,
        _ schema: TypeSchema,
        _ whole: inout Comparison
    ) throws(Faults) {
        var inner = Comparison()
        let change = try compare(left, right, schema, &inner)
        whole.removed.append(inner.removed, below: step, isMember: change == .removed)
        whole.modified.append(inner.modified, below: step, isMember: change == .modified)
        whole.added.append(inner.added, below: step, isMember: change == .added)
    }

    /// Members come sorted, so that both sides are walked together.
    private static func compare(
        _ left: JSONObject,
        _ right: JSONObject,
        _ map: TypeSchema.Map,
        _ below: inout Comparison
    ) throws(Faults) {
        func schema(_ name: String) throws(Faults) -> TypeSchema {
            guard let inner = map.schema(of: name) else {
                throw Faults(messages: ["schema error: invalid atom: inlined"])
            }
            return inner
        }
        var l = 0
        var r = 0
        while l < left.count || r < right.count {
            let order = l == left.count ? 1 : r == right.count ? -1 : left[l].key.compareBytes(to: right[r].key)
            let name = order <= 0 ? left[l].key : right[r].key
            let before = order <= 0 ? left[l].value : nil
            let after = order >= 0 ? right[r].value : nil
            try part(.field(name), before, after, schema(name), &below)
            if order <= 0 { l += 1 }
            if order >= 0 { r += 1 }
        }
    }

    private static func compare(
        _ left: [JSONValue],
        _ right: [JSONValue],
        _ list: TypeSchema.List,
        _ below: inout Comparison
    ) throws(Faults) {
        guard let schema = list.element.schema else { return }
        let before = try grouped(left, list)
        let after = try grouped(right, list)
        var l = 0
        var r = 0
        while l < before.count || r < after.count {
            let order = l == before.count ? 1 : r == after.count ? -1 : before[l].step.compare(to: after[r].step)
            let step = order <= 0 ? before[l].step : after[r].step
            let old = order <= 0 ? before[l].values : []
            let new = order >= 0 ? after[r].values : []
            switch (old.count, new.count) {
            case (0...1, 0...1): try part(step, old.first, new.first, schema, &below)
            case (2..., 2...):
                // Elements that occur several times are owned together.
                let same = old.count == new.count && zip(old, new).allSatisfy(MergeValue.areEqual)
                if !same { below.modified.append(FieldSet(), below: step, isMember: true) }
            case (2..., _):
                if let only = new.first { try part(step, nil, only, schema, &below) }
                below.removed.append(FieldSet(), below: step, isMember: true)
            default:
                if let only = old.first { try part(step, only, nil, schema, &below) }
                below.added.append(FieldSet(), below: step, isMember: true)
            }
            if order <= 0 { l += 1 }
            if order >= 0 { r += 1 }
        }
    }

    /// The elements of a list by what identifies them, sorted.
    private static func grouped(
        _ elements: [JSONValue],
        _ list: TypeSchema.List
    ) throws(Faults) -> [(step: FieldSet.Element, values: [JSONValue])] {
        var keyed: [(step: FieldSet.Element, index: Int)] = []
        keyed.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() { keyed.append((try Self.element(element, in: list), index)) }
        keyed.sort { a, b in
            let order = a.step.compare(to: b.step)
            return order != 0 ? order < 0 : a.index < b.index
        }
        var groups: [(step: FieldSet.Element, values: [JSONValue])] = []
        for (step, index) in keyed {
            if groups.last?.step == step {
                groups[groups.count - 1].values.append(elements[index])
            } else {
                groups.append((step, [elements[index]]))
            }
        }
        return groups
    }
}

extension FieldSet {
    /// Adds what is below a step that sorts after every step so far, and the step itself.
    fileprivate mutating func append(_ set: FieldSet, below step: Element, isMember: Bool) {
        if isMember, members.last != step { members.append(step) }
        if !set.members.isEmpty || !set.children.isEmpty { children.append(Child(element: step, set: set)) }
    }
}
