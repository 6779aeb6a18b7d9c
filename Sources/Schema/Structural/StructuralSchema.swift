public import APIMachinery

/// A schema compiled for use: a tree of immutable nodes that pruning, defaulting, validation and server-side
/// apply walk alongside an object.
///
/// One kind of node serves both the structure and the value validations under `allOf`, `anyOf`, `oneOf` and `not`.
/// Properties are sorted as JSON members are, so that one pass over both finds every match.
public final class StructuralSchema: Sendable {
    /// One named property.
    public struct Property: Sendable {
        public let name: String
        public let schema: StructuralSchema
    }

    /// What members that are not properties may be.
    public enum AdditionalProperties: Sendable {
        /// Nothing is said: such members are unknown.
        case unspecified
        case allowed(Bool)
        case schema(StructuralSchema)

        /// The schema of such members, if they have one.
        public var schema: StructuralSchema? { if case .schema(let schema) = self { schema } else { nil } }

        /// Whether anything is said at all.
        public var isSpecified: Bool { if case .unspecified = self { false } else { true } }
    }

    /// How the elements of a list belong together.
    public enum ListType: String, Sendable { case atomic, set, map }

    /// The types that a value may have.
    struct Types: OptionSet, Sendable {
        let rawValue: UInt8
        static let object = Types(rawValue: 1)
        static let array = Types(rawValue: 2)
        static let string = Types(rawValue: 4)
        static let integer = Types(rawValue: 8)
        static let number = Types(rawValue: 16)
        static let boolean = Types(rawValue: 32)
        static let null = Types(rawValue: 64)
    }

    /// The single type, empty where none is given.
    public let type: String
    public let isNullable: Bool
    /// What an absent field gets, already pruned.
    public let defaultValue: JSONValue?
    public let properties: [Property]
    public let additionalProperties: AdditionalProperties
    public let items: StructuralSchema?
    public let preservesUnknownFields: Bool
    public let isEmbeddedResource: Bool
    public let isIntOrString: Bool
    public let listType: ListType?
    public let listMapKeys: [String]
    /// Whether an object is replaced as a whole (`x-kubernetes-map-type: atomic`).
    public let isAtomicMap: Bool
    public let validations: [ValidationRule]
    /// The format as it is written in the schema, whether it is checked or not.
    public let formatName: String
    public let title: String
    public let description: String

    let types: Types
    /// The types as messages name them, `integer,string`.
    let typesText: String
    let checks: ValueChecks
    let allOf: [StructuralSchema]
    let anyOf: [StructuralSchema]
    let oneOf: [StructuralSchema]
    let not: StructuralSchema?

    /// How many nodes the tree has from here down: a measure of the memory that it takes.
    public let nodeCount: Int

    /// What this node or one below it has, so that a walk may leave out whole branches.
    let below: Features

    /// Things that only some walks look for.
    struct Features: OptionSet, Sendable {
        let rawValue: UInt8
        static let defaults = Features(rawValue: 1)
        static let embeddedResources = Features(rawValue: 2)
        static let listTypes = Features(rawValue: 4)
        static let rules = Features(rawValue: 8)
    }

    /// Compiles a schema, with its defaults pruned as the API server prunes them.
    ///
    /// Compile only what `SchemaReview` accepts: of a schema that is not structural the odd parts are ignored.
    /// A pattern that is not a regular expression matches nothing.
    public convenience init(_ schema: JSONSchemaProps) {
        self.init(schema, place: .root)
        // `place` makes the defaults of this tree pruned ones; nothing else is left to do.
    }

    /// Reads and compiles a CRD version's `openAPIV3Schema`.
    public convenience init(json: JSONValue) throws(SchemaSyntaxError) {
        self.init(try JSONSchemaProps(json: json))
    }

    /// Where a node is, as far as the pruning of its default depends on it.
    private enum Place { case root, resource, metadata, value, nested }

