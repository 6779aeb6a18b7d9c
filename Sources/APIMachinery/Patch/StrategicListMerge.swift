/// Merging of two lists of one field.
struct StrategicListMerge {
    let field: StrategicMergeSchema.Field
    /// The schema of the elements.
    let schema: StrategicMergeSchema

    private var mergeKey: String { field.mergeKey ?? "" }

    /// The list after the patch, where the patch says nothing of its order: new elements go to the front.
    ///
    /// - Parameter deletes: whether the elements are ones to be removed.
    func apply(_ patch: [JSONValue], to original: [JSONValue], deletes: Bool = false) throws(PatchError) -> [JSONValue]
    {
        guard field.strategy == .merge || deletes else { return patch }
        guard !original.isEmpty || !patch.isEmpty else { return original }
        let kind = try ElementKind(original, patch)
        guard kind == .object else {
            if deletes {
                let doomed = Set(patch)
                return original.filter { !doomed.contains($0) }
            }
            return try ordered(Self.unique(original + patch), by: patch, serverOrder: original, kind: kind)
        }
        guard !mergeKey.isEmpty else {
            throw PatchError(code: 500, message: "cannot merge lists without merge key")
        }
        let (kept, elements) = try applyDirectives(patch, to: original)
        return try ordered(try mergeElements(elements, into: kept), by: elements, serverOrder: kept, kind: kind)
    }

    /// The list after the patch in the order that `$setElementOrder` gives; `nil` if there is no list at all.
    func apply(
        _ patch: [JSONValue]?,
        to original: [JSONValue]?,
        order: [JSONValue]
    ) throws(PatchError) -> [JSONValue]? {
        try checkOrder(order, of: patch ?? [])
        let merged: [JSONValue]
        switch (original, patch) {
        case (let original?, nil): merged = original
        case (nil, let patch?): merged = patch.compactMap(StrategicMerge.withoutDirectives)
        case (let original?, let patch?): merged = try apply(patch, to: original)
        case (nil, nil): return nil
        }
        // Checks before the kind, as the reference does: the elements, then the order's.
        if !mergeKey.isEmpty {
            for element in merged { _ = try key(of: element) }
            if !merged.isEmpty { try checkObjects(order) }
        }
        let kind = try ElementKind(original ?? [], patch ?? [])
        return try ordered(merged, by: order, serverOrder: original ?? [], kind: kind)
    }

    // MARK: Elements

    /// What `$patch` in elements asks for: `delete` removes the element of that key, `replace` all there were.
    private func applyDirectives(
        _ patch: [JSONValue],
        to original: [JSONValue]
    ) throws(PatchError) -> (kept: [JSONValue], elements: [JSONValue]) {
        var doomed: Set<JSONValue> = []
        var elements: [JSONValue] = []
        var replaces = false
        for element in patch {
            guard let members = element.objectValue, let directive = members[StrategicDirective.marker] else {
                elements.append(element)
                continue
            }
            switch directive {
            case "delete": doomed.insert(try key(of: element))
            case "replace": replaces = true
            case "merge": throw PatchError(code: 500, message: "merging lists cannot yet be specified in the patch")
            default: throw StrategicMerge.unknownDirective(directive, in: members)
            }
        }
        if replaces { return (elements, []) }
        let kept = original.filter { element in
            guard let key = element[mergeKey] else { return true }
            return !doomed.contains(key)
        }
        return (kept, elements)
    }

    private func mergeElements(_ elements: [JSONValue], into original: [JSONValue]) throws(PatchError) -> [JSONValue] {
        var result = original
        var positions: [JSONValue: Int] = [:]
        for (index, element) in result.enumerated() {
            if let key = element[mergeKey], positions[key] == nil { positions[key] = index }
        }
        for element in elements {
            let key = try key(of: element)
            if let position = positions[key], case .object(let members) = element {
                let current = result[position].objectValue ?? [:]
                result[position] = .object(try StrategicMerge.merge(members, into: current, schema: schema))
            } else {
                positions[key] = result.count
                result.append(element)
            }
        }
        return result
    }

    private func key(of element: JSONValue) throws(PatchError) -> JSONValue {
        guard case .object(let members) = element else {
            throw PatchError(code: 500, message: "expected an object, but received a JSON \(element.typeName)")
        }
        guard let key = members[mergeKey] else {
            throw PatchError(
                code: 500,
                message: "map: \(element.text) does not contain declared merge key: \(mergeKey)"
            )
        }
        return key
    }

