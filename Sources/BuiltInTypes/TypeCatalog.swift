package import APIMachinery
package import Schema

/// One field of a built-in type.
package struct TypeField: Sendable {
    package var name: String
    package var type: TypeReference
    package var isRequired = false
    /// `atomic`, `set` or `map`, for lists.
    package var listType: String?
    package var mapKeys: [String] = []
    /// The field by which strategic patches find elements.
    package var mergeKey: String?
    /// `merge`, `replace`, `retainKeys`, joined by commas as OpenAPI has them.
    package var patchStrategy: String?
    /// Whether an empty value is kept, as Go does for fields without `omitempty`.
    var keepsEmpty = false
    /// Whether a map is owned as a whole.
    package var isAtomicMap = false
    package var defaultValue: JSONValue?
    package var description = ""
}

/// What a field holds.
package indirect enum TypeReference: Sendable {
    /// `string`, `int32`, `int64`, `bool`, `number`, `time`, `microtime`, `quantity`, `intorstring`, `bytes`, `any`.
    case scalar(String)
    case named(String)
    case list(TypeReference)
    case map(TypeReference)
}

/// A built-in type with its fields.
package struct TypeDefinition: Sendable {
    /// The name in OpenAPI: `io.k8s.api.core.v1.Pod`.
    package var name: String
    package var description: String
    package var fields: [TypeField]
    /// Whether a value is owned and merged as a whole, as references are.
    package var isAtomic = false
}

/// The built-in types, read from the tables of this directory.
///
/// A table is text, for such a thing is written and checked most easily by eye:
///
///     package io.k8s.api.core.v1
///     Container "A single application container that you want to run within a pod."
///       name! string "Name of the container."
///       ports [ContainerPort] map:containerPort,protocol merge:containerPort
///
/// `atomic` after a type's name says that its values are owned as a whole. `!` marks required fields, `[T]` lists and
/// `{T}` maps. Then come flags: `map:KEYS`, `set`, `atomic`, `merge:KEY`
/// (`merge` for plain values), `strategy:S`, `keep`, `=DEFAULT` (JSON without spaces).
package struct TypeCatalog: Sendable {
    package private(set) var types: [String: TypeDefinition] = [:]

    package static let builtIn: TypeCatalog = {
        var catalog = TypeCatalog()
        let tables = [
            metaTypes, coreTypes, podTypes, containerTypes, volumeTypes, groupTypes, policyTypes, autoscalingTypes,
            roleTypes, requestTypes,
        ]
        for table in tables { catalog.read(table) }
        return catalog
    }()

    /// The definition of a type by its short name.
    package subscript(name: String) -> TypeDefinition? { types[name] }

    private mutating func read(_ table: String) {
        var package = ""
        var current: String?
        for line in table.split(separator: "\n") {
            let (words, description) = Self.words(line)
            guard let first = words.first else { continue }
            if first == "package", words.count > 1 {
                package = words[1]
            } else if !line.hasPrefix(" ") {
                current = first
                var definition = TypeDefinition(name: "\(package).\(first)", description: description, fields: [])
                definition.isAtomic = words.dropFirst().contains("atomic")
                types[first] = definition
            } else if let current, words.count > 1 {
                types[current]?.fields.append(Self.field(words, description))
            }
        }
    }

    private static func words(_ line: Substring) -> (words: [String], description: String) {
        let parts = line.split(separator: "\"", maxSplits: 1, omittingEmptySubsequences: false)
        let words = parts[0].split(separator: " ").map(String.init)
        // A default value may have quotes of its own; it then takes no description.
        if let last = words.last, last.hasPrefix("="), parts.count > 1, !parts[0].hasSuffix(" ") {
            return (line.split(separator: " ").map(String.init), "")
        }
        return (words, parts.count > 1 ? String(parts[1].dropLast(parts[1].hasSuffix("\"") ? 1 : 0)) : "")
    }

    private static func field(_ words: [String], _ description: String) -> TypeField {
        let isRequired = words[0].hasSuffix("!")
        var field = TypeField(
            name: isRequired ? String(words[0].dropLast()) : words[0],
            type: reference(words[1]),
            isRequired: isRequired,
            description: description
        )
        if case .list = field.type { field.listType = "atomic" }
        for flag in words.dropFirst(2) {
            let sides = flag.split(separator: ":", maxSplits: 1).map(String.init)
            switch sides[0] {
            case "map":
                field.listType = "map"
                field.mapKeys = sides[1].split(separator: ",").map(String.init)
            case "set": field.listType = "set"
            case "atomic": if case .map = field.type { field.isAtomicMap = true } else { field.listType = "atomic" }
            case "merge":
                field.patchStrategy = "merge"
                field.mergeKey = sides.count > 1 ? sides[1] : nil
            case "strategy": field.patchStrategy = sides[1]
            case "keep": field.keepsEmpty = true
            default:
                // The catalog is part of the program, and its defaults are JSON.
                if flag.hasPrefix("=") { field.defaultValue = try? JSONValue(parsing: String(flag.dropFirst())) }
            }
        }
        return field
    }

    private static let scalars: Set<String> = [
        "string", "int32", "int64", "bool", "number", "time", "microtime", "quantity", "intorstring", "bytes", "any",
    ]

    private static func reference(_ text: String) -> TypeReference {
        if text.hasPrefix("[") { return .list(reference(String(text.dropFirst().dropLast()))) }
        if text.hasPrefix("{") { return .map(reference(String(text.dropFirst().dropLast()))) }
        return scalars.contains(text) ? .scalar(text) : .named(text)
    }
}

// MARK: Schemas

extension TypeCatalog {
    /// The type as one schema, all types in it written out.
    package func schema(of name: String) -> JSONSchemaProps {
        var schema = JSONSchemaProps(type: "object")
        guard let definition = types[name] else {
            schema.preservesUnknownFields = true
            return schema
        }
        if definition.isAtomic { schema.mapType = "atomic" }
        for field in definition.fields {
            schema.properties[field.name] = self.schema(of: field)
            if field.isRequired { schema.required.append(field.name) }
        }
        return schema
    }

    private func schema(of field: TypeField) -> JSONSchemaProps {
        var schema = schema(of: field.type)
        schema.listType = field.listType
        schema.listMapKeys = field.mapKeys
        schema.defaultValue = field.defaultValue
        if field.isAtomicMap { schema.mapType = "atomic" }
        return schema
    }

    private func schema(of type: TypeReference) -> JSONSchemaProps {
        switch type {
        case .named(let name): return schema(of: name)
        case .list(let element):
            var schema = JSONSchemaProps(type: "array")
            schema.items = .schema(self.schema(of: element))
            return schema
        case .map(let value):
            var schema = JSONSchemaProps(type: "object")
            schema.additionalProperties = .schema(self.schema(of: value))
            return schema
        case .scalar(let name):
            switch name {
            case "int32", "int64":
                var schema = JSONSchemaProps(type: "integer")
                schema.format = name
                return schema
            case "bool": return JSONSchemaProps(type: "boolean")
            case "number": return JSONSchemaProps(type: "number")
            case "intorstring", "quantity":
                var schema = JSONSchemaProps()
                schema.isIntOrString = true
                return schema
            case "any":
                var schema = JSONSchemaProps()
                schema.preservesUnknownFields = true
                return schema
            default: return JSONSchemaProps(type: "string")
            }
        }
    }
}
