import APIMachinery
import AccessControl
import KubeAPIServer
import Containment
import Controller
import ControllerRuntime

import KubeClient
import LocalNode
import Logging
import Observability
import PlaneResources
import RunEngine
import ServiceLifecycle
import Spec

/// Everything that acts on the API: informers, the run engine's loops, controllers, the node. It starts when the API
/// server answers and stops before it: the controllers first, then the node with its runners, the engine last.
struct PlaneActors: Service {
    var options: StandaloneOptions
    /// The port that runners report to, once it listens: the option may be 0.
    var httpPorts: AsyncStream<Int>
    var directory: DataDirectory
    var server: APIServer
    var engine: RunEngine
    var provider: WorkflowRunProvider
    var pods: PodRuntimeBridge
    var containment: Containment
    var runnerTokens: RunnerTokens
    var readiness: PlaneReadiness
    var stop: PlaneStop
    var registry: PrometheusRegistry
    var logger: Logger

    func run() async throws {
        // However this ends, no runner is left then.
        defer { stop.didDrain() }
        do {
            _ = try await cancelWhenGracefulShutdown { try await server.ready() }
        } catch is CancellationError where Task.isShuttingDownGracefully {
            return
        }
        readiness.set(.apiserver)
        // Without one, the plane is stopping.
        guard let httpPort = await cancelWhenGracefulShutdown({ await httpPorts.first { _ in true } }) else { return }
        let client = try client(PlaneIdentities.controller)
        let nodeClient = try self.client(PlaneIdentities.node)
        let workflows = Informer<Unstructured>(client: client, resource: Workflow.resource, logger: logger)
        let pools = Informer<Unstructured>(client: client, resource: WorkerPool.resource, logger: logger)
        CatalogSync(catalog: engine.catalog, containment: containment, logger: logger)
            .follow(workflows: workflows, pools: pools)
        var settings = PoolSettings(controllerURL: "http://127.0.0.1:\(httpPort)")
        settings.runnerToken = { [runnerTokens] in runnerTokens.token(namespace: $0, pool: $1) }
        let runCounter = RunCounter(engine: engine)
        var parts = ControllerSet.Parts(
            pools: pools,
            workflows: workflows,
            runners: engine,
            queues: engine,
            settings: settings,
            containment: containment,
            runCounter: runCounter
        )
        parts.scalesHorizontally = true
        let controllers = ControllerSet(client: client, parts, logger: logger)
        RunEvents.follow(engine, into: controllers.events)
        engine.setRunnerEndings(PodMemoryKills(client: client))
        let node = localNode(nodeClient)
        pods.connect(NodeSource(node: node))
        stop.onHurry { node.hurry() }
        let interruptions = InterruptionRecorder(pools: pools, events: controllers.events)
        engine.onInterruption { interruptions.record($0) }
        let handover = Handover(engine: engine, node: node, stop: stop, logger: logger)
        let synced = Announcement {
            for informer in [workflows, pools] { try await informer.waitUntilSynced() }
            readiness.set(.informers)
            // The node registers itself through the API; there is nobody who could tell of it sooner.
            while !node.isRegistered { try await ContinuousClock().sleep(for: .milliseconds(10)) }
            readiness.set(.node)
            options.onReady(directory.path)
        }
        // Stopped from the last to the first: who makes Pods, then what runs them, then what they report to.
        var services: [any Service] = [
            EngineLoops(engine: engine, counter: runCounter), provider, controllers.events, workflows, pools,
        ]
        services += controllers.informers
        services += [synced, handover, node]
        services.append(
            QuarantineReporter(
                containment: containment,
                client: client,
                workflows: workflows,
                pools: pools,
                engine: engine,
                events: controllers.events,
                logger: logger
            )
        )
        services += controllers.controllers
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(services: services.map { .init(service: $0) }, logger: logger)
        )
        do {
            try await group.run()
        } catch {
            await client.shutdown()
            await nodeClient.shutdown()
            throw error
        }
        await client.shutdown()
        await nodeClient.shutdown()
    }

    /// A client with the rights of one part of the plane.
    private func client(_ identity: ClientIdentity) throws -> KubeClient {
        try KubeClient(try ClientConfiguration.load(kubeconfig: directory.kubeconfig(of: identity)), logger: logger)
    }

    private func localNode(_ client: KubeClient) -> LocalNode {
        let runner = "\(options.programs)/agent-runner"
        var node = LocalNode.Options(
            dataDirectory: directory.path,
            shimPath: "\(options.programs)/pod-shim",
            builtInImages: [
                "martinet/agent-runner:\(Version.text)": runner, "martinet/agent-runner:latest": runner,
            ],
            version: "v1.36.2+martinet.\(Version.text)"
        )
        node.backoffBase = options.restartBackoff
        return LocalNode(client: client, options: node, containment: containment, logger: logger)
    }
}

/// The engine's loops, until the plane stops.
private struct EngineLoops: Service {
    let engine: RunEngine
    let counter: RunCounter

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await counter.run() }
                group.addTask { await engine.run() }
            }
        }
    }
}

/// Hands back what the node's runners were killed over, as soon as the node has stopped.
private struct Handover: Service {
    let engine: RunEngine
    let node: LocalNode
    let stop: PlaneStop
    let logger: Logger

    func run() async throws {
        // Cancellation is an end like any other here.
        try? await gracefulShutdown()
        do {
            try await engine.interrupt(node.stoppedPods)
        } catch {
            logger.error("jobs of stopped runners were not handed back", metadata: ["error": "\(error)"])
        }
        stop.didDrain()
    }
}

/// Waits for something once, then for the end.
private struct Announcement: Service {
    let condition: @Sendable () async throws -> Void

    init(_ condition: @escaping @Sendable () async throws -> Void) { self.condition = condition }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            // A wait that is cut short by the end of the plane announces nothing.
            try? await condition()
            // As above.
            try? await gracefulShutdown()
        }
    }
}
