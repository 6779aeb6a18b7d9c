import APIMachinery
import Containment
import ControllerRuntime
import Glibc
import ImageStore
import KubeAPI
import KubeClient
import Logging
import Synchronization

/// What all Pods of a node share.
struct NodeContext: Sendable {
    let client: KubeClient
    let options: LocalNode.Options
    let images: ImageStore
    let logs: LogDirectory
    let ports: PortAllocator
    let recorder: EventRecorder
    let containment: Containment
    /// Raised when a Pod begins to wait for an image.
    let imageWaits = Notifier()
    let time: any TimeSource
    let logger: Logger

    var moment: Moment { Moment(instant: time.instant, wall: time.now) }

    /// The mark that all processes of this plane carry.
    var planeMark: String { "MARTINET_PLANE=\(options.planeMark)" }
}

/// Leads one Pod through its life: hands inputs to its `PodLifecycle` and carries out the actions that it decides.
final class PodWorker: Sendable {
    /// A container's process while it runs.
    struct Running: Sendable {
        var process: ContainerProcess
        var shim: Int32
        var main: Int32
        var attempt: Int
        var memoryLimit: Int64?
        /// Why it is killed, once it has used more memory than its limit.
        var memoryExcess: String?
        /// What ran below the shim when it was last looked at. Should the shim be killed, this is how processes are found
        /// that have left its session and cleared their environment.
        var tree: [ProcessEntry] = []
        var meter = CPUMeter()
        var memory: Int64 = 0
    }

    struct State: Sendable {
        var inbox: [PodLifecycle.Input] = []
        var pod: Pod
        var running: [String: Running] = [:]
        /// The latest attempt of each container, also when it has ended.
        var attempts: [String: Int] = [:]
        /// Ports given to containers, kept over restarts.
        var ports: [String: Int] = [:]
        var waitsForImage = false
        var isDone = false
    }

    let uid: String
    let name: NamespacedName
    let context: NodeContext
    let logger: Logger
    let state: Mutex<State>
    private let wake = Notifier()

    init(_ pod: Pod, _ context: NodeContext) {
        uid = pod.metadata.uid ?? ""
        name = NamespacedName(namespace: pod.metadata.namespace ?? "", name: pod.metadata.name ?? "")
        self.context = context
        var logger = context.logger
        logger[metadataKey: "pod"] = "\(name)"
        self.logger = logger
        state = Mutex(State(pod: pod))
    }

    /// Tells the Pod's life that something happened.
    func post(_ input: PodLifecycle.Input) {
        state.withLock { $0.inbox.append(input) }
        wake.notify()
    }

    /// The object has changed on the server.
    func update(_ pod: Pod) {
        state.withLock { $0.pod = pod }
        if pod.metadata.deletionTimestamp != nil {
            post(.deletionRequested(grace: .seconds(max(pod.metadata.deletionGracePeriodSeconds ?? 30, 0))))
        }
    }

    var pod: Pod { state.withLock { $0.pod } }

    /// Waits until something is posted, no longer than that.
    func waitForInput(atMost delay: Duration?) async { await wake.wait(atMost: delay, context.time) }

    /// Leads the Pod until nothing of it is left to do. Cancelled, it kills its processes.
    ///
    /// A Pod that the process died over is not led before it is released.
    func run() async {
        guard await passQuarantine() else { return }
        let beginning = markWork()
        let backoff = RestartBackoff(base: context.options.backoffBase, cap: context.options.backoffCap)
        var lifecycle = PodLifecycle(pod, backoff: backoff, at: context.moment)
        state.withLock { state in
            for container in lifecycle.containers { state.attempts[container.spec.name] = container.restartCount }
        }
        beginning.end()
        // The first input, so that a Pod that was being deleted when the node stopped goes on with that.
        update(pod)
        post(.tick)
        await withDiscardingTaskGroup { group in
            var written: PodStatus?
            while !Task.isCancelled, !lifecycle.isOver {
                let inputs = state.withLock { state in
                    defer { state.inbox = [] }
                    return state.inbox
                }
                var isRemoval = false
                let mark = markWork()
                var restarts: [PodLifecycle.Action] = []
                for input in inputs.isEmpty ? [.tick] : inputs {
                    for action in lifecycle.handle(input, context.moment) {
                        switch action {
                        case .removeObject: isRemoval = true
                        case .start(_, let attempt) where attempt > 0: restarts.append(action)
                        default: perform(action, &group)
                        }
                    }
                }
                state.withLock { $0.waitsForImage = lifecycle.waitsForImage }
                if lifecycle.waitsForImage { context.imageWaits.notify() }
                mark.end()
                let isWritten = await writeStatus(&lifecycle, &written)
                // Only now: how a process ended can be read before the next one says that it is there.
                for action in restarts { perform(action, &group) }
                let isRemoved = isRemoval ? await removeObject() : true
                if !isRemoved { post(.tick) }
                if lifecycle.isOver { break }
                var delay = lifecycle.nextDeadline.map { $0 - context.time.instant }
                // What the server did not take is offered again.
                if !isWritten { delay = min(delay ?? .seconds(1), .seconds(1)) }
                await wake.wait(atMost: delay, context.time)
            }
            if Task.isCancelled { killAll() }
        }
        let ports = state.withLock { state in
            state.isDone = true
            return state.ports.values.map { $0 }
        }
        context.ports.release(ports)
    }