    private init(_ schema: JSONSchemaProps, place: Place) {
        type = schema.type ?? ""
        isNullable = schema.nullable
        preservesUnknownFields = schema.preservesUnknownFields ?? false
        isEmbeddedResource = schema.isEmbeddedResource
        isIntOrString = schema.isIntOrString
        listType = schema.listType.flatMap(ListType.init(rawValue:))
        listMapKeys = schema.listMapKeys
        isAtomicMap = schema.mapType == "atomic"
        validations = schema.validations
        formatName = schema.format ?? ""
        title = schema.title ?? ""
        description = schema.description ?? ""
        let isResource = place == .root || schema.isEmbeddedResource
        let childPlace: Place = place == .metadata || place == .nested ? place : .value
        properties = schema.sortedProperties.map { name, property in
            let isMeta = isResource && (name == "metadata" || name == "apiVersion" || name == "kind")
            return Property(
                name: name,
                schema: StructuralSchema(property, place: isMeta ? .metadata : childPlace)
            )
        }
        switch schema.additionalProperties {
        case nil: additionalProperties = .unspecified
        case .allowed(let allowed): additionalProperties = .allowed(allowed)
        case .schema(let schema): additionalProperties = .schema(StructuralSchema(schema, place: childPlace))
        }
        items = schema.itemSchema.map { StructuralSchema($0, place: childPlace) }
        allOf = schema.allOf.map { StructuralSchema($0, place: .nested) }
        anyOf = schema.anyOf.map { StructuralSchema($0, place: .nested) }
        oneOf = schema.oneOf.map { StructuralSchema($0, place: .nested) }
        not = schema.not.map { StructuralSchema($0.value, place: .nested) }
        types = schema.isIntOrString ? [.integer, .string] : Self.types(named: schema.type ?? "")
        typesText = schema.isIntOrString ? "integer,string" : schema.type ?? ""
        checks = ValueChecks(schema)

        var features: Features = []
        for child in properties { features.formUnion(child.schema.below) }
        if let child = additionalProperties.schema { features.formUnion(child.below) }
        if let items { features.formUnion(items.below) }
        if schema.defaultValue != nil { features.insert(.defaults) }
        if schema.isEmbeddedResource { features.insert(.embeddedResources) }
        if listType == .set || listType == .map { features.insert(.listTypes) }
        if !schema.validations.isEmpty { features.insert(.rules) }
        below = features
        let children = properties.map(\.schema) + allOf + anyOf + oneOf
        let single = [additionalProperties.schema, items, not].compactMap(\.self)
        nodeCount = (children + single).reduce(1) { $0 + $1.nodeCount }

        // Defaults inside an object's metadata are judged as a whole with the object, not by the schema alone.
        if let value = schema.defaultValue, place != .metadata, place != .nested {
            let bare = Pruning.Shape(
                properties: properties,
                additionalProperties: additionalProperties,
                items: items,
                preservesUnknownFields: preservesUnknownFields,
                isEmbeddedResource: isResource
            )
            defaultValue = Pruning.pruned(value, bare)
        } else {
            defaultValue = schema.defaultValue
        }
    }

    private static func types(named name: String) -> Types {
        switch name {
        case "object": .object
        case "array": .array
        case "string": .string
        case "integer": .integer
        case "number": .number
        case "boolean": .boolean
        case "null": .null
        default: []
        }
    }

    /// The schema of a member: of the property of that name, else of any additional member.
    public func schema(forMember name: String) -> StructuralSchema? {
        property(named: name) ?? additionalProperties.schema
    }

    /// The schema of the property of that name.
    public func property(named name: String) -> StructuralSchema? {
        var low = 0
        var high = properties.count
        while low < high {
            let middle = (low + high) / 2
            let order = properties[middle].name.compareBytes(to: name)
            if order == 0 { return properties[middle].schema }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return nil
    }
}

/// Finds the properties of ascending names in one pass.
struct PropertyCursor {
    private let properties: [StructuralSchema.Property]
    private var index = 0

    init(_ properties: [StructuralSchema.Property]) { self.properties = properties }

    /// The property of that name, which must not sort before an earlier one asked for.
    mutating func property(named name: String) -> StructuralSchema? {
        while index < properties.count {
            let order = properties[index].name.compareBytes(to: name)
            if order == 0 { return properties[index].schema }
            if order > 0 { return nil }
            index += 1
        }
        return nil
    }
}
