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
        try Self.compare(value, other.value, schema, [], &comparison)
        return comparison
    }

    private static func compare(
        _ left: JSONValue?,
        _ right: JSONValue?,
        _ schema: TypeSchema,
        _ path: FieldSet.Path,
        _ comparison: inout Comparison
    ) throws(Faults) {
        guard left != nil || right != nil else {
            throw Faults(messages: ["at least one of lhs and rhs must be provided"])
        }
        let leftKind = kind(of: left, schema)
        let rightKind = kind(of: right, schema)
        var wasLeaf: Bool
        if right == nil {
            wasLeaf = try compare(left, right, shape(leftKind, schema), path, &comparison)
        } else if left == nil || leftKind == rightKind {
            wasLeaf = try compare(left, right, shape(rightKind, schema), path, &comparison)
        } else {
            // The kind of value changed: it is looked at as each of the two.
            _ = try compare(left, right, shape(leftKind, schema), path, &comparison)
            wasLeaf = try compare(left, right, shape(rightKind, schema), path, &comparison)
        }
        if !wasLeaf {
            if left == nil {
                comparison.added.insert(path)
            } else if right == nil {
                comparison.removed.insert(path)
            }
        }
    }

    /// Whether the values were compared as one.
    private static func compare(
        _ left: JSONValue?,
        _ right: JSONValue?,
        _ shape: Shape,
        _ path: FieldSet.Path,
        _ comparison: inout Comparison
    ) throws(Faults) -> Bool {
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
            func visit(_ name: String, _ left: JSONValue?, _ right: JSONValue?) throws(Faults) {
                guard let inner = map.schema(of: name) else {
                    throw Faults(messages: ["schema error: invalid atom: inlined"])
                }
                try compare(left, right, inner, path + [.field(name)], &comparison)
            }
            for (name, value) in leftMembers { try visit(name, value, rightMembers[name]) }
            for (name, value) in rightMembers where leftMembers[name] == nil { try visit(name, nil, value) }
            return false
        case .list(let list):
            let leftElements = left?.arrayValue ?? []
            let rightElements = right?.arrayValue ?? []
            if list.relationship == .atomic || (leftElements.isEmpty && rightElements.isEmpty) { break }
            try compare(leftElements, rightElements, list, path, &comparison)
            return false
        }
        if left == nil {
            comparison.added.insert(path)
        } else if right == nil {
            comparison.removed.insert(path)
        } else if let left, let right, !MergeValue.areEqual(left, right) {
            comparison.modified.insert(path)
        }
        return true
    }

    private static func compare(
        _ left: [JSONValue],
        _ right: [JSONValue],
        _ list: TypeSchema.List,
        _ path: FieldSet.Path,
        _ comparison: inout Comparison
    ) throws(Faults) {
        guard let schema = list.element.schema else { return }
        var order: [FieldSet.Element] = []
        var leftByStep: [FieldSet.Element: [JSONValue]] = [:]
        var rightByStep: [FieldSet.Element: [JSONValue]] = [:]
        for element in left {
            let step = try Self.element(element, in: list)
            if leftByStep[step] == nil { order.append(step) }
            leftByStep[step, default: []].append(element)
        }
        for element in right {
            let step = try Self.element(element, in: list)
            if leftByStep[step] == nil && rightByStep[step] == nil { order.append(step) }
            rightByStep[step, default: []].append(element)
        }
        for step in order {
            let before = leftByStep[step] ?? []
            let after = rightByStep[step] ?? []
            let inner = path + [step]
            switch (before.count, after.count) {
            case (0...1, 0...1): try compare(before.first, after.first, schema, inner, &comparison)
            case (2..., 2...):
                // Elements that occur several times are owned together.
                let same = before.count == after.count && zip(before, after).allSatisfy(MergeValue.areEqual)
                if !same { comparison.modified.insert(inner) }
            case (2..., _):
                if let only = after.first { try compare(nil, only, schema, inner, &comparison) }
                comparison.removed.insert(inner)
            default:
                if let only = before.first { try compare(only, nil, schema, inner, &comparison) }
                comparison.added.insert(inner)
            }
        }
    }
}
