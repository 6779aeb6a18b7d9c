internal import APIMachinery

/// Finds the old value whose place a new one takes: by name in objects, by key in lists of type map; elements of
/// other lists have none (`k8s.io/apiserver/pkg/cel/common`).
enum Correlation {
    /// The elements of an old list, by key.
    struct Elements {
        private let keys: [String]
        private let byKey: [[JSONValue]: JSONValue]

        fileprivate init?(_ old: JSONValue, _ schema: StructuralSchema) {
            guard schema.listType == .map, !schema.listMapKeys.isEmpty, case .array(let elements) = old else {
                return nil
            }
            keys = schema.listMapKeys
            var found: [[JSONValue]: JSONValue] = [:]
            for element in elements {
                // Of several elements with one key the first counts.
                if let key = Self.key(element, schema.listMapKeys), found[key] == nil { found[key] = element }
            }
            byKey = found
        }

        /// The old element with the same key.
        func element(for new: JSONValue) -> JSONValue? {
            Self.key(new, keys).flatMap { byKey[$0] }
        }

        private static func key(_ element: JSONValue, _ names: [String]) -> [JSONValue]? {
            guard case .object(let members) = element else { return nil }
            var key: [JSONValue] = []
            for name in names {
                guard let value = members[name] else { return nil }
                switch value {
                case .null, .array, .object: return nil
                default: key.append(value)
                }
            }
            return key
        }
    }

    /// The elements of an old list that can be found again; `nil` where none can.
    static func elements(of old: JSONValue?, _ schema: StructuralSchema) -> Elements? {
        old.flatMap { Elements($0, schema) }
    }

    /// Whether nothing changed between two values that take each other's place. Members that the schema does not
    /// describe cannot be compared and count as changed.
    static func areEqual(_ new: JSONValue, _ old: JSONValue, _ schema: StructuralSchema) -> Bool {
        switch (new, old) {
        case (.object(let newMembers), .object(let oldMembers)):
            guard newMembers.count == oldMembers.count else { return false }
            for (name, value) in newMembers {
                guard let before = oldMembers[name], let inner = schema.schema(forMember: name),
                    areEqual(value, before, inner)
                else { return false }
            }
            return true
        case (.array(let newElements), .array(let oldElements)):
            guard newElements.count == oldElements.count else { return false }
            guard let items = schema.items, let correlated = elements(of: old, schema) else {
                return newElements == oldElements
            }
            return newElements.allSatisfy { element in
                correlated.element(for: element).map { areEqual(element, $0, items) } ?? false
            }
        default: return new == old
        }
    }
}
