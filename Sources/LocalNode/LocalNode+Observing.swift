public import APIMachinery
import Glibc
import KubeAPI
public import KubeClient
import Logging
import Synchronization

/// What can be seen of the Pods that run here: their logs and their usage.
extension LocalNode {
    /// A container's log. Throws a `Status` worded as kubelet's answers are.
    public func logs(of object: Unstructured, _ options: PodLogOptions) throws -> LogStream {
        let pod: Pod = try object.decode()
        let podName = object.name
        let all = (pod.spec?.containers ?? []) + (pod.spec?.initContainers ?? [])
        let names = all.map(\.name)
        var chosen = options.container ?? object.annotations["kubectl.kubernetes.io/default-container"]
        if chosen == nil || chosen == "" {
            guard names.count == 1 else {
                throw Status.badRequest(
                    "a container name must be specified for pod \(podName), choose one of: "
                        + "[\(names.joined(separator: " "))]"
                )
            }
            chosen = names[0]
        }
        guard let container = chosen, names.contains(container) else {
            throw Status.badRequest("container \(chosen ?? "") is not valid for pod \(podName)")
        }
        let worker = worker(object.uid)
        let statuses = (pod.status?.containerStatuses ?? []) + (pod.status?.initContainerStatuses ?? [])
        let status = statuses.first { $0.name == container }
        var attempt = worker?.state.withLock { $0.attempts[container] } ?? status?.restartCount ?? 0
        let context = nodeContext
        if options.previous {
            attempt -= 1
            guard attempt >= 0, access(context.logs.file(of: pod, container: container, attempt: attempt), R_OK) == 0
            else {
                throw Status.badRequest(
                    "previous terminated container \"\(container)\" in pod \"\(podName)\" not found"
                )
            }
        }
        let file = context.logs.file(of: pod, container: container, attempt: attempt)
        guard access(file, R_OK) == 0 else {
            let reason = status?.state?.waiting?.reason ?? "ContainerCreating"
            let isImage = reason == "ErrImagePull" || reason == "ImagePullBackOff"
            throw Status.badRequest(
                "container \"\(container)\" in pod \"\(podName)\" is waiting to start: "
                    + (isImage ? "trying and failing to pull image" : reason)
            )
        }
        let isPrevious = options.previous
        return LogStream(file: file, options: options, time: context.time) { [attempt] in
            !isPrevious && worker?.state.withLock { $0.running[container]?.attempt == attempt } ?? false
        }
    }

    /// What each Pod uses, as last measured; Pods of which nothing runs are left out.
    public func usage(namespace: String = "") -> [PodUsage] {
        workers.compactMap { worker in
            guard namespace.isEmpty || worker.name.namespace == namespace else { return nil }
            return worker.usage
        }
        .sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
    }

    /// The objects of `metrics.k8s.io/v1beta1` `pods`.
    public func podMetrics(namespace: String? = nil) -> [JSONValue] { usage(namespace: namespace ?? "").map(\.json) }

    /// The objects of `metrics.k8s.io/v1beta1` `nodes`: what all Pods together use.
    public func nodeMetrics() -> [JSONValue] {
        let containers = usage().flatMap(\.containers)
        let context = nodeContext
        let now = JSONValue.string(context.time.now.rfc3339)
        return [
            [
                "kind": "NodeMetrics", "apiVersion": "metrics.k8s.io/v1beta1",
                "metadata": ["name": .string(context.options.nodeName), "creationTimestamp": now],
                "timestamp": now, "window": .string(PodUsage.text(context.options.usageInterval)),
                "usage": PodUsage.usage(
                    containers.reduce(0) { $0 + $1.cpuNanocores },
                    containers.reduce(0) { $0 + $1.memoryBytes }
                ),
            ]
        ]
    }
}

extension PodWorker {
    /// Takes a reading of every running container and kills what uses more memory than its limit.
    func measure(_ table: ProcessTable) {
        let instant = context.time.instant
        let exceeded = state.withLock { state in
            var exceeded: [(name: String, message: String, process: ContainerProcess)] = []
            for (name, var running) in state.running {
                let tree = table.tree(running.shim)
                // A shim that has just been killed has no tree any more; what it had is still to be looked for.
                if tree.first.map({ !$0.isZombie }) ?? false { running.tree = Array(tree.dropFirst()) }
                let ticks = tree.reduce(0) { $0 + $1.cpuTicks + $1.collectedTicks }
                running.meter.read(ticks: ticks, at: instant, ticksPerSecond: ProcFS.ticksPerSecond)
                let pages = tree.filter { $0.pid != running.shim }.reduce(0) { $0 + $1.residentPages }
                running.memory = pages * ProcFS.pageSize
                if let limit = running.memoryLimit, limit > 0, running.memory > limit, running.memoryExcess == nil {
                    let message = MemoryExcess(used: running.memory, limit: limit, processes: tree).message
                    running.memoryExcess = message
                    exceeded.append((name, message, running.process))
                }
                state.running[name] = running
            }
            return exceeded
        }
        for (name, message, process) in exceeded {
            logger.warning(
                "container uses more memory than its limit and is killed",
                metadata: ["container": "\(name)", "message": "\(message)"]
            )
            process.kill()
        }
    }

    /// What the Pod uses; `nil` before the second reading.
    var usage: PodUsage? {
        state.withLock { state in
            let containers = state.running.filter { $0.value.meter.window > .zero }
            guard let window = containers.values.map(\.meter.window).max() else { return nil }
            return PodUsage(
                namespace: name.namespace,
                name: name.name,
                labels: state.pod.metadata.labels ?? [:],
                timestamp: context.time.now.truncatedToSeconds,
                window: window,
                containers: containers.sorted { $0.key < $1.key }.map { name, running in
                    ContainerUsage(name: name, cpuNanocores: running.meter.nanocores, memoryBytes: running.memory)
                }
            )
        }
    }
}
