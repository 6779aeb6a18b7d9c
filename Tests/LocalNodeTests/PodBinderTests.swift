import APIMachinery
import Containment
import ControllerRuntime
import ImageStore
import KubeAPI
import KubeClient
import KubeTestSupport
import Logging
import Synchronization
import Testing

@testable import LocalNode

/// How the scheduler's decisions reach the API.
@Suite struct PodBinderTests {
    /// A node in an API in memory, and a binder for it.
    private struct World {
        let api = MemoryAPI()
        let client: KubeClient
        var binder: PodBinder
        /// The names in the requests for bindings.
        let bindings = BindingLog()

        init(unschedulable: Bool = false) async throws {
            client = api.client()
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let options = LocalNode.Options(dataDirectory: "/nonexistent", shimPath: "/nonexistent", nodeName: "node")
            let recorder = EventRecorder(client: client, component: "test", logger: logger)
            let context = NodeContext(
                client: client,
                options: options,
                images: ImageStore(dataDirectory: "/nonexistent"),
                logs: LogDirectory(dataDirectory: "/nonexistent"),
                ports: PortAllocator(),
                recorder: recorder,
                containment: .disabled,
                time: SystemTime(),
                logger: logger
            )
            binder = PodBinder(context: context, recorder: recorder)
            fail(nil)
            let node: JSONValue = [
                "apiVersion": "v1", "kind": "Node", "metadata": ["name": "node"],
                "spec": ["unschedulable": .bool(unschedulable)],
                "status": ["allocatable": ["cpu": "2", "memory": "1Gi", "pods": "3"]],
            ]
            _ = try await client.create(Node.resource, Unstructured(node))
        }

        /// Answers requests for bindings with that error.
        func fail(_ status: Status?) {
            api.setFault { [bindings] request in
                guard request.path.hasSuffix("/binding") else { return nil }
                bindings.paths.withLock { $0.append(request.path) }
                return status
            }
        }

        func create(_ name: String) async throws {
            var container = Container(name: "c")
            container.resources = ResourceRequirements(requests: ["cpu": Quantity(1)])
            let metadata = ObjectMeta(name: name, namespace: "n")
            _ = try await client.create(Pod(metadata: metadata, spec: PodSpec(containers: [container])))
        }

        func pods() async throws -> [Pod] { try await client.list(Pod.self, namespace: "n").items }

        func message(_ name: String) async throws -> String? {
            try await pods().first { $0.metadata.name == name }?.status?.conditions?
                .first { $0.type == "PodScheduled" }?.message
        }
    }

    private final class BindingLog: Sendable {
        let paths = Mutex<[String]>([])
        var count: Int { paths.withLock { $0.count } }
    }

    @Test("What fits is bound once, although the cache shows it as waiting for a while")
    func once() async throws {
        var world = try await World()
        for name in ["a", "b"] { try await world.create(name) }
        let stale = try await world.pods()
        #expect(await world.binder.bind(stale) == false)
        #expect(try await world.pods().map { $0.spec?.nodeName } == ["node", "node"])
        #expect(await world.binder.bind(stale) == false)
        #expect(world.bindings.count == 2)
        // What was bound counts against the room, also as long as the cache does not show it.
        try await world.create("c")
        let created = try #require(try await world.pods().first { $0.metadata.name == "c" })
        #expect(await world.binder.bind(stale + [created]))
        #expect(try await world.message("c") == "0/1 nodes are available: 1 Insufficient cpu.")
        #expect(world.bindings.count == 2)
    }

    @Test("Why a Pod waits is written once for each reason")
    func reasons() async throws {
        var world = try await World(unschedulable: true)
        try await world.create("a")
        let before = try await world.pods()
        #expect(await world.binder.bind(before))
        let written = try #require(try await world.pods().first)
        #expect(try await world.message("a") == "0/1 nodes are available: 1 node(s) were unschedulable.")
        #expect(await world.binder.bind(try await world.pods()))
        #expect(try await world.pods().first?.metadata.resourceVersion == written.metadata.resourceVersion)
        _ = try await world.client.patch(
            Node.resource,
            namespace: "",
            name: "node",
            .merge(["spec": ["unschedulable": false]])
        )
        #expect(await world.binder.bind(try await world.pods()) == false)
        #expect(try await world.pods().first?.spec?.nodeName == "node")
    }

    @Test("A binding that fails is tried again; one that is refused as late is not waited for")
    func failures() async throws {
        var world = try await World()
        try await world.create("a")
        world.fail(.internalError("no"))
        #expect(await world.binder.bind(try await world.pods()))
        for status in [
            Status.conflict(GroupResource(group: "", resource: "pods"), name: "a", "bound already"),
            .notFound(GroupResource(group: "", resource: "pods"), name: "a"),
        ] {
            world.fail(status)
            #expect(await world.binder.bind(try await world.pods()) == false)
        }
        world.fail(nil)
        #expect(await world.binder.bind(try await world.pods()) == false)
        #expect(try await world.pods().first?.spec?.nodeName == "node")
        #expect(world.bindings.count == 4)
    }

    @Test("Without its Node nothing is bound, and everything is looked at again")
    func noNode() async throws {
        var world = try await World()
        try await world.create("a")
        _ = try await world.client.delete(Node.resource, namespace: "", name: "node")
        #expect(await world.binder.bind(try await world.pods()))
        #expect(world.bindings.count == 0)
        // With nothing that waits it is not even asked for.
        #expect(await world.binder.bind([]) == false)
    }
}
