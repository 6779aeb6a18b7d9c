public import APIMachinery
public import ControllerRuntime
import KubeAPI
public import KubeClient
public import Logging
public import RunEngine
import Spec
import Synchronization

/// Scales WorkerPools as their HorizontalPodAutoscalers say, by what the runners measure.
///
/// A pool follows one autoscaler at a time. Its own `spec.autoscaling` comes first: a HorizontalPodAutoscaler for such a
/// pool changes nothing and says so in `ScalingActive`. Of several HorizontalPodAutoscalers for one pool none acts, as in
/// Kubernetes (`AmbiguousSelector`).
public final class HorizontalPodAutoscalerReconciler: Reconciler {
    /// What the reconciler remembers of one autoscaler; a new one begins with the size found.
    private struct Memory: Sendable {
        var uid: String
        var spec: HorizontalPodAutoscaler.Specification?
        var autoscaler = HorizontalAutoscaler()
        var lastStep: Timestamp?
        var lastFigures: Timestamp?
        /// The message of the last problem, of which there has been an Event.
        var recorded: String?
    }

    /// How often figures that are measured are written, if nothing else has changed. Kubernetes looks as often.
    private static let figuresPeriod = Duration.seconds(15)

    private let client: KubeClient
    private let autoscalers: @Sendable (_ namespace: String) -> [Unstructured]
    private let source: any PoolSource
    private let runners: any RunnerDirectory
    private let events: any EventSink
    private let settings: PoolSettings
    private let time: any TimeSource
    private let memories = Mutex<[Request: Memory]>([:])

    /// A reconciler of autoscalers.
    ///
    /// - Parameter autoscalers: those of a namespace, as last seen.
    public init(
        client: KubeClient,
        autoscalers: @escaping @Sendable (_ namespace: String) -> [Unstructured],
        source: any PoolSource,
        runners: any RunnerDirectory,
        events: any EventSink,
        settings: PoolSettings,
        time: any TimeSource = .system,
        logger: Logger = Logger(label: "horizontalpodautoscaler")
    ) {
        self.client = client
        self.autoscalers = autoscalers
        self.source = source
        self.runners = runners
        self.events = LoggedEvents(events: events, logger: logger)
        self.settings = settings
        self.time = time
    }

    /// The autoscalers that are for that pool.
    static func requests(forPool pool: NamespacedName, among autoscalers: [Unstructured]) -> [Request] {
        autoscalers.filter { $0.namespace == pool.namespace && target(of: $0)?.name == pool.name }
            .map(\.namespacedName)
    }

    /// The autoscalers of the pool that this one is for.
    static func requests(alike object: Unstructured, among autoscalers: [Unstructured]) -> [Request] {
        guard let target = target(of: object) else { return [] }
        return requests(
            forPool: NamespacedName(namespace: object.namespace, name: target.name),
            among: autoscalers
        )
    }

    /// The pool that an autoscaler is for, and `nil` if it is for something else.
    private static func target(of object: Unstructured) -> HorizontalPodAutoscaler.Target? {
        guard let json = object.json.value(at: "spec", "scaleTargetRef"),
            // What cannot be read is for no pool; its own reconciliation says why.
            let target = try? JSONValueDecoder().decode(HorizontalPodAutoscaler.Target.self, from: json)
        else { return nil }
        return target.isPool ? target : nil
    }

