public import Basics
import APIMachinery
public import KubeClient
public import Logging
import Metrics
public import ServiceLifecycle
private import Synchronization

/// Writes Events about what reconcilers decide. Recording never waits and never fails: Events are written by `run`,
/// and when they come faster than that, the oldest unwritten ones are dropped and counted.
public final class EventRecorder: Service {
    private struct State {
        var pending: [Occurrence] = []
        var isStopping = false
    }

    private static let events = GroupVersionResource(group: "", version: "v1", resource: "events")
    /// How many occurrences may wait to be written.
    static let capacity = 1000

    private let client: KubeClient
    private let component: String
    private let instance: String
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())
    private let wake = Notifier()
    private let dropped: Counter

    /// A recorder for that component; `instance` tells its replicas apart.
    public init(
        client: KubeClient,
        component: String,
        instance: String = "",
        time: any TimeSource = .system,
        logger: Logger = Logger(label: "events")
    ) {
        self.client = client
        self.component = component
        self.instance = instance
        self.time = time
        self.logger = logger
        dropped = Counter(label: "martinet_events_dropped_total", dimensions: [("component", component)])
        dropped.increment(by: 0)
    }

    /// Notes that something happened as wanted.
    public func normal(_ object: ObjectReference, reason: String, _ message: String) {
        record(object, .normal, reason, message)
    }

    /// Notes that something needs attention.
    public func warning(_ object: ObjectReference, reason: String, _ message: String) {
        record(object, .warning, reason, message)
    }

    private func record(_ object: ObjectReference, _ kind: Occurrence.Kind, _ reason: String, _ message: String) {
        let occurrence = Occurrence(object: object, kind: kind, reason: reason, message: message, time: time.now)
        let isFull = state.withLock { state in
            let isFull = state.pending.count >= Self.capacity
            if isFull { state.pending.removeFirst() }
            state.pending.append(occurrence)
            return isFull
        }
        if isFull { dropped.increment() }
        wake.notify()
    }

    /// Writes Events until graceful shutdown, when those already recorded are written first, or cancellation.
    public func run() async throws {
        await withGracefulShutdownHandler {
            var correlator = EventCorrelator()
            while !Task.isCancelled {
                let (batch, isStopping) = state.withLock { state in
                    defer { state.pending = [] }
                    return (state.pending, state.isStopping)
                }
                for occurrence in batch where !Task.isCancelled { await write(occurrence, &correlator) }
                if batch.isEmpty {
                    if isStopping { return }
                    await wake.wait()
                }
            }
        } onGracefulShutdown: {
            self.state.withLock { $0.isStopping = true }
            self.wake.notify()
        }
    }

    private func write(_ occurrence: Occurrence, _ correlator: inout EventCorrelator) async {
        // Hexadecimal nanoseconds, as client-go has them.
        let suffix =
            String(time.now.seconds * 1_000_000_000 + Int64(time.now.nanoseconds), radix: 16)
            + String(UInt16.random(in: 0 ... .max), radix: 16)
        do {
            switch correlator.correlate(occurrence, suffix: suffix) {
            case .drop:
                dropped.increment()
            case .create(let name, let occurrence):
                _ = try await client.create(Self.events, event(named: name, occurrence))
            case .update(let name, let occurrence, let count):
                let change: JSONValue = [
                    "count": .int(count), "message": .string(occurrence.message),
                    "lastTimestamp": .string(occurrence.time.rfc3339),
                ]
                do {
                    _ = try await client.patch(
                        Self.events,
                        namespace: namespace(of: occurrence.object),
                        name: name,
                        .merge(change)
                    )
                } catch let status as Status where status.isNotFound {
                    correlator.forget(name: name)
                    await write(occurrence, &correlator)
                }
            }
        } catch let status as Status where status.code == 403 && status.message?.contains("terminated") == true {
            // A namespace that is going away takes no more Events; that is nobody's fault.
            logger.debug("event was refused", metadata: ["reason": "\(occurrence.reason)", "error": "\(status)"])
        } catch is CancellationError {
            return
        } catch {
            dropped.increment()
            logger.warning(
                "event could not be written",
                metadata: ["reason": "\(occurrence.reason)", "message": "\(occurrence.message)", "error": "\(error)"]
            )
        }
    }

    /// Events about cluster-scoped objects live in `default`.
    private func namespace(of object: ObjectReference) -> String {
        object.namespace.isEmpty ? "default" : object.namespace
    }

    private func event(named name: String, _ occurrence: Occurrence) -> Unstructured {
        let object = occurrence.object
        var involved: JSONValue = [
            "apiVersion": .string(object.apiVersion), "kind": .string(object.kind), "name": .string(object.name),
        ]
        if !object.namespace.isEmpty { involved["namespace"] = .string(object.namespace) }
        if !object.uid.isEmpty { involved["uid"] = .string(object.uid) }
        if !object.resourceVersion.isEmpty { involved["resourceVersion"] = .string(object.resourceVersion) }
        if !object.fieldPath.isEmpty { involved["fieldPath"] = .string(object.fieldPath) }
        let namespace = namespace(of: object)
        return Unstructured([
            "apiVersion": "v1", "kind": "Event",
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "involvedObject": involved,
            "type": .string(occurrence.kind.rawValue),
            "reason": .string(occurrence.reason),
            "message": .string(String(occurrence.message.prefix(1024))),
            "source": ["component": .string(component)],
            "reportingComponent": .string(component),
            "reportingInstance": .string(instance),
            "firstTimestamp": .string(occurrence.time.rfc3339),
            "lastTimestamp": .string(occurrence.time.rfc3339),
            "count": 1,
        ])
    }
}
