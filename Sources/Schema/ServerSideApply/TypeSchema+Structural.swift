internal import APIMachinery

/// The types of custom resources (`k8s.io/kube-openapi/pkg/schemaconv`).
extension TypeSchema {
    /// The type of a custom resource with that schema; without one nothing is known but the metadata.
    public convenience init(_ schema: StructuralSchema?) {
        guard let schema else {
            self.init(scalar: Self.deduced.scalar, list: Self.deduced.list, map: Self.deduced.map)
            return
        }
        let type = Self.convert(schema, preserving: false, isResource: true)
        self.init(scalar: type.scalar, list: type.list, map: type.map)
    }

    private static func convert(_ schema: StructuralSchema, preserving: Bool, isResource: Bool) -> TypeSchema {
        // Once unknown fields are preserved, they are in everything below.
        let preserving = preserving || schema.preservesUnknownFields
        switch schema.isIntOrString ? "" : schema.type {
        case "object": return TypeSchema(map: map(schema, preserving, isResource))
        case "array": return TypeSchema(list: list(schema, preserving))
        case "integer", "number": return .numeric
        case "boolean": return .boolean
        case "string": return schema.formatName.isEmpty || schema.formatName == "byte" ? .string : .scalar
        default:
            return TypeSchema(
                scalar: .untyped,
                list: list(schema, preserving),
                map: map(schema, preserving, isResource)
            )
        }
    }

    private static func map(_ schema: StructuralSchema, _ preserving: Bool, _ isResource: Bool) -> Map {
        var fields = schema.properties.map { property in
            Field(
                name: property.name,
                schema: convert(property.schema, preserving: preserving, isResource: false),
                defaultValue: property.schema.defaultValue
            )
        }
        if isResource || schema.isEmbeddedResource {
            for (name, type) in [("apiVersion", string), ("kind", string), ("metadata", objectMeta)] {
                fields.removeAll { $0.name.equalsBytes(of: name) }
                fields.append(Field(name: name, schema: type))
            }
            fields.sort { $0.name.compareBytes(to: $1.name) < 0 }
        }
        let element: Element =
            switch schema.additionalProperties {
            case .schema(let inner): .type(convert(inner, preserving: preserving, isResource: false))
            case .allowed(true): .deduced
            case .allowed(false): .undeclared
            // An object of which nothing is said is free.
            case .unspecified: preserving || fields.isEmpty ? .deduced : .undeclared
            }
        return Map(fields: fields, element: element, isAtomic: schema.isAtomicMap)
    }

    private static func list(_ schema: StructuralSchema, _ preserving: Bool) -> List {
        let relationship: Relationship =
            switch schema.listType {
            case .set: .set
            case .map: .map(keys: schema.listMapKeys)
            case .atomic, nil: .atomic
            }
        let element = schema.items.map { Element.type(convert($0, preserving: preserving, isResource: false)) }
        return List(relationship: relationship, element: element ?? .untyped)
    }
}
