import APIMachinery
import Containment
import Controller
import ControllerRuntime
import KubeClient
import Logging
import RunEngine
import ServiceLifecycle
import Spec
import Storage

/// Says on objects that they are quarantined, with a condition and an Event, and takes the condition back when they
/// are released. The local node does that for its Pods, and a run's phase says it.
struct QuarantineReporter: Service {
    static let condition = "Quarantined"

    let containment: Containment
    let client: KubeClient
    let workflows: Informer<Unstructured>
    let pools: Informer<Unstructured>
    let engine: RunEngine
    let events: any EventSink
    let logger: Logger

    func run() async throws {
        containment.onRelease { subject in
            switch subject.kind {
            case .run, .runRows: await engine.resume(namespace: subject.namespace, name: subject.name)
            default: await set(subject, isQuarantined: false, "released: the plane works on it again")
            }
        }
        await cancelWhenGracefulShutdown {
            do {
                for informer in [workflows, pools] { try await informer.waitUntilSynced() }
                forgetDeleted()
                for entry in containment.entries { await report(entry) }
                try await gracefulShutdown()
            } catch is CancellationError {
                // Stopping.
            } catch {
                logger.error("quarantined objects could not be marked", metadata: ["error": "\(error)"])
            }
        }
    }

    /// An object that is deleted takes its quarantine with it.
    private func forgetDeleted() {
        for (informer, kinds) in [
            (workflows, [Self.workflow, .catalog, .submission] as [WorkKind]), (pools, [Self.pool]),
        ] {
            informer.addHandler { event in
                guard !containment.isEmpty, let gone = Self.gone(event) else { return }
                // lint: handlers of informers cannot wait; an entry that stays is dropped at the next start.
                Task { for kind in kinds { await containment.forget(kind, gone.namespace, gone.name, uid: gone.uid) } }
            }
        }
    }

    /// The object that is not there any more. A name that another object got meanwhile may come as an update.
    private static func gone(_ event: InformerEvent<Unstructured>) -> Unstructured? {
        switch event {
        case .deleted(let object): object
        case .updated(let old, let new): old.uid == new.uid ? nil : old
        default: nil
        }
    }

    /// The kinds of work of the controllers, which are their names.
    private static let workflow: WorkKind = "workflow"
    private static let pool: WorkKind = "workerpool"

    private func object(_ subject: WorkSubject) -> (Unstructured, GroupVersionResource)? {
        let name = NamespacedName(namespace: subject.namespace, name: subject.name)
        let found: (Unstructured, GroupVersionResource)? =
            switch subject.kind {
            case Self.workflow, .catalog, .submission: workflows.store.get(name).map { ($0, Workflow.resource) }
            case Self.pool: pools.store.get(name).map { ($0, WorkerPool.resource) }
            default: nil
            }
        return found.flatMap { subject.uid.isEmpty || $0.0.uid == subject.uid ? $0 : nil }
    }

    private func report(_ entry: QuarantineEntry) async {
        if let (object, _) = object(entry.subject) {
            events.warning(ObjectReference(object), reason: Self.condition, entry.message)
            await set(entry.subject, isQuarantined: true, entry.message)
        } else if [Self.workflow, .catalog, .submission, Self.pool].contains(entry.subject.kind) {
            // Deleted while the plane was down, or just before it died.
            let subject = entry.subject
            await containment.forget(subject.kind, subject.namespace, subject.name, uid: subject.uid)
        } else if entry.subject.kind == .run {
            do {
                let (namespace, name) = (entry.subject.namespace, entry.subject.name)
                guard let run = try await engine.run(namespace: namespace, name: name) else { return }
                let kind = WorkflowRun.groupVersionKind
                let reference = ObjectReference(
                    apiVersion: kind.groupVersion.description,
                    kind: kind.kind,
                    namespace: namespace,
                    name: name,
                    uid: run.run.uid
                )
                events.warning(reference, reason: Self.condition, entry.message)
            } catch {
                logger.error("a quarantined run could not be read", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Writes the condition; tried a few times, since the object may change meanwhile.
    private func set(_ subject: WorkSubject, isQuarantined: Bool, _ message: String) async {
        for attempt in 1...5 {
            guard let (object, resource) = object(subject) else { return }
            do {
                var conditions: [Condition] = []
                if let json = object.json.value(at: "status", "conditions"), !json.isNull {
                    conditions = try JSONValueDecoder().decode([Condition].self, from: json)
                }
                if !isQuarantined, conditions[Self.condition] == nil { return }
                conditions.set(
                    Condition(
                        type: Self.condition,
                        status: isQuarantined ? "True" : "False",
                        observedGeneration: object.generation,
                        lastTransitionTime: Timestamp.now().truncatedToSeconds,
                        reason: isQuarantined ? "ProcessDied" : "Released",
                        message: message
                    )
                )
                _ = try await client.patchStatus(
                    resource,
                    namespace: object.namespace,
                    name: object.name,
                    .merge([
                        "metadata": ["resourceVersion": .string(object.resourceVersion)],
                        "status": ["conditions": try JSONValueEncoder().encode(conditions)],
                    ]),
                    WriteOptions(fieldManager: "martinet-controller")
                )
                return
            } catch {
                logger.warning(
                    "the condition of a quarantined object could not be written",
                    metadata: ["subject": "\(subject)", "attempt": "\(attempt)", "error": "\(error)"]
                )
            }
            do { try await ContinuousClock().sleep(for: .milliseconds(200)) } catch { return }
        }
    }
}