    private func killAll() {
        for running in state.withLock({ $0.running }).values { running.process.kill() }
    }

    private func perform(_ action: PodLifecycle.Action, _ group: inout DiscardingTaskGroup) {
        switch action {
        case .start(let container, let attempt):
            state.withLock { $0.attempts[container] = attempt }
            group.addTask { [self] in await runContainer(container, attempt) }
        case .terminate(let container):
            state.withLock { $0.running[container] }?.process.terminate()
        case .kill(let container):
            state.withLock { $0.running[container] }?.process.kill()
        case .event(let isWarning, let reason, let message, let container):
            event(isWarning, reason, message, container)
        case .removeObject:
            break
        }
    }

    func event(_ isWarning: Bool, _ reason: String, _ message: String, _ container: String?) {
        let path = container.map { "spec.containers{\($0)}" } ?? ""
        let reference = ObjectReference(pod, fieldPath: path)
        if isWarning {
            context.recorder.warning(reference, reason: reason, message)
        } else {
            context.recorder.normal(reference, reason: reason, message)
        }
    }

    /// Writes the status if it has changed. False if the server did not take it.
    private func writeStatus(_ lifecycle: inout PodLifecycle, _ written: inout PodStatus?) async -> Bool {
        let mark = markWork()
        let status = lifecycle.status(
            at: context.moment,
            addresses: [context.options.address],
            generation: pod.metadata.generation
        )
        mark.end()
        guard status != written else { return true }
        do {
            var json = try JSONValueEncoder().encode(status)
            // A merge keeps what it does not mention; so conditions of others, such as DisruptionTarget, stay.
            func clear(_ object: inout JSONValue) {
                for field in ["reason", "message"] where object[field] == nil { object[field] = .some(.null) }
            }
            clear(&json)
            var conditions = json["conditions"]?.arrayValue ?? []
            for index in conditions.indices { clear(&conditions[index]) }
            json["conditions"] = .array(conditions)
            let precondition: JSONValue = ["metadata": ["uid": .string(uid)], "status": json]
            _ = try await context.client.patchStatus(
                Pod.resource,
                namespace: name.namespace,
                name: name.name,
                .strategicMerge(precondition)
            )
            written = status
            return true
        } catch let error as Status where error.isNotFound || error.isConflict {
            // The object is gone, or another one has its name; the informer is going to say so.
            written = status
            return true
        } catch {
            if !Task.isCancelled { logger.warning("pod status could not be written", metadata: ["error": "\(error)"]) }
            return false
        }
    }

    /// Removes the object, now that nothing of it runs. Tried until it succeeds, because only the node does it.
    func removeObject() async -> Bool {
        while !Task.isCancelled {
            do {
                try await context.client.delete(
                    Pod.resource,
                    namespace: name.namespace,
                    name: name.name,
                    DeleteOptions(gracePeriodSeconds: 0, uid: uid)
                )
                return true
            } catch let error as Status where error.isNotFound || error.isConflict {
                return true
            } catch {
                logger.warning("pod could not be removed; trying again", metadata: ["error": "\(error)"])
                // The sleep only fails when the node stops; the next start goes on.
                try? await context.time.sleep(for: .seconds(1))
            }
        }
        return true
    }
}
