import APIExtensions
import APIMachinery
import AccessControl
import BuiltInControllers
import BuiltInKinds
import GenericAPIServer
import Logging
import Storage

/// Makes the parts of a server and puts them together: the generic server, what decides on access, the built-in kinds,
/// custom resources, and the controllers.
struct ServerAssembly: Sendable {
    /// What the embedding program adds.
    struct Options: Sendable {
        var server = ServerCore.Options()
        /// Reads Pods' logs, where Pods run.
        var podLogs: (any PodLogSource)?
        /// Tells what Pods use, for `kubectl top`.
        var podMetrics: (any PodMetricsSource)?
        /// How conversion webhooks are reached.
        var webhooks: WebhookTransport = HTTPSWebhook.transport
    }

    let core: ServerCore
    let client: LoopbackClient
    let authenticator = Authenticator()
    let customResources: CustomResourceHandler
    private let authorizer: RBACAuthorizer
    private let disruptions: DisruptionBudgets
    private let options: Options

    /// The parts of a server over that store. Nothing is read before ``load()``.
    init(store: any ObjectStore, options: Options, audit: AuditLog? = nil, logger: Logger) {
        let authorizer = RBACAuthorizer()
        let metrics = ServerMetrics()
        let caches = ObjectCaches(store: store, metrics: metrics, logger: logger) { change in
            do {
                try authorizer.apply(change)
            } catch {
                logger.critical(
                    "an object that grants rights cannot be read, and grants none; restore the data from a backup",
                    metadata: ["object": "\(change.key)", "error": "\(error)"]
                )
            }
        }
        self.options = options
        self.authorizer = authorizer
        core = ServerCore(
            store: store,
            caches: caches,
            authorizer: authorizer,
            admission: [
                TerminatingDefinitions(caches: caches), NamespaceLifecycle(caches: caches),
                PodAdmission(caches: caches),
            ],
            metrics: metrics,
            options: options.server,
            audit: audit,
            logger: logger
        )
        client = LoopbackClient(core: core)
        customResources = CustomResourceHandler(core: core, client: client, webhooks: options.webhooks)
        disruptions = DisruptionBudgets(core: core, client: client)
    }

    /// Fills the caches and the registry from the store, and makes the namespaces that every cluster has.
    func load() async throws(Status) {
        try await BuiltInResources.register(
            in: core,
            BuiltInResources.Dependencies(
                authorizer: authorizer,
                authenticator: authenticator,
                disruptions: disruptions,
                podLogs: options.podLogs,
                podMetrics: options.podMetrics
            )
        )
        try await customResources.register()
        try authorizer.load { storageKey throws(Status) in
            var objects: [CachedObject] = []
            core.caches[storageKey]?.snapshot().objects.forEach { object in
                objects.append(object)
                return true
            }
            var documents: [(path: String, document: JSONValue)] = []
            for object in objects { documents.append((object.path, try object.document())) }
            return documents
        }
        try await customResources.loadAll()
        try await NamespaceBootstrap(core: core, client: client).run()
    }

    /// Stores these roles and bindings beside those of Kubernetes, and gathers the rules of aggregated roles.
    func bootstrapRoles(_ roles: [JSONValue]) async throws(Status) {
        try await RoleBootstrap(core: core, client: client).run(DefaultRoles.all + roles)
        try await RoleAggregation(core: core, client: client).run()
    }

    /// Serves the objects of a resource that another module keeps.
    func register(_ provider: any ResourceProvider) throws(Status) {
        let resources = try ProvidedResources.resources(provider, in: core, schemas: customResources.schemas)
        for resource in resources { core.registry.add(resource) }
    }

    /// The server's own controllers, which follow the changes from now on.
    func controllers() -> ControllerManager {
        ControllerManager(core: core, client: client, budgets: disruptions)
    }
}
