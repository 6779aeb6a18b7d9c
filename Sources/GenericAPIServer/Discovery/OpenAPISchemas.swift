import APIMachinery
import BuiltInTypes

/// The schemas of OpenAPI documents: those of the built-in types, and those of custom kinds.
struct OpenAPISchemas {
    /// The two versions of OpenAPI differ in how they refer to schemas, and version 2 knows fewer keywords.
    enum Dialect { case v2, v3 }

    let dialect: Dialect
    private let catalog = TypeCatalog.builtIn
    /// The schemas gathered so far, by name.
    private(set) var schemas: JSONObject = [:]

    static let metaPackage = "io.k8s.apimachinery.pkg.apis.meta.v1"

    init(_ dialect: Dialect) { self.dialect = dialect }

    func reference(_ name: String) -> JSONValue {
        ["$ref": .string((dialect == .v2 ? "#/definitions/" : "#/components/schemas/") + name)]
    }

    /// The name under which a resource's kind is published.
    static func name(of resource: ServedResource) -> String {
        if let type = catalogName(of: resource), let definition = TypeCatalog.builtIn[type] {
            return openAPIName(definition)
        }
        if !resource.isCustom {
            return
                "io.k8s.api.\(resource.group.split(separator: ".").first ?? "core").\(resource.version).\(resource.names.kind)"
        }
        let group = resource.group.split(separator: ".").reversed().joined(separator: ".")
        return "\(group).\(resource.version).\(resource.names.kind)"
    }

    /// The name under which the kind of a subresource is published, if it is not the resource's own.
    static func name(ofKind kind: GroupVersionKind) -> String? { TypeCatalog.builtIn[kind.kind].map(openAPIName) }

    /// Asking a custom kind for its schema would compile it.
    private static func catalogName(of resource: ServedResource) -> String? {
        resource.isCustom ? nil : resource.strategy.schema.catalogName
    }

    /// Some kinds have the same name; the catalog tells them apart by a prefix, OpenAPI by the package.
    private static func openAPIName(_ definition: TypeDefinition) -> String {
        for (package, prefix) in [("io.k8s.api.events.v1.", "Events"), ("io.k8s.api.autoscaling.v1.", "V1")]
        where definition.name.hasPrefix(package + prefix) {
            return package + definition.name.dropFirst(package.utf8.count + prefix.utf8.count)
        }
        return definition.name
    }

    /// Adds a resource's kind, the list of it, and all types that they are made of.
    mutating func add(_ resource: ServedResource) {
        let name = Self.name(of: resource)
        guard schemas[name] == nil else { return }
        addType("ObjectMeta")
        addType("ListMeta")
        // What deletions take and answer.
        addType("DeleteOptions")
        addType("Status")
        for subresource in resource.subresources { if let kind = subresource.kind { addType(kind.kind) } }
        var schema: JSONValue
        if let type = Self.catalogName(of: resource) {
            addType(type)
            schema = schemas[name] ?? ["type": "object"]
        } else {
            schema = customSchema(resource)
        }
        schema["x-kubernetes-group-version-kind"] = [Self.kind(resource.groupVersionKind)]
        schemas[name] = schema
        // What only answers questions has no lists.
        if case .action = resource.backend { return }
        var list: JSONValue = [
            "type": "object", "required": ["items"],
            "description": .string("\(resource.names.listKind) is a list of \(resource.names.kind)"),
        ]
        let about = "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
        let items =
            resource.isCustom
            ? "List of \(resource.names.plural). \(about)" : "Items is the list of \(resource.names.plural)."
        list["properties"] = [
            "apiVersion": text(Self.apiVersionText), "kind": text(Self.kindText),
            "metadata": described("ListMeta", "Standard list metadata. \(about)#types-kinds", resource),
            "items": [
                "type": "array", "items": resource.isCustom ? reference(name) : wrapped(name),
                "description": .string(items),
            ],
        ]
        if !selectable(resource).isEmpty { list["x-kubernetes-selectable-fields"] = .array(selectable(resource)) }
        var listKind = resource.groupVersionKind
        listKind.kind = resource.names.listKind
        list["x-kubernetes-group-version-kind"] = [Self.kind(listKind)]
        schemas[name + "List"] = list
    }

    static func kind(_ kind: GroupVersionKind) -> JSONValue {
        ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
    }

    // MARK: Custom kinds

