import APIMachinery
import Containment
import ControllerRuntime
import KubeClient
import KubeTestSupport
import Logging
import RunEngine
import Spec
import Storage
import TestSupport
import Testing

@testable import ControlPlane

/// The engine's catalog follows the objects of the API.
@Suite struct CatalogSyncTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func workflow(_ name: String, _ steps: JSONValue = [["id": "a", "actor": "noop"]]) -> Unstructured {
        Unstructured([
            "apiVersion": "martinet.dev/v1alpha1", "kind": "Workflow",
            "metadata": ["name": .string(name), "namespace": "default"], "spec": ["steps": steps],
        ])
    }

    private static func pool(_ name: String, _ queue: JSONValue) -> Unstructured {
        Unstructured([
            "apiVersion": "martinet.dev/v1alpha1", "kind": "WorkerPool",
            "metadata": ["name": .string(name), "namespace": "default"], "spec": ["queue": queue],
        ])
    }

    /// A catalog that follows an API in memory while the body runs.
    private static func with(
        _ containment: Containment = .disabled,
        _ body: (KubeClient, WorkflowCatalog) async throws -> Void
    ) async throws {
        let client = MemoryAPI().client()
        let catalog = WorkflowCatalog()
        let workflows = Informer(client: client, resource: Workflow.resource, logger: logger)
        let pools = Informer(client: client, resource: WorkerPool.resource, logger: logger)
        CatalogSync(catalog: catalog, containment: containment, logger: logger)
            .follow(workflows: workflows, pools: pools)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await workflows.run() }
            group.addTask { try await pools.run() }
            try await body(client, catalog)
            group.cancelAll()
        }
    }

    @Test("Workflows come, change and go, and one that cannot be read is as if it were not there")
    func workflows() async throws {
        try await Self.with { client, catalog in
            func steps() -> [String]? { catalog.workflow(namespace: "default", name: "w")?.spec.steps.map(\.id) }
            _ = try await client.create(Workflow.resource, Self.workflow("w"))
            try await eventually("it is known") { steps() == ["a"] }
            let changed: JSONValue = ["spec": ["steps": [["id": "b", "actor": "noop"]]]]
            _ = try await client.patch(Workflow.resource, namespace: "default", name: "w", .merge(changed))
            try await eventually("its change is known") { steps() == ["b"] }
            let broken: JSONValue = ["spec": ["steps": "none"]]
            _ = try await client.patch(Workflow.resource, namespace: "default", name: "w", .merge(broken))
            try await eventually("it is not accepted any more") { steps() == nil }
            _ = try await client.patch(Workflow.resource, namespace: "default", name: "w", .merge(changed))
            try await eventually("it is mended") { steps() == ["b"] }
            _ = try await client.delete(Workflow.resource, namespace: "default", name: "w")
            try await eventually("it has gone") { steps() == nil }
        }
    }

    @Test("Pools bring the bounds of their queues, or the defaults where these cannot be read")
    func pools() async throws {
        try await Self.with { client, catalog in
            let queue = QueueName(namespace: "default", pool: "p")
            _ = try await client.create(WorkerPool.resource, Self.pool("p", ["maxDepth": 7]))
            try await eventually("its bound holds") { catalog.policy(queue).maxDepth == 7 }
            let broken: JSONValue = ["spec": ["queue": ["maxDepth": "many"]]]
            _ = try await client.patch(WorkerPool.resource, namespace: "default", name: "p", .merge(broken))
            try await eventually("the default holds") { catalog.policy(queue).maxDepth == 10_000 }
            #expect(catalog.hasPool(queue))
            _ = try await client.delete(WorkerPool.resource, namespace: "default", name: "p")
            try await eventually("it has gone") { !catalog.hasPool(queue) }
        }
    }

    @Test("A workflow that the plane died over is not read before it is released")
    func quarantine() async throws {
        try await Files.withTemporaryDirectory { directory in
            let record = """
                {"quarantined": [{"kind": "catalog", "namespace": "default", "name": "w", "deaths": 2, \
                "signal": "SIGILL", "since": "2027-01-15T08:00:00Z"}]}
                """
            try Files.write(record, to: "\(directory)/quarantine.json")
            let containment = try Containment(directory: directory, logger: Self.logger)
            try await Self.with(containment) { client, catalog in
                for name in ["w", "other"] { _ = try await client.create(Workflow.resource, Self.workflow(name)) }
                try await eventually("the other is known") {
                    catalog.workflow(namespace: "default", name: "other") != nil
                }
                #expect(catalog.workflow(namespace: "default", name: "w") == nil)
                let entry = try #require(containment.entries.first)
                _ = try await containment.release(id: entry.subject.id)
                try await eventually("it is known") { catalog.workflow(namespace: "default", name: "w") != nil }
            }
        }
    }
}
