public import APIMachinery

/// What server-side apply needs to know of a type: which parts of it are owned one by one and which as a whole.
///
/// Made from a CRD's `StructuralSchema`, or written down for built-in kinds with the constructors below. A node may
/// allow several kinds of value; which one holds is then seen from the value.
public final class TypeSchema: Sendable {
    /// The kinds of scalar.
    public enum Scalar: Sendable { case numeric, string, boolean, untyped }

    /// How the elements of a list belong together.
    public enum Relationship: Sendable, Hashable {
        /// The list is one value.
        case atomic
        /// Elements are identified by their value.
        case set
        /// Elements are identified by these fields.
        case map(keys: [String])
    }

    /// The type of what a container holds.
    public enum Element: Sendable {
        /// Nothing is declared: no such member may be there.
        case undeclared
        /// Whatever is found: objects member by member, lists as a whole.
        case deduced
        /// Whatever is found, as a whole.
        case untyped
        case type(TypeSchema)

        /// The type, if anything is declared.
        public var schema: TypeSchema? {
            switch self {
            case .undeclared: nil
            case .deduced: TypeSchema.deduced
            case .untyped: TypeSchema.untyped
            case .type(let schema): schema
            }
        }
    }

    /// A list.
    public struct List: Sendable {
        public var relationship: Relationship
        public var element: Element
    }

    /// A named member of an object.
    public struct Field: Sendable {
        public var name: String
        public var schema: TypeSchema
        /// Stands for an absent key of a list element.
        public var defaultValue: JSONValue?
    }

    /// An object.
    public struct Map: Sendable {
        /// Sorted by the bytes of their names.
        public var fields: [Field]
        public var element: Element
        public var isAtomic: Bool

        func field(_ name: String) -> Field? {
            var low = 0
            var high = fields.count
            while low < high {
                let middle = (low + high) / 2
                let order = fields[middle].name.compareBytes(to: name)
                if order == 0 { return fields[middle] }
                if order < 0 { low = middle + 1 } else { high = middle }
            }
            return nil
        }

        /// The type of the member of that name; `nil` where none is declared.
        func schema(of name: String) -> TypeSchema? { field(name)?.schema ?? element.schema }

        /// Whether nothing is known of the members, so that ownership of them cannot have changed its form.
        var isDeducedOnly: Bool {
            guard fields.isEmpty else { return false }
            return switch element {
            case .deduced: true
            case .type(let schema): schema.scalar == .untyped
            case .undeclared, .untyped: false
            }
        }
    }

    public let scalar: Scalar?
    public let list: List?
    public let map: Map?

    /// A type that allows these kinds of value.
    public init(scalar: Scalar? = nil, list: List? = nil, map: Map? = nil) {
        self.scalar = scalar
        self.list = list
        self.map = map
    }

    /// Any value, owned as a whole.
    public static let untyped = TypeSchema(
        scalar: .untyped,
        list: List(relationship: .atomic, element: .untyped),
        map: Map(fields: [], element: .untyped, isAtomic: true)
    )

    /// Any value; objects are owned member by member, lists as a whole.
    public static let deduced = TypeSchema(
        scalar: .untyped,
        list: List(relationship: .atomic, element: .untyped),
        map: Map(fields: [], element: .deduced, isAtomic: false)
    )

    public static let string = TypeSchema(scalar: .string)
    public static let numeric = TypeSchema(scalar: .numeric)
    public static let boolean = TypeSchema(scalar: .boolean)
    /// Any scalar: times, quantities, ports that may have a name.
    public static let scalar = TypeSchema(scalar: .untyped)

    /// An object with these members and no others.
    public static func object(_ fields: [String: TypeSchema], atomic: Bool = false) -> TypeSchema {
        object(fields, defaults: [:], atomic: atomic)
    }

    /// An object with these members and no others, some of which have a default that counts in keys of lists.
    public static func object(
        _ fields: [String: TypeSchema],
        defaults: [String: JSONValue],
        atomic: Bool = false
    ) -> TypeSchema {
        let sorted = fields.map { Field(name: $0.key, schema: $0.value, defaultValue: defaults[$0.key]) }
            .sorted { $0.name.compareBytes(to: $1.name) < 0 }
        return TypeSchema(map: Map(fields: sorted, element: .undeclared, isAtomic: atomic))
    }

    /// An object with any names and values of one type, owned key by key unless atomic.
    public static func map(of element: TypeSchema, atomic: Bool = false) -> TypeSchema {
        TypeSchema(map: Map(fields: [], element: .type(element), isAtomic: atomic))
    }

    /// A list; a set or a map by its relationship.
    public static func list(of element: TypeSchema, _ relationship: Relationship = .atomic) -> TypeSchema {
        TypeSchema(list: List(relationship: relationship, element: .type(element)))
    }

    /// `metav1.ObjectMeta`
    public static let objectMeta: TypeSchema = {
        let owner = object(
            [
                "apiVersion": string, "kind": string, "name": string, "uid": string, "controller": boolean,
                "blockOwnerDeletion": boolean,
            ],
            atomic: true
        )
        let managed = object([
            "manager": string, "operation": string, "apiVersion": string, "time": scalar, "fieldsType": string,
            "fieldsV1": deduced, "subresource": string,
        ])
        return object([
            "annotations": map(of: string), "creationTimestamp": scalar, "deletionGracePeriodSeconds": numeric,
            "deletionTimestamp": scalar, "finalizers": list(of: string, .set), "generateName": string,
            "generation": numeric, "labels": map(of: string), "managedFields": list(of: managed), "name": string,
            "namespace": string, "ownerReferences": list(of: owner, .map(keys: ["uid"])), "resourceVersion": string,
            "selfLink": string, "uid": string,
        ])
    }()

    /// A whole object of a built-in kind: `apiVersion`, `kind`, `metadata` and these fields.
    public static func resource(_ fields: [String: TypeSchema]) -> TypeSchema {
        object(fields.merging(["apiVersion": string, "kind": string, "metadata": objectMeta]) { $1 })
    }
}
