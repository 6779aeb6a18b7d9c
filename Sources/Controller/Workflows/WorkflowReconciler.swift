public import APIMachinery
public import ControllerRuntime
public import KubeAPI
public import KubeClient
public import Logging
import Spec
import Synchronization

/// Says of every Workflow whether it can run, records its revisions, and counts its runs.
///
/// Nothing is executed here: the run engine takes a workflow as it is at the moment of submission. On a cluster whose
/// API server checks less than ours does, this is where a workflow that cannot run is told so.
public final class WorkflowReconciler: Reconciler {
    /// The name of the workflow, on its ControllerRevisions.
    public static let workflowLabel = "martinet.dev/workflow"
    /// Old revisions that are kept.
    static let historyLimit = 10

    /// The runs of a workflow that are kept, by phase, as last counted.
    public typealias RunCounts = @Sendable (_ workflow: NamespacedName) -> [String: Int64]

    private struct Memory {
        var uid: String
        var collisions = 0
        var toldFault: String?
        var toldMissingPool: String?
    }

    private let client: KubeClient
    private let workflow: @Sendable (NamespacedName) -> Unstructured?
    private let revisions: @Sendable (_ ownerUID: String) -> [ControllerRevision]
    private let hasPool: @Sendable (NamespacedName) -> Bool
    private let counts: RunCounts?
    private let events: any EventSink
    private let time: any TimeSource
    private let logger: Logger
    private let memories = Mutex<[Request: Memory]>([:])

    /// A reconciler of workflows.
    ///
    /// - Parameters:
    ///   - workflow: the workflow of that name as last seen.
    ///   - revisions: the revisions that the workflow of that uid controls, as last seen.
    ///   - hasPool: whether there is a worker pool of that name.
    ///   - counts: `nil` leaves `status.runs` alone. Whoever counts enqueues the workflow when its counts change.
    public init(
        client: KubeClient,
        workflow: @escaping @Sendable (NamespacedName) -> Unstructured?,
        revisions: @escaping @Sendable (_ ownerUID: String) -> [ControllerRevision],
        hasPool: @escaping @Sendable (NamespacedName) -> Bool = { _ in true },
        counts: RunCounts? = nil,
        events: any EventSink,
        time: any TimeSource = .system,
        logger: Logger = Logger(label: "workflow")
    ) {
        self.client = client
        self.workflow = workflow
        self.revisions = revisions
        self.hasPool = hasPool
        self.counts = counts
        self.events = LoggedEvents(events: events, logger: logger)
        self.time = time
        self.logger = logger
    }

    public func reconcile(_ request: Request) async throws -> Reconciliation {
        guard let object = workflow(request) else {
            memories.withLock { $0[request] = nil }
            return .done
        }
        guard object.deletionTimestamp == nil else { return .done }
        var memory = memories.withLock { $0[request] } ?? Memory(uid: object.uid)
        if memory.uid != object.uid { memory = Memory(uid: object.uid) }
        defer { memories.withLock { $0[request] = memory } }

        let history = try await record(object, &memory)
        let faults = Self.faults(object)
        tell(object, faults, &memory)
        let pool = Self.pool(of: object)
        let missing =
            hasPool(NamespacedName(namespace: object.namespace, name: pool)) ? nil : Self.missing(pool, object)
        recordMissingPool(object, missing, &memory)
        var status = Self.status(object, faults, history, missingPool: missing, now: time.now)
        if let counts { status.runs = counts(request) }
        try await write(status, object)
        return .done
    }

