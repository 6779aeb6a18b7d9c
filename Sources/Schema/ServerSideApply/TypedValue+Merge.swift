internal import APIMachinery

/// Laying one value over another.
extension TypedValue {
    /// This value with what the other one says in its place. Nothing is removed; elements of lists come in the
    /// other's order where both have them.
    ///
    /// - Throws: `Faults` where a value does not fit the type.
    func merging(_ other: TypedValue) throws(Faults) -> TypedValue {
        TypedValue(value: try Self.merge(value, other.value, schema), schema: schema)
    }

    /// `nil` where nothing results.
    private static func merge(
        _ left: JSONValue?,
        _ right: JSONValue?,
        _ schema: TypeSchema
    ) throws(Faults) -> JSONValue? {
        guard left != nil || right != nil else {
            throw Faults(messages: ["at least one of lhs and rhs must be provided"])
        }
        guard let right else { return left }
        // Where the sides are of different kinds, the right one's decides.
        switch shape(kind(of: right, schema), schema) {
        case .invalid: throw Faults(messages: ["schema error: invalid atom: inlined"])
        case .scalar(let scalar):
            if let leftFault = fault(left, as: scalar, prefix: "lhs: "),
                let rightFault = fault(right, as: scalar, prefix: "rhs: ")
            {
                throw Faults(messages: [leftFault, rightFault])
            }
            return right
        case .map(let map):
            let leftMembers = left?.objectValue ?? [:]
            let rightMembers = right.objectValue ?? [:]
            if map.isAtomic || (leftMembers.isEmpty && rightMembers.isEmpty) { return right }
            let result = try leftMembers.merged(with: rightMembers) { name, left, right throws(Faults) in
                do throws(Faults) {
                    return try merge(left, right, inside(map, name))
                } catch {
                    throw Faults(messages: error.messages.map { ".\(name)\($0.hasPrefix(".") ? "" : ": ")\($0)" })
                }
            }
            return result.isEmpty ? nil : .object(result)
        case .list(let list):
            let leftElements = left?.arrayValue ?? []
            let rightElements = right.arrayValue ?? []
            if list.relationship == .atomic || (leftElements.isEmpty && rightElements.isEmpty) { return right }
            let merged = try ListMerge(leftElements, rightElements, list).run()
            return merged.isEmpty ? nil : .array(merged)
        }
    }

    private static func inside(_ map: TypeSchema.Map, _ name: String) throws(Faults) -> TypeSchema {
        guard let schema = map.schema(of: name) else {
            throw Faults(messages: ["schema error: invalid atom: inlined"])
        }
        return schema
    }

    /// Two lists of elements with identities.
    private struct ListMerge {
        let left: [JSONValue]
        let list: TypeSchema.List
        let leftSteps: [FieldSet.Element]
        let rightSteps: [FieldSet.Element]
        /// Elements that occur several times on the left merge with nothing: they count as null.
        let leftByStep: [FieldSet.Element: JSONValue]
        let rightByStep: [FieldSet.Element: JSONValue]

        init(_ left: [JSONValue], _ right: [JSONValue], _ list: TypeSchema.List) throws(Faults) {
            self.left = left
            self.list = list
            (rightSteps, rightByStep) = try Self.index(right, list, allowingDuplicates: false)
            (leftSteps, leftByStep) = try Self.index(left, list, allowingDuplicates: true)
        }

        private static func index(
            _ elements: [JSONValue],
            _ list: TypeSchema.List,
            allowingDuplicates: Bool
        ) throws(Faults) -> ([FieldSet.Element], [FieldSet.Element: JSONValue]) {
            var steps: [FieldSet.Element] = []
            var byStep: [FieldSet.Element: JSONValue] = [:]
            for (index, element) in elements.enumerated() {
                let step: FieldSet.Element
                do {
                    step = try TypedValue.element(element, in: list)
                } catch {
                    throw Faults(messages: ["element \(index): \(error)"])
                }
                if byStep[step] == nil {
                    byStep[step] = element
                } else if allowingDuplicates {
                    byStep[step] = JSONValue.null
                } else {
                    throw Faults(messages: ["duplicate entries for key \(step)"])
                }
                steps.append(step)
            }
            return (steps, byStep)
        }

        /// Keeps the order of both lists as far as they agree, and the right one's where they do not.
        func run() -> [JSONValue] {
            var shared = rightSteps.filter { leftByStep[$0] != nil }[...]
            var nextShared = shared.popFirst()
            var merged: Set<FieldSet.Element> = []
            var result: [JSONValue] = []
            var l = 0
            var r = 0
            func take(_ step: FieldSet.Element, _ left: JSONValue?, _ right: JSONValue?) {
                // Both sides were accepted by this schema, so that they can be merged.
                guard let schema = list.element.schema, let value = try? TypedValue.merge(left, right, schema) else {
                    return
                }
                result.append(value)
            }
            while l < leftSteps.count || r < rightSteps.count {
                if l < leftSteps.count, r < rightSteps.count {
                    let step = leftSteps[l]
                    if step == rightSteps[r] {
                        merged.insert(step)
                        take(step, leftByStep[step], rightByStep[step])
                        l += 1
                        r += 1
                        nextShared = shared.popFirst()
                        continue
                    }
                    if rightByStep[step] != nil, let next = nextShared, next != step {
                        // In both lists, but its turn comes later.
                        l += 1
                        continue
                    }
                }
                if l < leftSteps.count {
                    let step = leftSteps[l]
                    if rightByStep[step] == nil {
                        take(step, left[l], nil)
                        l += 1
                        continue
                    }
                    if merged.contains(step) { l += 1 }
                }
                if r < rightSteps.count {
                    let step = rightSteps[r]
                    merged.insert(step)
                    take(step, leftByStep[step], rightByStep[step])
                    r += 1
                    if let next = nextShared, next == step { nextShared = shared.popFirst() }
                }
            }
            return result
        }
    }
}
