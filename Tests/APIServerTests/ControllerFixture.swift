import APIMachinery
import Logging
import Storage
import Synchronization
import TestSupport

@testable import APIServer

/// The inside of a server, for tests of its controllers: nothing runs but what the test calls.
struct ControllerFixture: Sendable {
    let core: ServerCore

    init(now: @escaping @Sendable () -> Timestamp = { Timestamp(seconds: 1_800_000_000) }) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var options = ServerCore.Options()
        options.now = now
        core = ServerCore(store: MemoryObjectStore(), options: options, logger: logger)
        try await BuiltInResources.register(in: core)
        let definitions = CustomResourceDefinitions(core: core)
        core.keep(definitions)
        try await definitions.loadAll()
        try await NamespaceController(core: core).bootstrap()
        try await eventually("the namespace is there") { core.existingCache("namespaces")?.current("default") != nil }
    }

    static func reference(_ name: String, namespace: String = "default") -> OwnerGraph.Reference {
        OwnerGraph.Reference(storageKey: "configmaps", path: "\(namespace)/\(name)")
    }

    func current(_ name: String, namespace: String = "default") -> CachedObject? {
        core.existingCache("configmaps")?.current("\(namespace)/\(name)")
    }

    /// Makes a ConfigMap with these owners and returns its uid.
    @discardableResult
    func make(
        _ name: String,
        namespace: String = "default",
        owners: [(name: String, uid: String)] = [],
        finalizers: [String] = []
    ) async throws -> String {
        let references = owners.map { owner -> JSONValue in
            [
                "apiVersion": "v1", "kind": "ConfigMap", "name": .string(owner.name), "uid": .string(owner.uid),
                "blockOwnerDeletion": true,
            ]
        }
        let object: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": [
                "name": .string(name), "ownerReferences": .array(references),
                "finalizers": .array(finalizers.map { .string($0) }),
            ],
        ]
        try await core.internalCreate(group: "", resource: "configmaps", namespace: namespace, object)
        return try await eventually("\(name) is there") { current(name, namespace: namespace)?.uid }
    }

    func delete(_ name: String, _ propagation: DeleteOptions.Propagation) async throws {
        try await core.internalDelete(
            group: "",
            resource: "configmaps",
            namespace: "default",
            name: name,
            uid: nil,
            propagation: propagation
        )
    }
}