    private func record(_ object: Unstructured, _ memory: inout Memory) async throws -> RevisionRecorder.History {
        let recorder = RevisionRecorder(client: client, owner: object, data: ["spec": object.json["spec"] ?? [:]]) {
            hash in
            [
                Self.workflowLabel: PoolRevision.labelValue(object.name), PoolRevision.revisionLabel: hash,
                PoolRevision.hashLabel: hash,
            ]
        }
        do {
            let history = try await recorder.record(revisions(object.uid), collisions: memory.collisions)
            memory.collisions = history.collisions
            try await recorder.prune(history.revisions, inUse: [history.hash], limit: Self.historyLimit)
            return history
        } catch let collision as RevisionRecorder.Collision {
            memory.collisions = collision.collisions
            throw Status.conflict(
                ControllerRevision.resource.groupResource,
                name: object.name,
                "the name of the new revision is taken by another object; the next attempt uses another name"
            )
        }
    }

    /// What keeps the workflow from running, in the words of the API server.
    static func faults(_ object: Unstructured) -> [String] {
        do {
            return WorkflowValidation.validate(try object.decode(Workflow.self)).map { "\($0)" }
        } catch {
            return ["the workflow cannot be read: \(error)"]
        }
    }

    private func tell(_ object: Unstructured, _ faults: [String], _ memory: inout Memory) {
        guard memory.toldFault != faults.first else { return }
        memory.toldFault = faults.first
        if let first = faults.first {
            events.warning(ObjectReference(object), reason: "InvalidSpec", "no runs are accepted: \(first)")
        } else {
            events.normal(ObjectReference(object), reason: "Valid", "the workflow is valid again; runs are accepted")
        }
    }

    /// The name of the pool whose runners do the workflow's steps.
    public static func pool(of object: Unstructured) -> String {
        object.json.value(at: "spec", "pool")?.stringValue ?? "default"
    }

    private static func missing(_ pool: String, _ object: Unstructured) -> String {
        "worker pool \"\(pool)\" does not exist in namespace \"\(object.namespace)\", so runs wait; "
            + "create it, or name another pool in spec.pool"
    }

    private func recordMissingPool(_ object: Unstructured, _ missing: String?, _ memory: inout Memory) {
        guard memory.toldMissingPool != missing else { return }
        memory.toldMissingPool = missing
        if let missing {
            events.warning(ObjectReference(object), reason: "PoolNotFound", missing)
        } else {
            events.normal(ObjectReference(object), reason: "PoolFound", "the worker pool exists now; runs can start")
        }
    }

    static func status(
        _ object: Unstructured,
        _ faults: [String],
        _ history: RevisionRecorder.History,
        missingPool: String? = nil,
        now: Timestamp
    ) -> WorkflowStatus {
        // A status that cannot be read is written anew: it only repeats what is observed.
        let previous = object.json["status"].flatMap { try? JSONValueDecoder().decode(WorkflowStatus.self, from: $0) }
        var status = previous ?? WorkflowStatus()
        status.observedGeneration = object.generation
        status.currentRevision = history.wanted?.metadata.name
        status.revision = history.wanted?.revision
        var conditions = status.conditions ?? []
        let more = faults.count > 1 ? " (and \(faults.count - 1) more)" : ""
        let message = faults.first.map { $0 + more } ?? "the steps, their order and their expressions are valid"
        let isValid = faults.isEmpty
        for (type, reason, text) in [
            ("Valid", isValid ? "Valid" : "InvalidSpec", message),
            (
                "Ready", !isValid ? "InvalidSpec" : missingPool == nil ? "Ready" : "PoolNotFound",
                !isValid ? message : missingPool ?? "runs are accepted"
            ),
        ] {
            conditions.set(
                Condition(
                    type: type,
                    status: reason == type ? "True" : "False",
                    observedGeneration: object.generation,
                    lastTransitionTime: now.truncatedToSeconds,
                    reason: reason,
                    message: text
                )
            )
        }
        status.conditions = conditions
        return status
    }

    private func write(_ status: WorkflowStatus, _ object: Unstructured) async throws {
        let new = try JSONValueEncoder().encode(status)
        guard let change = Patch.mergePatch(from: object.json["status"] ?? [:], to: new) else { return }
        _ = try await client.patchStatus(
            Workflow.resource,
            namespace: object.namespace,
            name: object.name,
            .merge(["status": change]),
            WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
        )
    }
}
