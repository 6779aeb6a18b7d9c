import APIMachinery

/// What the definitions of kinds that are served but never stored are put together from.
enum DefinitionParts {
    /// A column of `kubectl get`.
    static func column(_ name: String, _ path: String, type: String = "string") -> JSONValue {
        ["name": .string(name), "type": .string(type), "jsonPath": .string(path)]
    }

    /// The schema of a text.
    static func text(_ description: String) -> JSONValue {
        ["type": "string", "description": .string(description)]
    }
}
