package import APIMachinery
package import GenericAPIServer
import Logging
import Schema
import Synchronization

/// Serves what CustomResourceDefinitions define: keeps the registry and the definitions' status up to date.
package final class CustomResourceHandler: Sendable {
    private static let storageKey = CustomResourceDefinitionStrategy.storageKey

    /// What of a definition decides how it is served; a status update that accepts no names changes none of it.
    private struct Served: Sendable {
        /// The definition as it was when its resources were made.
        var definition: CachedObject
        var schemas: [VersionSchema]
        var names: JSONValue
        var group: String
        var plural: String

        /// Whether the resources of another state of the definition would be the same.
        func isSame(as spec: JSONValue, names: JSONValue) throws(Status) -> Bool {
            guard self.names == names else { return false }
            return try definition.document()["spec"] == spec
        }
    }

    private struct State {
        var served: [String: Served] = [:]
        /// The names that each definition has, by the definition's name.
        var claims: [String: Claim] = [:]
        var isLoaded = false
    }

    private struct Claim {
        var group: String
        var names: JSONValue
        var isWhole: Bool
    }

    /// The compiled schemas of custom kinds.
    package let schemas = SchemaCache()
    private let core: ServerCore
    private let client: LoopbackClient
    private let webhooks: WebhookTransport
    private let state = Mutex(State())

    /// - Parameter webhooks: how conversion webhooks are reached.
    package init(core: ServerCore, client: LoopbackClient, webhooks: @escaping WebhookTransport) {
        self.core = core
        self.client = client
        self.webhooks = webhooks
    }

    /// Serves the definitions themselves. Called once at the start, before ``loadAll()``.
    package func register() async throws(Status) {
        let strategy = CustomResourceDefinitionStrategy(handler: self)
        let cache = try await core.caches.cache(of: Self.storageKey) { _ in [:] }
        var resource = ServedResource(
            group: "apiextensions.k8s.io",
            version: "v1",
            names: ResourceNames(
                plural: "customresourcedefinitions",
                kind: "CustomResourceDefinition",
                shortNames: ["crd", "crds"],
                categories: ["api-extensions"]
            ),
            isNamespaced: false,
            verbs: ServedResource.allVerbs,
            strategy: strategy,
            backend: .objects(cache),
            storageVersion: "v1",
            storageGroup: "apiextensions.k8s.io"
        )
        resource.subresources = [.status]
        resource.columns = [
            PrinterColumn(name: "Created At", type: "date", description: TableWriter.ageColumn.description)
        ]
        core.registry.add(resource)
    }

    /// Serves all definitions that are stored. Called once at the start.
    package func loadAll() async throws(Status) {
        var objects: [CachedObject] = []
        core.caches[Self.storageKey]?.snapshot().objects.forEach { object in
            objects.append(object)
            return true
        }
        // All names that were given away are known before another one is.
        for object in objects {
            let definition = try object.document()
            let names = definition.value(at: "status", "acceptedNames") ?? .object([:])
            let isWhole = names == definition.value(at: "spec", "names")
            let claim = Claim(group: Self.group(definition), names: names, isWhole: isWhole)
            state.withLock { $0.claims[object.name] = claim }
        }
        for object in objects { try await reconcile(object.name) }
        state.withLock { $0.isLoaded = true }
    }

    /// Follows a change of one definition.
    package func definitionChanged(_ name: String) async {
        do throws(Status) {
            try await reconcile(name)
        } catch {
            core.logger.error("custom resource not served", metadata: ["name": "\(name)", "error": "\(error)"])
        }
    }

    /// The names of all definitions that are stored.
    package var definitionNames: Set<String> {
        var names: Set<String> = []
        core.caches[Self.storageKey]?.snapshot().objects.forEach { object in
            names.insert(object.name)
            return true
        }
        return names
    }

    /// Whether the stored definitions are served.
    package var isLoaded: Bool { state.withLock { $0.isLoaded } }

    private static func group(_ definition: JSONValue) -> String {
        definition.value(at: "spec", "group")?.stringValue ?? ""
    }

    /// Brings what is served of one definition in line with it.
    package func reconcile(_ name: String) async throws(Status) {
        guard let stored = core.caches[Self.storageKey]?.current(name) else {
            withdraw(name)
            guard let claim = state.withLock({ $0.claims.removeValue(forKey: name) }) else { return }
            try await reconsider(claim.group)
            return
        }
        let definition = try stored.document()
        let isEstablished = StatusConditions.isTrue("Established", in: definition)
        guard !stored.isDeleting || isEstablished else { return }
        let acceptance = claim(name, definition)
        if isEstablished || acceptance.conflict == nil {
            try await serve(stored, definition["spec"] ?? .null, names: acceptance.names)
        }
        guard !stored.isDeleting else { return }
        try await updateStatus(definition, acceptance)
        // Names that it had and has no more may be what others wait for.
        if definition.value(at: "status", "acceptedNames") != acceptance.names {
            try await reconsider(Self.group(definition), except: name)
        }
    }

    /// Decides on the names and takes them, in one step.
    private func claim(_ name: String, _ definition: JSONValue) -> NameAcceptance {
        let group = Self.group(definition)
        return state.withLock { state in
            let acceptance = NameAcceptance(
                requested: definition.value(at: "spec", "names") ?? .null,
                accepted: state.claims[name]?.names ?? .object([:]),
                others: state.claims.values.filter { $0.group == group }.map(\.names)
            )
            state.claims[name] = Claim(group: group, names: acceptance.names, isWhole: acceptance.conflict == nil)
            return acceptance
        }
    }

    /// Looks again at the definitions of a group that lack a name.
    private func reconsider(_ group: String, except name: String = "") async throws(Status) {
        let waiting = state.withLock { state in
            state.claims.filter { $0.value.group == group && !$0.value.isWhole && $0.key != name }.keys.sorted()
        }
        for name in waiting { try await reconcile(name) }
    }

    private func withdraw(_ name: String) {
        guard let old = state.withLock({ $0.served.removeValue(forKey: name) }) else { return }
        let key = GroupResource(group: old.group, resource: old.plural).description
        core.registry.replace(group: old.group, plural: old.plural, with: [])
        core.caches.drop(key)
    }

    /// Serves the kind under these names. Nothing is compiled: that waits for the first object.
    private func serve(_ stored: CachedObject, _ written: JSONValue, names: JSONValue) async throws(Status) {
        let name = stored.name
        if let old = state.withLock({ $0.served[name] }), try old.isSame(as: written, names: names) {
            for schema in old.schemas { schema.rebind(to: stored) }
            state.withLock { $0.served[name]?.definition = stored }
            return
        }
        var spec = written
        spec["names"] = names
        let group = spec["group"]?.stringValue ?? ""
        let plural = spec.value(at: "names", "plural")?.stringValue ?? ""
        let versions = spec["versions"]?.arrayValue ?? []
        let storageVersion = versions.first { $0["storage"]?.boolValue == true }?["name"]?.stringValue ?? ""
        var resources: [ServedResource] = []
        var fields: [String: [String]] = [:]
        var types: [String: VersionSchema] = [:]
        var storage: CustomResourceStrategy?
        for version in versions {
            let versionName = version["name"]?.stringValue ?? ""
            let schema = VersionSchema(.definition(stored, version: versionName), cache: schemas)
            let strategy = CustomResourceFactory.strategy(spec, version, schema: schema)
            types["\(group)/\(versionName)"] = schema
            if versionName == storageVersion {
                fields.merge(strategy.fields) { a, _ in a }
                storage = strategy
            }
            for (field, path) in strategy.fields where fields[field] == nil { fields[field] = path }
            guard version["served"]?.boolValue == true else { continue }
            resources.append(
                CustomResourceFactory.resource(spec, version, strategy: strategy, storageVersion: storageVersion)
            )
        }
        let indexed = fields
        var shown: (@Sendable (inout JSONValue) -> Void)?
        if let storage { shown = { [storage] document in storage.fromStorage(&document) } }
        let cache = try await core.caches.cache(
            of: GroupResource(group: group, resource: plural).description,
            showing: shown
        ) { CustomResourceStrategy.values(of: indexed, in: $0) }
        var storageForm: ServedResource?
        if let storage, let version = versions.first(where: { $0["storage"]?.boolValue == true }) {
            var form = CustomResourceFactory.resource(
                spec,
                version,
                strategy: storage,
                storageVersion: storageVersion
            )
            form.backend = .objects(cache)
            form.types = types
            storageForm = form
        }
        let webhook = ConversionWebhook(spec, transport: webhooks)
        for index in resources.indices {
            resources[index].backend = .objects(cache)
            resources[index].types = types
            if let webhook, let storage, !resources[index].isStorageForm {
                let converted = ConvertedBackend(
                    stored: cache,
                    webhook: webhook,
                    apiVersion: resources[index].groupVersion.apiVersion,
                    storage: storage
                )
                resources[index].backend = .objects(converted)
            }
        }
        core.registry.replace(group: group, plural: plural, with: resources, storageForm: storageForm)
        let served = Served(
            definition: stored,
            schemas: Array(types.values),
            names: names,
            group: group,
            plural: plural
        )
        state.withLock { $0.served[name] = served }
    }

    private func updateStatus(_ definition: JSONValue, _ acceptance: NameAcceptance) async throws(Status) {
        let now = core.options.now()
        try await client.update(
            group: "apiextensions.k8s.io",
            resource: "customresourcedefinitions",
            namespace: "",
            name: Unstructured(definition).name,
            subresource: "status"
        ) { object in
            func set(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) {
                let status = isTrue ? "True" : "False"
                StatusConditions.set(
                    type,
                    to: status,
                    reason: reason,
                    message: message,
                    in: &object,
                    now: now
                )
            }
            object.set(acceptance.names, at: ["status", "acceptedNames"])
            let conflict = acceptance.conflict
            set(
                "NamesAccepted",
                conflict == nil,
                conflict?.reason ?? "NoConflicts",
                conflict?.message ?? "no conflicts found"
            )
            // What was established once stays so.
            if !StatusConditions.isTrue("Established", in: object) {
                if conflict == nil {
                    set("Established", true, "InitialNamesAccepted", "the initial names have been accepted")
                } else {
                    set("Established", false, "NotAccepted", "not all names are accepted")
                }
            }
            if let approval = APIApproval.condition(object) {
                let type = "KubernetesAPIApprovalPolicyConformant"
                set(type, approval.status == "True", approval.reason, approval.message)
            }
        }
    }
}
