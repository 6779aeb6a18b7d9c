package import APIMachinery
import Schema

/// How a resource is named.
package struct ResourceNames: Sendable, Hashable {
    package var plural: String
    package var singular: String
    package var kind: String
    package var listKind: String
    package var shortNames: [String] = []
    package var categories: [String] = []

    package init(
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
package struct PrinterColumn: Sendable, Hashable {
    package var name: String
    package var type: String
    package var format: String = ""
    package var description: String = ""
    /// 0 is always shown, more only in wide output.
    package var priority: Int64 = 0
    /// A JSONPath into the object; built-in kinds compute their cells instead.
    package var jsonPath: String = ""

    package init(
        name: String,
        type: String,
        format: String = "",
        description: String = "",
        priority: Int64 = 0,
        jsonPath: String = ""
    ) {
        self.name = name
        self.type = type
        self.format = format
        self.description = description
        self.priority = priority
        self.jsonPath = jsonPath
    }
}

/// Where a custom resource keeps what its `scale` subresource shows.
package struct ScalePaths: Sendable, Hashable {
    package var specReplicas: [String]
    package var statusReplicas: [String]
    package var labelSelector: [String]?

    package init(specReplicas: [String], statusReplicas: [String], labelSelector: [String]? = nil) {
        self.specReplicas = specReplicas
        self.statusReplicas = statusReplicas
        self.labelSelector = labelSelector
    }
}

/// A resource in one of its versions, as requests see it. All versions of a resource share the backend.
package struct ServedResource: Sendable {
    package var group: String
    package var version: String
    package var names: ResourceNames
    package var isNamespaced: Bool
    /// In the order in which discovery lists them.
    package var verbs: [String]
    /// Subresources and their verbs, in the order of discovery.
    package var subresources: [Subresource] = []
    package var strategy: any ResourceStrategy
    package var backend: Backend
    /// The version in which objects are stored.
    package var storageVersion: String
    /// The group in which objects are stored, where several groups show the same objects.
    package var storageGroup: String
    /// Whether it was defined by a CustomResourceDefinition.
    package var isCustom = false
    /// The text of the warning that users of this version get.
    package var deprecationWarning: String?
    package var columns: [PrinterColumn] = []
    package var scale: ScalePaths?
    /// Where the number of replicas is in each version, by apiVersion; `nil` for versions without a scale.
    package var replicasPaths: [String: [String]?] = [:]
    /// The schemas of all versions by apiVersion, for field ownership; empty if there is one version only.
    package var types: [String: any KindSchemaSource] = [:]
    /// Who answers requests on subresources, where that is not the object's own verbs.
    package var handlers: [String: any SubresourceHandler] = [:]

    package init(
        group: String,
        version: String,
        names: ResourceNames,
        isNamespaced: Bool,
        verbs: [String],
        subresources: [Subresource] = [],
        strategy: any ResourceStrategy,
        backend: Backend,
        storageVersion: String,
        storageGroup: String,
        isCustom: Bool = false,
        deprecationWarning: String? = nil,
        columns: [PrinterColumn] = [],
        scale: ScalePaths? = nil,
        replicasPaths: [String: [String]?] = [:],
        types: [String: any KindSchemaSource] = [:],
        handlers: [String: any SubresourceHandler] = [:]
    ) {
        self.group = group
        self.version = version
        self.names = names
        self.isNamespaced = isNamespaced
        self.verbs = verbs
        self.subresources = subresources
        self.strategy = strategy
        self.backend = backend
        self.storageVersion = storageVersion
        self.storageGroup = storageGroup
        self.isCustom = isCustom
        self.deprecationWarning = deprecationWarning
        self.columns = columns
        self.scale = scale
        self.replicasPaths = replicasPaths
        self.types = types
        self.handlers = handlers
    }

    /// What can be done with stored objects, in the order in which discovery lists it.
    package static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    /// One subresource and what can be done with it.
    package struct Subresource: Sendable, Hashable {
        package static let status = Subresource(name: "status", verbs: ["get", "patch", "update"])

        package var name: String
        package var verbs: [String]
        /// The kind it speaks, if it is not the resource's own.
        package var kind: GroupVersionKind?
        /// Whether its answer is plain text rather than an object, as that of a log.
        package var isText: Bool

        package init(name: String, verbs: [String], kind: GroupVersionKind? = nil, isText: Bool = false) {
            self.name = name
            self.verbs = verbs
            self.kind = kind
            self.isText = isText
        }
    }

    /// Where the objects are, or who answers in their place.
    package enum Backend: Sendable {
        case objects(any ResourceBackend)
        /// Nothing is stored: a create is a question, answered at once.
        case action(any ResourceAction)
        /// Objects that somebody computes; they can only be read.
        case computed(any ComputedResource)
    }

    package var groupVersion: GroupVersion { GroupVersion(group: group, version: version) }
    package var groupResource: GroupResource { GroupResource(group: group, resource: names.plural) }
    var groupVersionKind: GroupVersionKind { GroupVersionKind(group: group, version: version, kind: names.kind) }
    /// What the store calls the resource.
    package var storageKey: String { GroupResource(group: storageGroup, resource: names.plural).description }
    /// Whether stored bytes can be sent as they are.
    package var isStorageForm: Bool { version == storageVersion && group == storageGroup }

    package func subresource(_ name: String) -> Subresource? { subresources.first { $0.name == name } }
}

/// Answers a create request without storing anything, as the review kinds do.
package protocol ResourceAction: Sendable {
    func perform(_ object: JSONValue, _ context: RequestContext) async throws(Status) -> JSONValue
}

/// Computes the objects of a resource that can only be read.
package protocol ComputedResource: Sendable {
    /// The objects of one namespace, or of all (`nil`).
    func objects(namespace: String?) async throws(Status) -> [JSONValue]
}

/// Has no objects: of a kind that there are none of, or whose objects are yet to be found.
package struct EmptyResource: ComputedResource {
    package init() {}

    package func objects(namespace: String?) async throws(Status) -> [JSONValue] { [] }
}
