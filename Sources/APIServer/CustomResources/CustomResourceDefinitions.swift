import APIMachinery
import Logging
import Schema
import Synchronization

/// Serves what CustomResourceDefinitions define: keeps the registry and the definitions' status up to date.
final class CustomResourceDefinitions: Sendable {
    static let storageKey = "customresourcedefinitions.apiextensions.k8s.io"

    /// What of a definition decides how it is served; a status update changes none of it.
    private struct Served: Sendable, Equatable {
        var spec: JSONValue
    }

    private let core: ServerCore
    private let served = Mutex<[String: Served]>([:])

    init(core: ServerCore) { self.core = core }

    /// Serves all definitions that are stored. Called once at the start.
    func loadAll() async throws(Status) {
        var objects: [CachedObject] = []
        core.existingCache(Self.storageKey)?.snapshot().objects.forEach { object in
            objects.append(object)
            return true
        }
        for object in objects { try await reconcile(object.name) }
    }

    /// Brings what is served of one definition in line with it.
    func reconcile(_ name: String) async throws(Status) {
        guard let stored = core.existingCache(Self.storageKey)?.current(name) else {
            await withdraw(name)
            return
        }
        let definition = try stored.document()
        guard stored.isDeleting == false || CustomResourceConditions.isTrue("Established", in: definition) else {
            return
        }
        let conflict = nameConflict(definition)
        if conflict == nil { try await serve(name, definition) }
        if !stored.isDeleting { try await updateStatus(definition, conflict: conflict) }
    }

    private func withdraw(_ name: String) async {
        guard let old = served.withLock({ $0.removeValue(forKey: name) }) else { return }
        let group = old.spec["group"]?.stringValue ?? ""
        let plural = old.spec.value(at: "names", "plural")?.stringValue ?? ""
        core.registry.replace(group: group, plural: plural, with: [])
        core.dropCache(GroupResource(group: group, resource: plural).description)
    }

    private func serve(_ name: String, _ definition: JSONValue) async throws(Status) {
        let spec = definition["spec"] ?? .null
        let isCurrent = served.withLock { $0[name] == Served(spec: spec) }
        if isCurrent { return }
        let group = spec["group"]?.stringValue ?? ""
        let plural = spec.value(at: "names", "plural")?.stringValue ?? ""
        let versions = spec["versions"]?.arrayValue ?? []
        let storageVersion = versions.first { $0["storage"]?.boolValue == true }?["name"]?.stringValue ?? ""
        var resources: [ServedResource] = []
        var fields: [String: [String]] = [:]
        var types: [String: TypeSchema] = [:]
        for version in versions {
            let strategy = try CustomResourceFactory.strategy(spec, version)
            types["\(group)/\(version["name"]?.stringValue ?? "")"] = strategy.schema.type
            if version["name"]?.stringValue == storageVersion { fields.merge(strategy.fields) { a, _ in a } }
            for (field, path) in strategy.fields where fields[field] == nil { fields[field] = path }
            guard version["served"]?.boolValue == true else { continue }
            resources.append(
                CustomResourceFactory.resource(spec, version, strategy: strategy, storageVersion: storageVersion)
            )
        }
        let indexed = fields
        let storage = try versions.first { $0["storage"]?.boolValue == true }.map { version throws(Status) in
            try CustomResourceFactory.strategy(spec, version)
        }
        let cache = try await core.cache(
            of: GroupResource(group: group, resource: plural).description,
            showing: storage.map { strategy in { strategy.fromStorage(&$0) } }
        ) { document in
            indexed.compactMapValues { path in
                switch document.value(at: path) {
                case .string(let text)?: text
                case .int(let number)?: String(number)
                case .bool(let value)?: value ? "true" : "false"
                default: nil
                }
            }
        }
        for index in resources.indices {
            resources[index].backend = .objects(cache)
            resources[index].types = types
        }
        core.registry.replace(group: group, plural: plural, with: resources)
        served.withLock { $0[name] = Served(spec: spec) }
    }

    /// A name that another definition of the group has taken already; `nil` if all are free.
    private func nameConflict(_ definition: JSONValue) -> (reason: String, message: String)? {
        let spec = definition["spec"] ?? .null
        let group = spec["group"]?.stringValue ?? ""
        let own = Unstructured(definition).name
        var taken: Set<String> = []
        var kinds: Set<String> = []
        for (name, other) in served.withLock({ $0 }) where name != own && other.spec["group"]?.stringValue == group {
            let names = other.spec["names"] ?? .null
            taken.formUnion(CustomResourceFactory.resourceNames(names))
            kinds.formUnion([names["kind"], names["listKind"]].compactMap { $0?.stringValue })
        }
        let names = spec["names"] ?? .null
        for (field, reason) in [("plural", "PluralConflict"), ("singular", "SingularConflict")] {
            if let text = names[field]?.stringValue, taken.contains(text) {
                return (reason, "\"\(text)\" is already in use")
            }
        }
        for name in names["shortNames"]?.arrayValue?.compactMap(\.stringValue) ?? [] where taken.contains(name) {
            return ("ShortNamesConflict", "\"\(name)\" is already in use")
        }
        for (field, reason) in [("kind", "KindConflict"), ("listKind", "ListKindConflict")] {
            if let text = names[field]?.stringValue, kinds.contains(text) {
                return (reason, "\"\(text)\" is already in use")
            }
        }
        return nil
    }