    public func reconcile(_ request: Request) async throws -> Reconciliation {
        guard let object = autoscalers(request.namespace).first(where: { $0.namespacedName == request }),
            object.deletionTimestamp == nil
        else {
            memories.withLock { $0[request] = nil }
            return .done
        }
        let spec: HorizontalPodAutoscaler.Specification
        do {
            spec = try object.decode(HorizontalPodAutoscaler.self).spec
        } catch {
            throw TerminalError("horizontalpodautoscaler/\(request.name) cannot be read: \(error)", cause: error)
        }
        var memory = memories.withLock { $0[request] } ?? Memory(uid: object.uid)
        if memory.uid != object.uid { memory = Memory(uid: object.uid) }
        // Kept even if a write fails: the decision is made anew then, with the recommendations of this time.
        defer { memories.withLock { $0[request] = memory } }

        guard let pool = pool(of: spec, object.namespace) else {
            let condition = condition("AbleToScale", "FailedGetScale", Self.missing(spec.scaleTargetRef))
            try await write(object, status(object, [condition], current: 0, desired: 0), &memory)
            return .done
        }
        let replicas = Int(clamping: pool.json.value(at: "spec", "replicas")?.intValue ?? 1)
        if let conflict = conflict(object, pool) {
            let able = Condition(
                type: "AbleToScale",
                status: "True",
                lastTransitionTime: time.now,
                reason: "SucceededGetScale",
                message: "the HPA controller was able to get the target's current scale"
            )
            try await write(object, status(object, [able, conflict], pool, desired: replicas), &memory)
            return .done
        }
        if memory.spec == spec, let last = memory.lastStep, time.now < last.advanced(by: settings.syncPeriod) {
            return .requeue(after: last.advanced(by: settings.syncPeriod).since(time.now))
        }
        memory.spec = spec
        memory.lastStep = time.now
        try await step(object, spec, pool, replicas, &memory)
        return .requeue(after: settings.metricsPeriod)
    }

    // MARK: Target

    private func pool(of spec: HorizontalPodAutoscaler.Specification, _ namespace: String) -> Unstructured? {
        guard spec.scaleTargetRef.isPool else { return nil }
        return source.pool(NamespacedName(namespace: namespace, name: spec.scaleTargetRef.name))
    }

    private static func missing(_ target: HorizontalPodAutoscaler.Target) -> String {
        let start = "the HPA controller was unable to get the target's current scale: "
        if target.isPool { return start + "workerpools.martinet.dev \"\(target.name)\" not found" }
        return start + "\(target.kind) of \"\(target.apiVersion ?? "v1")\" is not scaled here: name a WorkerPool of "
            + "\"\(WorkerPool.groupVersionKind.groupVersion.apiVersion)\""
    }

    /// Who else scales the pool, as the condition that says so.
    private func conflict(_ object: Unstructured, _ pool: Unstructured) -> Condition? {
        if pool.json.value(at: "spec", "autoscaling") != nil {
            return condition(
                "ScalingActive",
                "PoolScalesItself",
                "workerpool/\(pool.name) has spec.autoscaling, which sets its size: remove that, or delete this "
                    + "HorizontalPodAutoscaler"
            )
        }
        let names = Self.requests(forPool: pool.namespacedName, among: autoscalers(pool.namespace))
            .map { "\($0.namespace)/\($0.name)" }.sorted()
        guard names.count > 1 else { return nil }
        let selector =
            pool.json.value(at: "status", "selector")?.stringValue ?? "\(PoolRevision.poolLabel)=\(pool.name)"
        return condition(
            "ScalingActive",
            "AmbiguousSelector",
            "pods by selector \(selector) are controlled by multiple HPAs: [\(names.joined(separator: " "))]"
        )
    }

    private func condition(_ type: String, _ reason: String, _ message: String) -> Condition {
        Condition(type: type, status: "False", lastTransitionTime: time.now, reason: reason, message: message)
    }

    // MARK: Scaling

    private func step(
        _ object: Unstructured,
        _ spec: HorizontalPodAutoscaler.Specification,
        _ pool: Unstructured,
        _ replicas: Int,
        _ memory: inout Memory
    ) async throws {
        let pods = source.pods(ownedBy: pool.uid)
        var states: [String: RunnerState] = [:]
        for runner in runners.runners(namespace: pool.namespace, pool: pool.name) { states[runner.name] = runner }
        var autoscaler = memory.autoscaler
        let output = autoscaler.step(
            .init(
                spec: spec,
                replicas: replicas,
                pods: { [states, window = settings.loadWindow] resource in
                    pods.map { pod in
                        let state = states[pod.metadata.name ?? ""].flatMap { state in
                            state.podUID.isEmpty || state.podUID == pod.metadata.uid ? state : nil
                        }
                        return PodObservation.metrics(pod, state, resource: resource, window: window)
                    }
                },
                now: time.now
            )
        )
        var status = status(object, output.conditions, pool, desired: output.replicas)
        status["currentMetrics"] = .array(output.currentMetrics)
        if output.isRescale {
            try await rescale(pool, to: output.replicas)
            status["lastScaleTime"] = .string(time.now.rfc3339)
        }
        // Only now: a size that could not be written was not set.
        memory.autoscaler = autoscaler
        try await write(object, status, &memory)
        if output.isRescale {
            let message = "New size: \(output.replicas); reason: \(output.reason)"
            events.normal(ControllerRuntime.ObjectReference(object), reason: "SuccessfulRescale", message)
        }
    }

