import APIMachinery
import Controller
import ControllerRuntime
import KubeAPI
import KubeClient
import KubeTestSupport
import Spec
import Synchronization
import Testing

/// What is said of workflows, and what is recorded of them.
@Suite struct WorkflowReconcilerTests {
    /// A workflow on an API server in memory.
    private final class World: Sendable {
        let time = ManualTime()
        let api: MemoryAPI
        let client: KubeClient
        let events = RecordedEvents()
        let name: NamespacedName
        let counts = Mutex<[String: Int64]>([:])
        let hasPool = Mutex(true)
        private let seen = Mutex<(Unstructured?, [ControllerRevision])>((nil, []))

        init(_ name: String = "w") {
            self.name = NamespacedName(namespace: "default", name: name)
            api = MemoryAPI(time: time)
            client = api.client()
        }

        func reconciler(counts: WorkflowReconciler.RunCounts? = nil) -> WorkflowReconciler {
            WorkflowReconciler(
                client: client,
                workflow: { _ in self.seen.withLock { $0.0 } },
                revisions: { _ in self.seen.withLock { $0.1 } },
                hasPool: { _ in self.hasPool.withLock { $0 } },
                counts: counts,
                events: events,
                time: time
            )
        }

        func apply(_ steps: JSONValue) async throws {
            let spec: JSONValue = ["steps": steps]
            do {
                _ = try await client.create(
                    Workflow.resource,
                    Unstructured([
                        "apiVersion": "martinet.dev/v1alpha1", "kind": "Workflow",
                        "metadata": ["name": .string(name.name), "namespace": "default"], "spec": spec,
                    ])
                )
            } catch {
                _ = try await client.patch(
                    Workflow.resource,
                    namespace: "default",
                    name: name.name,
                    .merge(["spec": spec])
                )
            }
        }

        func look(_ reconciler: WorkflowReconciler) async throws {
            let object = try await client.get(Workflow.resource, namespace: "default", name: name.name)
            let revisions = try await client.list(ControllerRevision.self, namespace: "default").items
            seen.withLock { $0 = (object, revisions) }
            _ = try await reconciler.reconcile(name)
        }

        func status() async throws -> WorkflowStatus {
            let object = try await client.get(Workflow.resource, namespace: "default", name: name.name)
            return try #require(try object.decode(Workflow.self).status)
        }
    }

    @Test func recordsNumberedRevisions() async throws {
        let world = World()
        let reconciler = world.reconciler()
        let first: JSONValue = [["id": "a", "actor": "noop"]]
        try await world.apply(first)
        try await world.look(reconciler)
        var status = try await world.status()
        #expect(status.revision == 1)
        #expect(status.conditions?["Ready"]?.status == "True")
        #expect(status.conditions?["Valid"]?.status == "True")
        let name = status.currentRevision
        try await world.apply([["id": "b", "actor": "noop"]])
        try await world.look(reconciler)
        #expect(try await world.status().revision == 2)
        // Going back makes the old revision the newest; nothing is recorded twice.
        try await world.apply(first)
        try await world.look(reconciler)
        status = try await world.status()
        #expect(status.revision == 3)
        #expect(status.currentRevision == name)
        let revisions = try await world.client.list(ControllerRevision.self, namespace: "default").items
        #expect(revisions.map(\.revision).sorted() == [2, 3])
        #expect(revisions.allSatisfy { $0.metadata.controller?.kind == "Workflow" })
        #expect(revisions.allSatisfy { $0.metadata.labels?[WorkflowReconciler.workflowLabel] == "w" })
    }

    @Test("A name of the greatest length has revisions too, and such names stay apart")
    func longNames() async throws {
        var names: Set<String> = []
        for last in ["x", "y"] {
            let world = World(String(repeating: "a.", count: 126) + last)
            try await world.apply([["id": "a", "actor": "noop"]])
            try await world.look(world.reconciler())
            let name = try #require(try await world.status().currentRevision)
            #expect(Validation.dns1123Subdomain(name).isEmpty, "\(name)")
            names.insert(name)
        }
        #expect(names.count == 2)
    }

    @Test func saysWhatIsWrong() async throws {
        let world = World()
        let reconciler = world.reconciler()
        try await world.apply([
            ["id": "a", "actor": "noop", "dependsOn": ["b"]], ["id": "b", "actor": "noop", "dependsOn": ["a"]],
        ])
        try await world.look(reconciler)
        let condition = try #require(try await world.status().conditions?["Ready"])
        #expect(condition.status == "False")
        #expect(condition.reason == "InvalidSpec")
        #expect(world.events.messages("InvalidSpec").count == 1)
        try await world.look(reconciler)
        #expect(world.events.messages("InvalidSpec").count == 1)
        try await world.apply([["id": "a", "actor": "noop"]])
        try await world.look(reconciler)
        #expect(try await world.status().conditions?["Ready"]?.status == "True")
        #expect(world.events.messages("Valid").count == 1)
    }

    @Test("The counts of runs are shown, and removed when there are no runs any more")
    func countsRuns() async throws {
        let world = World()
        let reconciler = world.reconciler { _ in world.counts.withLock { $0 } }
        world.counts.withLock { $0 = ["Failed": 2, "Running": 1] }
        try await world.apply([["id": "a", "actor": "noop"]])
        for _ in 0..<3 { try await world.look(reconciler) }
        #expect(try await world.status().runs == ["Failed": 2, "Running": 1])
        world.counts.withLock { $0 = ["Succeeded": 1] }
        try await world.look(reconciler)
        #expect(try await world.status().runs == ["Succeeded": 1])
        let writes = world.api.requests.count { $0.method != .get }
        try await world.look(reconciler)
        #expect(world.api.requests.count { $0.method != .get } == writes)
    }

    @Test("A workflow whose pool does not exist is not ready, with one Event for each change")
    func missingPool() async throws {
        let world = World()
        let reconciler = world.reconciler()
        world.hasPool.withLock { $0 = false }
        try await world.apply([["id": "a", "actor": "noop"]])
        for _ in 0..<2 { try await world.look(reconciler) }
        var ready = try #require(try await world.status().conditions?["Ready"])
        #expect(ready.status == "False" && ready.reason == "PoolNotFound")
        #expect(ready.message.contains("worker pool \"default\" does not exist in namespace \"default\""))
        #expect(try await world.status().conditions?["Valid"]?.status == "True")
        #expect(world.events.messages("PoolNotFound").count == 1)
        world.hasPool.withLock { $0 = true }
        for _ in 0..<2 { try await world.look(reconciler) }
        ready = try #require(try await world.status().conditions?["Ready"])
        #expect(ready.status == "True")
        #expect(world.events.messages("PoolFound").count == 1)
    }

    @Test func aStatusThatIsTrueIsNotWrittenAgain() async throws {
        let world = World()
        let reconciler = world.reconciler()
        try await world.apply([["id": "a", "actor": "noop"]])
        try await world.look(reconciler)
        let writes = world.api.requests.count { $0.method != .get }
        for _ in 0..<3 { try await world.look(reconciler) }
        #expect(world.api.requests.count { $0.method != .get } == writes)
    }
}
