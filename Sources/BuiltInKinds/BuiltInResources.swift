package import APIMachinery
package import AccessControl
package import GenericAPIServer

/// Registers the kinds that are served without a definition.
package enum BuiltInResources {
    private static let all = ServedResource.allVerbs
    private static let status = ServedResource.Subresource.status

    /// One stored kind.
    private struct Entry {
        var group = ""
        var version = "v1"
        var storageVersion = "v1"
        var names: ResourceNames
        var isNamespaced = true
        var verbs = BuiltInResources.all
        var subresources: [ServedResource.Subresource] = []
        var strategy: any ResourceStrategy
        var columns: [PrinterColumn] = []
        var storageGroup: String?
        var handlers: [String: any SubresourceHandler] = [:]
    }

    private static let age = PrinterColumn(name: "Age", type: "string", description: TableWriter.ageColumn.description)

    private static func column(_ name: String, _ description: String = "", type: String = "string") -> PrinterColumn {
        PrinterColumn(name: name, type: type, description: description)
    }

    private static func core(_ dependencies: Dependencies) -> [Entry] {
        [
            Entry(
                names: ResourceNames(plural: "namespaces", kind: "Namespace", shortNames: ["ns"]),
                isNamespaced: false,
                verbs: all.filter { $0 != "deletecollection" },
                subresources: [.init(name: "finalize", verbs: ["update"]), status],
                strategy: NamespaceStrategy(),
                columns: [column("Status", "The status of the namespace"), age]
            ),
            Entry(
                names: ResourceNames(plural: "configmaps", kind: "ConfigMap", shortNames: ["cm"]),
                strategy: ConfigMapStrategy(),
                columns: [column("Data", "Data contains the configuration data."), age]
            ),
            Entry(
                names: ResourceNames(plural: "secrets", kind: "Secret"),
                strategy: SecretStrategy(),
                columns: [
                    column("Type", "Used to facilitate programmatic handling of secret data."),
                    column("Data", "Data contains the secret data."), age,
                ]
            ),
            Entry(
                names: ResourceNames(plural: "serviceaccounts", kind: "ServiceAccount", shortNames: ["sa"]),
                strategy: ServiceAccountStrategy(),
                columns: [age]
            ),
            Entry(
                names: ResourceNames(plural: "pods", kind: "Pod", shortNames: ["po"], categories: ["all"]),
                subresources: [
                    .init(
                        name: "binding",
                        verbs: ["create"],
                        kind: GroupVersionKind(group: "", version: "v1", kind: "Binding")
                    ),
                    .init(
                        name: "eviction",
                        verbs: ["create"],
                        kind: GroupVersionKind(group: "policy", version: "v1", kind: "Eviction")
                    ),
                    .init(name: "log", verbs: ["get"], isText: true), status,
                ],
                strategy: PodStrategy(),
                columns: PodTable.columns,
                handlers: [
                    "binding": BindingHandler(),
                    "eviction": EvictionHandler(disruptions: dependencies.disruptions),
                    "log": PodLogHandler(source: dependencies.podLogs),
                ]
            ),
            Entry(
                names: ResourceNames(plural: "nodes", kind: "Node", shortNames: ["no"]),
                isNamespaced: false,
                subresources: [status],
                strategy: NodeStrategy(),
                columns: NodeStrategy.columns
            ),
            Entry(
                names: ResourceNames(plural: "events", kind: "Event", shortNames: ["ev"]),
                strategy: EventStrategy(isNew: false),
                columns: EventStrategy.columns
            ),
        ]
    }

    private static var groups: [Entry] {
        [
            Entry(
                group: "events.k8s.io",
                names: ResourceNames(plural: "events", kind: "Event", shortNames: ["ev"]),
                strategy: EventStrategy(isNew: true),
                columns: EventStrategy.columns,
                storageGroup: ""
            ),
            Entry(
                group: "apps",
                names: ResourceNames(plural: "controllerrevisions", kind: "ControllerRevision"),
                strategy: ControllerRevisionStrategy(),
                columns: [
                    column("Controller", "Controller of the object"),
                    column("Revision", "Revision indicates the revision of the state represented by Data."), age,
                ]
            ),
            Entry(
                group: "coordination.k8s.io",
                names: ResourceNames(plural: "leases", kind: "Lease"),
                strategy: LeaseStrategy(),
                columns: [
                    column("Holder", "holderIdentity contains the identity of the holder of a current lease."), age,
                ]
            ),
            Entry(
                group: "policy",
                names: ResourceNames(
                    plural: "poddisruptionbudgets",
                    kind: "PodDisruptionBudget",
                    shortNames: ["pdb"]
                ),
                subresources: [status],
                strategy: PodDisruptionBudgetStrategy(),
                columns: PodDisruptionBudgetStrategy.columns
            ),
            autoscalers("v2"), autoscalers("v1"),
        ]
    }

    private static func autoscalers(_ version: String) -> Entry {
        Entry(
            group: "autoscaling",
            version: version,
            storageVersion: "v2",
            names: ResourceNames(
                plural: "horizontalpodautoscalers",
                kind: "HorizontalPodAutoscaler",
                shortNames: ["hpa"],
                categories: ["all"]
            ),
            subresources: [status],
            strategy: HorizontalPodAutoscalerStrategy(isOld: version == "v1"),
            columns: HorizontalPodAutoscalerStrategy.columns
        )
    }

    private static func roles(_ authorizer: RBACAuthorizer) -> [Entry] {
        // These tables show the moment, not how long ago it was.
        let created = [column("Created At", TableWriter.ageColumn.description)]
        func wide(_ name: String, _ what: String) -> PrinterColumn {
            var column = column(name, "\(what) in the roleBinding")
            column.priority = 1
            return column
        }
        let bound = [
            column(
                "Role",
                "RoleRef can reference a Role in the current namespace or a ClusterRole in the global namespace."
            ),
            age, wide("Users", "Users"), wide("Groups", "Groups"), wide("ServiceAccounts", "ServiceAccounts"),
        ]
        func entry(_ kind: String, _ strategy: any ResourceStrategy, _ columns: [PrinterColumn]) -> Entry {
            Entry(
                group: RoleIndex.group,
                names: ResourceNames(plural: "\(kind.lowercased())s", kind: kind),
                isNamespaced: !kind.hasPrefix("Cluster"),
                strategy: strategy,
                columns: columns
            )
        }
        return [false, true].flatMap { isClusterWide in
            let prefix = isClusterWide ? "Cluster" : ""
            return [
                entry(
                    "\(prefix)Role",
                    RoleStrategy(isClusterWide: isClusterWide, authorizer: authorizer),
                    created
                ),
                entry(
                    "\(prefix)RoleBinding",
                    RoleBindingStrategy(isClusterWide: isClusterWide, authorizer: authorizer),
                    bound
                ),
            ]
        }
    }

    /// Kinds of which there are none here. Clients ask for them all the same: `kubectl apply --prune` and
    /// `kubectl cluster-info dump` for everything that a cluster can run, `kubectl describe namespace` for limits.
    private static var unlimited: [ServedResource] {
        let namespaced: [(group: String, plural: String, kind: String, short: String)] = [
            ("", "endpoints", "Endpoints", "ep"), ("", "limitranges", "LimitRange", "limits"),
            ("", "persistentvolumeclaims", "PersistentVolumeClaim", "pvc"),
            ("", "replicationcontrollers", "ReplicationController", "rc"),
            ("", "resourcequotas", "ResourceQuota", "quota"), ("", "services", "Service", "svc"),
            ("apps", "daemonsets", "DaemonSet", "ds"), ("apps", "deployments", "Deployment", "deploy"),
            ("apps", "replicasets", "ReplicaSet", "rs"), ("apps", "statefulsets", "StatefulSet", "sts"),
            ("batch", "cronjobs", "CronJob", "cj"), ("batch", "jobs", "Job", ""),
            ("networking.k8s.io", "ingresses", "Ingress", "ing"),
        ]
        let volumes = empty("", "persistentvolumes", "PersistentVolume", "pv", isNamespaced: false)
        return [volumes] + namespaced.map { empty($0.group, $0.plural, $0.kind, $0.short, isNamespaced: true) }
    }

    private static func empty(
        _ group: String,
        _ plural: String,
        _ kind: String,
        _ short: String,
        isNamespaced: Bool
    ) -> ServedResource {
        ServedResource(
            group: group,
            version: "v1",
            names: ResourceNames(plural: plural, kind: kind, shortNames: short.isEmpty ? [] : [short]),
            isNamespaced: isNamespaced,
            verbs: ["get", "list"],
            strategy: ReviewStrategy(typeName: kind),
            backend: .computed(EmptyResource()),
            storageVersion: "v1",
            storageGroup: group
        )
    }

    /// What some of the kinds need besides the objects.
    package struct Dependencies: Sendable {
        package var authorizer: RBACAuthorizer
        package var authenticator: Authenticator
        package var disruptions: DisruptionBudgets
        /// Reads Pods' logs, where Pods run.
        package var podLogs: (any PodLogSource)?
        /// Tells what Pods use; `nil` serves no metrics.
        package var podMetrics: (any PodMetricsSource)?

        package init(
            authorizer: RBACAuthorizer,
            authenticator: Authenticator,
            disruptions: DisruptionBudgets,
            podLogs: (any PodLogSource)? = nil,
            podMetrics: (any PodMetricsSource)? = nil
        ) {
            self.authorizer = authorizer
            self.authenticator = authenticator
            self.disruptions = disruptions
            self.podLogs = podLogs
            self.podMetrics = podMetrics
        }
    }

    /// Serves the stored kinds and the reviews.
    package static func register(in core: ServerCore, _ dependencies: Dependencies) async throws(Status) {
        for entry in self.core(dependencies) + groups + roles(dependencies.authorizer) {
            let storageGroup = entry.storageGroup ?? entry.group
            let strategy = entry.strategy
            let key = GroupResource(group: storageGroup, resource: entry.names.plural).description
            let cache: WatchCache
            if let existing = core.caches[key] {
                cache = existing
            } else {
                cache = try await core.caches.cache(of: key) { strategy.fieldValues($0) }
            }
            var resource = ServedResource(
                group: entry.group,
                version: entry.version,
                names: entry.names,
                isNamespaced: entry.isNamespaced,
                verbs: entry.verbs,
                strategy: strategy,
                backend: .objects(cache),
                storageVersion: entry.storageVersion,
                storageGroup: storageGroup
            )
            resource.subresources = entry.subresources
            resource.columns = entry.columns
            resource.handlers = entry.handlers
            core.registry.add(resource)
        }
        for resource in unlimited { core.registry.add(resource) }
        for resource in Reviews.resources(dependencies.authorizer, dependencies.authenticator) {
            core.registry.add(resource)
        }
        if let source = dependencies.podMetrics {
            for resource in UsageMetrics.resources(source) { core.registry.add(resource) }
        }
    }
}
