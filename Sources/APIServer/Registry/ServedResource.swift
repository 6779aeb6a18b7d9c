import APIMachinery
import Schema

/// How a resource is named.
struct ResourceNames: Sendable, Hashable {
    var plural: String
    var singular: String
    var kind: String
    var listKind: String
    var shortNames: [String] = []
    var categories: [String] = []

    init(
        plural: String,
        singular: String? = nil,
        kind: String,
        listKind: String? = nil,
        shortNames: [String] = [],
        categories: [String] = []
    ) {
        self.plural = plural
        self.singular = singular ?? kind.lowercased()
        self.kind = kind
        self.listKind = listKind ?? "\(kind)List"
        self.shortNames = shortNames
        self.categories = categories
    }
}

/// A column of a table, and where its cells come from.
struct PrinterColumn: Sendable, Hashable {
    var name: String
    var type: String
    var format: String = ""
    var description: String = ""
    /// 0 is always shown, more only in wide output.
    var priority: Int64 = 0
    /// A JSONPath into the object; built-in kinds compute their cells instead.
    var jsonPath: String = ""
}

/// Where a custom resource keeps what its `scale` subresource shows.
struct ScalePaths: Sendable, Hashable {
    var specReplicas: [String]
    var statusReplicas: [String]
    var labelSelector: [String]?
}

/// A resource in one of its versions, as requests see it. All versions of a resource share the backend.
struct ServedResource: Sendable {
    var group: String
    var version: String
    var names: ResourceNames
    var isNamespaced: Bool
    /// In the order in which discovery lists them.
    var verbs: [String]
    /// Subresources and their verbs, in the order of discovery.
    var subresources: [Subresource] = []
    var strategy: any ResourceStrategy
    var backend: Backend
    /// The version in which objects are stored.
    var storageVersion: String
    /// The group in which objects are stored, where several groups show the same objects.
    var storageGroup: String
    /// Whether it was defined by a CustomResourceDefinition.
    var isCustom = false
    /// The text of the warning that users of this version get.
    var deprecationWarning: String?
    var columns: [PrinterColumn] = []
    var scale: ScalePaths?
    /// Where the number of replicas is in each version, by apiVersion; `nil` for versions without a scale.
    var replicasPaths: [String: [String]?] = [:]
    /// The schemas of all versions by apiVersion, for field ownership; empty if there is one version only.
    var types: [String: any KindSchemaSource] = [:]
    /// Who answers requests on subresources, where that is not the object's own verbs.
    var handlers: [String: any SubresourceHandler] = [:]

    /// What can be done with stored objects, in the order in which discovery lists it.
    static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    /// One subresource and what can be done with it.
    struct Subresource: Sendable, Hashable {
        static let status = Subresource(name: "status", verbs: ["get", "patch", "update"])

        var name: String
        var verbs: [String]
        /// The kind it speaks, if it is not the resource's own.
        var kind: GroupVersionKind?
    }

    /// Where the objects are, or who answers in their place.
    enum Backend: Sendable {
        case objects(any ResourceBackend)
        /// Nothing is stored: a create is a question, answered at once.
        case action(any ResourceAction)
        /// Objects that somebody computes; they can only be read.
        case computed(any ComputedResource)
    }

    var groupVersion: GroupVersion { GroupVersion(group: group, version: version) }
    var groupResource: GroupResource { GroupResource(group: group, resource: names.plural) }
    var groupVersionKind: GroupVersionKind { GroupVersionKind(group: group, version: version, kind: names.kind) }
    /// What the store calls the resource.
    var storageKey: String { GroupResource(group: storageGroup, resource: names.plural).description }
    /// Whether stored bytes can be sent as they are.
    var isStorageForm: Bool { version == storageVersion && group == storageGroup }

    func subresource(_ name: String) -> Subresource? { subresources.first { $0.name == name } }
}

/// Answers a create request without storing anything, as the review kinds do.
protocol ResourceAction: Sendable {
    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue
}

/// Computes the objects of a resource that can only be read.
protocol ComputedResource: Sendable {
    /// The objects of one namespace, or of all (`nil`).
    func objects(namespace: String?) async throws(Status) -> [JSONValue]
}

/// Has no objects: of a kind that there are none of, or whose objects are yet to be found.
struct EmptyResource: ComputedResource {
    func objects(namespace: String?) async throws(Status) -> [JSONValue] { [] }
}
