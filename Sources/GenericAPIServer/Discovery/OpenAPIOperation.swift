/// How one request is called in OpenAPI documents (`k8s.io/apiserver/pkg/endpoints/installer.go` and
/// `.../endpoints/openapi`).
struct OpenAPIOperation {
    /// `get`, `list`, `post`, `put`, `patch`, `delete` or `deletecollection`.
    var action: String
    var resource: ServedResource
    /// Empty for the object itself.
    var subresource: String
    /// Whether the request is about all namespaces.
    var isEverywhere: Bool

    private static let verbs = [
        "get": "read", "list": "list", "post": "create", "put": "replace", "patch": "patch", "delete": "delete",
        "deletecollection": "delete",
    ]

    /// The name that generated clients give the method: `readCoreV1NamespacedPodStatus`.
    var identifier: String {
        let isNamespaced = resource.isNamespaced && !isEverywhere
        let words = [
            Self.verbs[action] ?? action, Self.word(group, isCapital: true),
            Self.word(resource.version, isCapital: true),
            action == "deletecollection" ? "Collection" : "", isNamespaced ? "Namespaced" : "", resource.names.kind,
            isEverywhere && resource.isNamespaced ? "ForAllNamespaces" : "", Self.word(subresource, isCapital: true),
        ]
        return words.joined()
    }

    /// The class to which generated clients give the method: `core_v1`.
    var tag: String {
        "\(Self.word(group, isCapital: false))_\(Self.word(resource.version, isCapital: false))"
    }

    /// A sentence for people.
    var description: String {
        let kind = resource.names.kind
        let part = subresource.isEmpty ? "" : " \(subresource) of"
        switch action {
        case "list": return "list \(resource.isCustom ? "" : "or watch ")objects of kind \(kind)"
        case "post": return "create\(part)\(Self.article(kind))\(kind)"
        case "put": return "replace\(part) the specified \(kind)"
        case "patch": return "partially update\(part) the specified \(kind)"
        case "delete": return "delete\(part)\(Self.article(kind))\(kind)"
        case "deletecollection": return "delete collection of \(kind)"
        default: return "read\(part) the specified \(kind)"
        }
    }

    /// Whether a deletion is documented to answer the object. One of a namespace does, and is documented not to.
    var answersObject: Bool {
        !resource.isCustom && resource.strategy.returnsDeletedObject && resource.names.kind != "Namespace"
    }

    private var group: String {
        if resource.group.isEmpty { return "core" }
        let suffix = ".k8s.io"
        return resource.group.hasSuffix(suffix) ? String(resource.group.dropLast(suffix.utf8.count)) : resource.group
    }

    /// Letters and digits only; what follows another character is a capital.
    private static func word(_ text: String, isCapital: Bool) -> String {
        var isNextCapital = isCapital
        var result = ""
        for character in text {
            guard character.isLetter || character.isNumber else {
                isNextCapital = true
                continue
            }
            result += isNextCapital ? character.uppercased() : String(character)
            isNextCapital = false
        }
        return result
    }

    private static func article(_ noun: String) -> String {
        if noun.hasSuffix("s"), !noun.hasSuffix("ss") { return " " }
        return "AEIOUaeiou".contains(noun.prefix(1)) ? " an " : " a "
    }
}