    private func updateStatus(_ definition: JSONValue, conflict: (reason: String, message: String)?)
        async throws(Status)
    {
        let now = core.options.now()
        try await core.internalUpdate(
            group: "apiextensions.k8s.io",
            resource: "customresourcedefinitions",
            namespace: "",
            name: Unstructured(definition).name,
            subresource: "status"
        ) { object in
            if let conflict {
                CustomResourceConditions.set(
                    "NamesAccepted",
                    to: "False",
                    reason: conflict.reason,
                    message: conflict.message,
                    in: &object,
                    now: now
                )
                if !CustomResourceConditions.isTrue("Established", in: object) {
                    CustomResourceConditions.set(
                        "Established",
                        to: "False",
                        reason: "NotAccepted",
                        message: "not all names are accepted",
                        in: &object,
                        now: now
                    )
                }
            } else {
                object.set(object.value(at: "spec", "names"), at: ["status", "acceptedNames"])
                CustomResourceConditions.set(
                    "NamesAccepted",
                    to: "True",
                    reason: "NoConflicts",
                    message: "no conflicts found",
                    in: &object,
                    now: now
                )
                CustomResourceConditions.set(
                    "Established",
                    to: "True",
                    reason: "InitialNamesAccepted",
                    message: "the initial names have been accepted",
                    in: &object,
                    now: now
                )
            }
        }
    }
}

/// Makes what is served of a definition's versions.
enum CustomResourceFactory {
    static let verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]

    static func resourceNames(_ names: JSONValue) -> [String] {
        [names["plural"], names["singular"]].compactMap { $0?.stringValue }
            + (names["shortNames"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }

    static func strategy(_ spec: JSONValue, _ version: JSONValue) throws(Status) -> CustomResourceStrategy {
        let kind = spec.value(at: "names", "kind")?.stringValue ?? ""
        let json = version.value(at: "schema", "openAPIV3Schema") ?? .object([:])
        let schema: CustomResourceSchema
        do throws(SchemaSyntaxError) {
            schema = try CustomResourceSchema(json: json)
        } catch {
            throw .internalError("the schema of \(kind) cannot be read: \(error)")
        }
        var fields: [String: [String]] = [:]
        for field in version["selectableFields"]?.arrayValue ?? [] {
            guard let text = field["jsonPath"]?.stringValue else { continue }
            let path = text.split(separator: ".").map(String.init)
            fields[path.joined(separator: ".")] = path
        }
        return CustomResourceStrategy(
            kind: kind,
            schema: KindSchema.custom(schema),
            definition: schema,
            hasStatus: version.value(at: "subresources", "status")?.objectValue != nil,
            published: json,
            fields: fields
        )
    }

    static func resource(
        _ spec: JSONValue,
        _ version: JSONValue,
        strategy: CustomResourceStrategy,
        storageVersion: String
    ) -> ServedResource {
        let names = spec["names"] ?? .null
        let group = spec["group"]?.stringValue ?? ""
        let name = version["name"]?.stringValue ?? ""
        func texts(_ field: String) -> [String] { names[field]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        var resource = ServedResource(
            group: group,
            version: name,
            names: ResourceNames(
                plural: names["plural"]?.stringValue ?? "",
                singular: names["singular"]?.stringValue,
                kind: names["kind"]?.stringValue ?? "",
                listKind: names["listKind"]?.stringValue,
                shortNames: texts("shortNames"),
                categories: texts("categories")
            ),
            isNamespaced: spec["scope"]?.stringValue == "Namespaced",
            verbs: verbs,
            strategy: strategy,
            backend: .computed(EmptyResource()),
            storageVersion: storageVersion,
            storageGroup: group,
            isCustom: true
        )
        let own = ["get", "patch", "update"]
        if strategy.hasStatus { resource.subresources.append(.init(name: "status", verbs: own)) }
        if let scale = version.value(at: "subresources", "scale"), scale.objectValue != nil {
            resource.scale = ScalePaths(
                specReplicas: path(scale["specReplicasPath"]) ?? [],
                statusReplicas: path(scale["statusReplicasPath"]) ?? [],
                labelSelector: path(scale["labelSelectorPath"])
            )
            let kind = GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale")
            resource.subresources.append(.init(name: "scale", verbs: own, kind: kind))
        }
        resource.columns = (version["additionalPrinterColumns"]?.arrayValue ?? []).map { column in
            PrinterColumn(
                name: column["name"]?.stringValue ?? "",
                type: column["type"]?.stringValue ?? "string",
                format: column["format"]?.stringValue ?? "",
                description: column["description"]?.stringValue
                    ?? "Custom resource definition column (in JSONPath format): "
                    + "\(column["jsonPath"]?.stringValue ?? "")",
                priority: column["priority"]?.intValue ?? 0,
                jsonPath: column["jsonPath"]?.stringValue ?? ""
            )
        }
        if version["deprecated"]?.boolValue == true {
            resource.deprecationWarning =
                version["deprecationWarning"]?.stringValue
                ?? deprecationWarning(of: name, kind: resource.names.kind, spec)
        }
        return resource
    }

    /// The warning that a version is deprecated, with the newest one to be used instead, if there is a newer one.
    private static func deprecationWarning(of version: String, kind: String, _ spec: JSONValue) -> String {
        let group = spec["group"]?.stringValue ?? ""
        let better = (spec["versions"]?.arrayValue ?? [])
            .filter { $0["served"]?.boolValue == true && $0["deprecated"]?.boolValue != true }
            .compactMap { $0["name"]?.stringValue }
            .filter { VersionOrder.precedes($0, version) }
            .sorted(by: VersionOrder.precedes)
        let advice = better.first.map { "; use \(group)/\($0) \(kind)" } ?? ""
        return "\(group)/\(version) \(kind) is deprecated\(advice)"
    }

    private static func path(_ value: JSONValue?) -> [String]? {
        value?.stringValue.map { $0.split(separator: ".").map(String.init) }
    }
}

/// Stands in until a resource's objects are found.
struct EmptyResource: ComputedResource {
    func objects(namespace: String?) async throws(Status) -> [JSONValue] { [] }
}
