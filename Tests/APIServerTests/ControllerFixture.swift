import APIMachinery
import Logging
import Storage
import Synchronization
import TestSupport

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// The inside of a server, for tests of its controllers: nothing runs but what the test calls.
struct ControllerFixture: Sendable {
    let assembly: ServerAssembly
    var core: ServerCore { assembly.core }
    var client: LoopbackClient { assembly.client }

    init(
        store: any ObjectStore = MemoryObjectStore(),
        now: @escaping @Sendable () -> Timestamp = { Timestamp(seconds: 1_800_000_000) }
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var options = ServerAssembly.Options()
        options.server.now = now
        assembly = ServerAssembly(store: store, options: options, logger: logger)
        try await assembly.load()
        try await eventually("the namespace is there") { core.caches["namespaces"]?.current("default") != nil }
    }

    /// Runs the body while a garbage collector works.
    func collecting(_ body: (GarbageCollector) async throws -> Void) async throws {
        let collector = GarbageCollector(core: core, client: client)
        let running = Task { await collector.run() }
        defer { running.cancel() }
        try await body(collector)
    }

    func current(_ name: String, namespace: String = "default") -> CachedObject? {
        core.caches["configmaps"]?.current("\(namespace)/\(name)")
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
        try await client.create(group: "", resource: "configmaps", namespace: namespace, object)
        return try await eventually("\(name) is there") { current(name, namespace: namespace)?.uid }
    }

    func delete(_ name: String, _ propagation: DeleteOptions.Propagation) async throws {
        try await client.delete(
            group: "",
            resource: "configmaps",
            namespace: "default",
            name: name,
            uid: nil,
            propagation: propagation
        )
    }
}