    private static func unique(_ elements: [JSONValue]) -> [JSONValue] {
        var seen: Set<JSONValue> = []
        return elements.filter { seen.insert($0).inserted }
    }

    // MARK: Order

    /// Sorts the elements that the order names by it and the others as they were, and then zips the two lists so
    /// that an element goes in front of one of the patch only if it was in front of it before.
    private func ordered(
        _ merged: [JSONValue],
        by order: [JSONValue],
        serverOrder: [JSONValue],
        kind: ElementKind
    ) throws(PatchError) -> [JSONValue] {
        let wanted = try positions(order, kind)
        let before = try positions(serverOrder, kind)
        func identity(_ element: JSONValue) -> JSONValue {
            kind == .object ? element[mergeKey] ?? .null : element
        }
        if kind == .object {
            for element in merged { _ = try key(of: element) }
        }
        let named = Self.sorted(merged.filter { wanted[identity($0)] != nil }) { wanted[identity($0)] }
        let others = Self.sorted(merged.filter { wanted[identity($0)] == nil }) { before[identity($0)] }

        var result: [JSONValue] = []
        var next = others[...]
        for element in named {
            while let other = next.first, let there = before[identity(other)], let here = before[identity(element)],
                there < here
            {
                result.append(other)
                next.removeFirst()
            }
            result.append(element)
        }
        return result + next
    }

    /// Where each identity occurs first.
    private func positions(_ elements: [JSONValue], _ kind: ElementKind) throws(PatchError) -> [JSONValue: Int] {
        var positions: [JSONValue: Int] = [:]
        for (index, element) in elements.enumerated() {
            let identity = kind == .object ? try key(of: element) : element
            if positions[identity] == nil { positions[identity] = index }
        }
        return positions
    }

    /// Stable, by position. An element without one goes in front of all before it, as the reference's comparison
    /// has it.
    private static func sorted(_ elements: [JSONValue], position: (JSONValue) -> Int?) -> [JSONValue] {
        guard elements.contains(where: { position($0) == nil }) else {
            return elements.sorted { (position($0) ?? 0) < (position($1) ?? 0) }
        }
        var result: [JSONValue] = []
        for element in elements {
            var index = result.count
            while index > 0 {
                if let here = position(element), let there = position(result[index - 1]), here >= there { break }
                index -= 1
            }
            result.insert(element, at: index)
        }
        return result
    }

    /// The order must name every element of the patch, in the same order.
    private func checkOrder(_ order: [JSONValue], of patch: [JSONValue]) throws(PatchError) {
        guard !order.isEmpty, !patch.isEmpty else { return }
        if !mergeKey.isEmpty { try checkObjects(patch) }
        var rest = order[...]
        for element in patch where element[StrategicDirective.marker] == nil {
            let identity = mergeKey.isEmpty ? element : try key(of: element)
            var found = false
            while !found, let candidate = rest.popFirst() {
                found = identity == (mergeKey.isEmpty ? candidate : try key(of: candidate))
            }
            guard found else {
                throw PatchError(
                    code: 500,
                    message: "The order in patch list:\n\(JSONValue.array(patch).text)\n doesn't match "
                        + "\(StrategicDirective.orderPrefix) list:\n\(JSONValue.array(order).text)\n"
                )
            }
        }
    }

    private func checkObjects(_ elements: [JSONValue]) throws(PatchError) {
        for (index, element) in elements.enumerated() where element.objectValue == nil {
            throw PatchError(code: 500, message: "value for key \(index) is not a map")
        }
    }

    /// What a list consists of; all elements of both lists must be of one type.
    private struct ElementKind: Equatable {
        let typeName: String

        static let object = ElementKind(typeName: "object")

        private init(typeName: String) { self.typeName = typeName }

        init(_ original: [JSONValue], _ patch: [JSONValue]) throws(PatchError) {
            guard let first = original.first ?? patch.first else {
                throw PatchError(code: 500, message: "no elements in any of the given slices")
            }
            typeName = first.typeName
            if typeName == "array" { throw PatchError(code: 422, message: "lists of lists are not supported") }
            for element in original + patch where element.isNull || element.typeName != first.typeName {
                throw PatchError(
                    code: 500,
                    message: "list element types are not identical: \(JSONValue.array(original).text) "
                        + JSONValue.array(patch).text
                )
            }
        }
    }
}
