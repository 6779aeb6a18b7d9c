/// How strategic merge patches treat the fields of one type: the `patchStrategy` and `patchMergeKey` of the Go types.
public struct StrategicMergeSchema: Sendable {
    /// How one field is merged.
    public struct Field: Sendable, Equatable {
        /// What becomes of the value there was.
        public enum Strategy: Sendable, Equatable {
            /// Objects are merged member by member, lists are replaced.
            case standard
            /// The elements of a list are merged: objects by their merge key, other values as a set.
            case merge
            /// Objects are replaced as well.
            case replace
        }

        public var strategy: Strategy
        /// The member by which elements of a list are matched.
        public var mergeKey: String?
        /// Whether clients should send `$retainKeys` along, as for members of which only one may be set.
        public var retainsKeys: Bool
        /// The name of the type of the value, or of the list's elements, if it has special fields.
        public var type: String?

        /// A field and how it is merged.
        public init(strategy: Strategy, mergeKey: String? = nil, retainsKeys: Bool = false, type: String? = nil) {
            self.strategy = strategy
            self.mergeKey = mergeKey
            self.retainsKeys = retainsKeys
            self.type = type
        }

        /// The value of `x-kubernetes-patch-strategy` in OpenAPI documents, if the field has one.
        public var openAPIStrategy: String? {
            var names: [String] = []
            switch strategy {
            case .standard: break
            case .merge: names.append("merge")
            case .replace: names.append("replace")
            }
            if retainsKeys { names.append("retainKeys") }
            return names.isEmpty ? nil : names.joined(separator: ",")
        }

        /// An object with special fields.
        static func object(_ type: String) -> Field { Field(strategy: .standard, type: type) }

        /// A list of objects, merged by a key.
        static func list(by mergeKey: String, of type: String? = nil, retainsKeys: Bool = false) -> Field {
            Field(strategy: .merge, mergeKey: mergeKey, retainsKeys: retainsKeys, type: type)
        }

        /// A list of texts or numbers in which each occurs once.
        static let set = Field(strategy: .merge)
    }

    /// The special fields; all others are `standard`.
    public let fields: [String: Field]
    private let types: [String: [String: Field]]

    /// A schema of these fields, whose types are looked up among these.
    public init(fields: [String: Field], types: [String: [String: Field]] = [:]) {
        self.fields = fields
        self.types = types
    }

    /// A schema without special fields.
    public static let plain = StrategicMergeSchema(fields: [:])

    /// How a field is merged.
    func field(_ name: String) -> Field { fields[name] ?? Field(strategy: .standard) }

    /// The schema of a field's value, or of the elements of its list.
    func schema(of field: Field) -> StrategicMergeSchema {
        guard let type = field.type, let fields = types[type] else { return .plain }
        return StrategicMergeSchema(fields: fields, types: types)
    }
}