    private func customSchema(_ resource: ServedResource) -> JSONValue {
        // A schema that cannot be read is published as one that says nothing; writes are refused with the reason.
        guard let published = try? resource.strategy.publishedSchema else { return ["type": "object"] }
        let about = "More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"
        let metadata = described("ObjectMeta", "Standard object's metadata. \(about)#metadata", resource)
        let schemas = CustomSchemas(
            dialect: dialect,
            embedded: [
                "apiVersion": text(
                    "apiVersion defines the versioned schema of this representation of an object. \(about)#resources"
                ),
                "kind": text(
                    "kind is a string value representing the type of this object. In CamelCase. \(about)#types-kinds"
                ),
                "metadata": metadata,
            ]
        )
        var schema: JSONValue = ["type": "object"]
        if !schemas.isOpen(published) {
            schema = schemas.schema(published)
            var properties = schema["properties"] ?? .object([:])
            properties["apiVersion"] = text(Self.apiVersionText)
            properties["kind"] = text(Self.kindText)
            properties["metadata"] = metadata
            schema["properties"] = properties
        }
        if !selectable(resource).isEmpty { schema["x-kubernetes-selectable-fields"] = .array(selectable(resource)) }
        return schema
    }

    /// The fields that objects of a custom kind can be selected by.
    private func selectable(_ resource: ServedResource) -> [JSONValue] {
        resource.strategy.publishedFields.map { ["fieldPath": .string($0)] }
    }

    /// A reference with a description, which version 3 does not allow beside it.
    private func described(_ type: String, _ description: String, _ resource: ServedResource) -> JSONValue {
        guard resource.isCustom else { return field(type, description: description) }
        let reference = reference("\(Self.metaPackage).\(type)")
        var result: JSONValue = dialect == .v2 ? reference : ["allOf": [reference]]
        result["description"] = .string(description)
        return result
    }

    // MARK: Built-in types

    private static let apiVersionText =
        "APIVersion defines the versioned schema of this representation of an object. Servers should convert "
        + "recognized schemas to the latest internal value, and may reject unrecognized values. More info: "
        + "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources"
    private static let kindText =
        "Kind is a string value representing the REST resource this object represents. Servers may infer this "
        + "from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
        + "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"

    private func text(_ description: String) -> JSONValue { ["type": "string", "description": .string(description)] }

    private func wrapped(_ name: String) -> JSONValue {
        dialect == .v2 ? reference(name) : ["allOf": [reference(name)], "default": .object([:])]
    }

    private mutating func addType(_ type: String) {
        guard let definition = catalog[type] else { return }
        let name = Self.openAPIName(definition)
        guard schemas[name] == nil else { return }
        schemas[name] = ["type": "object"]
        var schema: JSONValue = ["type": "object", "description": .string(definition.description)]
        var properties = JSONObject()
        var required: [JSONValue] = []
        for field in definition.fields {
            properties[field.name] = property(field)
            if field.isRequired { required.append(.string(field.name)) }
        }
        schema["properties"] = .object(properties)
        if !required.isEmpty { schema["required"] = .array(required) }
        if definition.isAtomic { schema["x-kubernetes-map-type"] = "atomic" }
        schemas[name] = schema
    }

    private mutating func property(_ field: TypeField) -> JSONValue {
        var result = schema(of: field.type)
        var description = field.description
        if field.name == "apiVersion", description.isEmpty { description = Self.apiVersionText }
        if field.name == "kind", description.isEmpty { description = Self.kindText }
        if !description.isEmpty { result["description"] = .string(description) }
        if let type = field.listType { result["x-kubernetes-list-type"] = .string(type) }
        if !field.mapKeys.isEmpty {
            result["x-kubernetes-list-map-keys"] = .array(field.mapKeys.map(JSONValue.string))
        }
        if field.isAtomicMap { result["x-kubernetes-map-type"] = "atomic" }
        if let key = field.mergeKey { result["x-kubernetes-patch-merge-key"] = .string(key) }
        if let strategy = field.patchStrategy { result["x-kubernetes-patch-strategy"] = .string(strategy) }
        if let value = field.defaultValue, dialect == .v3 { result["default"] = value }
        return result
    }

    private func field(_ type: String, description: String) -> JSONValue {
        var result = wrapped("\(Self.metaPackage).\(type)")
        result["description"] = .string(description)
        return result
    }

    private mutating func schema(of type: TypeReference) -> JSONValue {
        switch type {
        case .named(let name):
            addType(name)
            return catalog[name].map { wrapped(Self.openAPIName($0)) } ?? ["type": "object"]
        case .list(let element): return ["type": "array", "items": schema(of: element)]
        case .map(let value): return ["type": "object", "additionalProperties": schema(of: value)]
        case .scalar(let name):
            switch name {
            case "int32", "int64": return ["type": "integer", "format": .string(name)]
            case "bool": return ["type": "boolean"]
            case "number": return ["type": "number", "format": "double"]
            case "time", "microtime": return ["type": "string", "format": "date-time"]
            case "bytes": return ["type": "string", "format": "byte"]
            case "intorstring": return ["type": "string", "format": "int-or-string"]
            case "any": return ["type": "object"]
            default: return ["type": "string"]
            }
        }
    }
}