    /// Sets the size by way of the pool's scale, unless the pool has changed meanwhile.
    private func rescale(_ pool: Unstructured, to replicas: Int) async throws {
        let change: JSONValue = [
            "metadata": ["resourceVersion": .string(pool.resourceVersion)],
            "spec": ["replicas": .int(Int64(replicas))],
        ]
        _ = try await client.patch(
            WorkerPool.resource,
            namespace: pool.namespace,
            name: pool.name,
            subresource: "scale",
            .merge(change),
            WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
        )
    }

    // MARK: Status

    private func status(
        _ object: Unstructured,
        _ conditions: [Condition],
        _ pool: Unstructured,
        desired: Int
    ) -> JSONValue {
        let current = pool.json.value(at: "status", "replicas")?.intValue ?? 0
        return status(object, conditions, current: current, desired: desired)
    }

    /// The status with these conditions, whose times move only where their status has changed.
    private func status(
        _ object: Unstructured,
        _ conditions: [Condition],
        current: Int64,
        desired: Int
    ) -> JSONValue {
        let old = object.json.value(at: "status", "conditions")?.arrayValue ?? []
        let list = conditions.map { condition -> JSONValue in
            let before = old.first { $0["type"]?.stringValue == condition.type }
            let isOld = before?["status"]?.stringValue == condition.status
            let since = isOld ? before?["lastTransitionTime"] : nil
            return [
                "type": .string(condition.type), "status": .string(condition.status),
                "lastTransitionTime": since ?? .string(condition.lastTransitionTime.rfc3339),
                "reason": .string(condition.reason), "message": .string(condition.message),
            ]
        }
        var status: JSONValue = [
            "desiredReplicas": .int(Int64(desired)), "conditions": .array(list), "currentMetrics": .array([]),
        ]
        if current > 0 { status["currentReplicas"] = .int(current) }
        if let time = object.json.value(at: "status", "lastScaleTime") { status["lastScaleTime"] = time }
        return status
    }

    /// Writes the status if it says something new, and an Event if it says that nothing is scaled.
    private func write(_ object: Unstructured, _ status: JSONValue, _ memory: inout Memory) async throws {
        var old = object.json["status"] ?? .object([:])
        if old["currentMetrics"] == nil { old["currentMetrics"] = .array([]) }
        if let change = Patch.mergePatch(from: old, to: status) {
            let isFigures = change.objectValue?.keys == ["currentMetrics"]
            if isFigures, let last = memory.lastFigures, time.now < last.advanced(by: Self.figuresPeriod) { return }
            _ = try await client.patchStatus(
                HorizontalPodAutoscaler.resource,
                namespace: object.namespace,
                name: object.name,
                .merge(["metadata": ["uid": .string(object.uid)], "status": change]),
                WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
            )
            memory.lastFigures = time.now
        }
        let problem = status["conditions"]?.arrayValue?.first {
            $0["status"] == "False" && ["AbleToScale", "ScalingActive"].contains($0["type"]?.stringValue ?? "")
        }
        let message = problem?["message"]?.stringValue
        if let message, let reason = problem?["reason"]?.stringValue, message != memory.recorded,
            reason != "ScalingDisabled"
        {
            events.warning(ControllerRuntime.ObjectReference(object), reason: reason, message)
        }
        memory.recorded = message
    }
}
