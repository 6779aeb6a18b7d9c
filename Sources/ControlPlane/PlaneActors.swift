import APIMachinery
import APIServer
import Controller
import ControllerRuntime
import KubeAPI
import KubeClient
import Logging
import Observability
import RunEngine
import ServiceLifecycle
import Spec

/// Everything that acts on the API: informers, the run engine's loops, controllers, the node. It starts when the API
/// server answers and stops before it, the controllers first and the engine last.
struct PlaneActors: Service {
    var options: StandaloneOptions
    var directory: DataDirectory
    var server: APIServer
    var engine: RunEngine
    var provider: WorkflowRunProvider
    var pods: PodRuntimeBridge
    var runnerToken: String
    var readiness: PlaneReadiness
    var registry: PrometheusRegistry
    var logger: Logger

    func run() async throws {
        _ = await server.ready()
        readiness.set(.apiserver)
        let configuration = try ClientConfiguration.load(kubeconfig: directory.kubeconfig)
        let client = try KubeClient(configuration, logger: logger)
        let events = EventRecorder(client: client, component: "martinet-controller", logger: logger)
        let workflows = Informer<Unstructured>(client: client, resource: Workflow.resource, logger: logger)
        let pools = Informer<Unstructured>(client: client, resource: WorkerPool.resource, logger: logger)
        CatalogSync.follow(workflows: workflows, pools: pools, into: engine.catalog, logger: logger)
        let podInformer = Informer<Pod>(
            client: client,
            indices: [InformedPoolSource.ownerIndex: InformedPoolSource.ownerUID],
            logger: logger
        )
        let revisions = Informer<ControllerRevision>(
            client: client,
            indices: [InformedPoolSource.ownerIndex: InformedPoolSource.ownerUID],
            logger: logger
        )
        var settings = PoolSettings(controllerURL: "http://127.0.0.1:\(options.httpPort)")
        settings.runnerToken = { [runnerToken] _ in runnerToken }
        let poolController = ControllerRuntime.Controller(
            name: "workerpool",
            reconciler: WorkerPoolReconciler(
                client: client,
                source: InformedPoolSource(pools: pools, pods: podInformer, revisions: revisions),
                runners: engine,
                queues: engine,
                events: events,
                settings: settings,
                logger: logger
            ),
            workers: 2,
            logger: logger
        )
        poolController.watch(pools)
        poolController.watch(owned: podInformer, by: WorkerPool.groupVersionKind)
        let synced = Announcement {
            for informer in [workflows, pools] { try await informer.waitUntilSynced() }
            try await podInformer.waitUntilSynced()
            try await revisions.waitUntilSynced()
            readiness.set(.informers)
        }
        // Stopped from the last to the first: who makes Pods, then what runs them, then what they report to.
        let services: [any Service] = [
            EngineLoops(engine: engine), provider, events, workflows, pools, podInformer, revisions, synced,
            poolController,
        ]
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: services.map { .init(service: $0) }, logger: logger)
        )
        do {
            try await group.run()
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }
}

/// The engine's loops, until the plane stops.
private struct EngineLoops: Service {
    let engine: RunEngine

    func run() async throws {
        await cancelWhenGracefulShutdown { await engine.run() }
    }
}

/// Waits for something once, then for the end.
private struct Announcement: Service {
    let condition: @Sendable () async throws -> Void

    init(_ condition: @escaping @Sendable () async throws -> Void) { self.condition = condition }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            try? await condition()
            try? await gracefulShutdown()
        }
    }
}
