public import APIMachinery
import Spec
public import Storage

/// A run with its steps, as of one moment.
public struct RunSnapshot: Sendable, Hashable {
    public var run: RunRecord
    public var steps: [StepRecord]

    /// A run with those steps.
    public init(run: RunRecord, steps: [StepRecord]) {
        self.run = run
        self.steps = steps
    }

    /// The run as a Kubernetes object, in compact JSON.
    public var bytes: [UInt8] { RunObject.bytes(run, steps) }

    /// The run as a Kubernetes object.
    public var json: JSONValue { RunObject.json(run, steps) }
}

extension RunSnapshot {
    /// About how many bytes the run has in memory.
    public var weight: Int { steps.reduce(512 + run.params.count + run.metadata.count) { $0 + 256 + $1.output.count } }
}

extension RunQuery {
    /// Asks for runs with these labels.
    ///
    /// - Returns: `false` if no run can match this query any more.
    public mutating func select(labels wanted: [String: String]) -> Bool {
        labels = wanted
        // This label is not stored; the workflow's name has a column.
        guard let name = labels.removeValue(forKey: RunObject.workflowLabel) else { return true }
        guard workflow == nil || workflow == name, name.utf8.count <= 63 else { return false }
        workflow = name
        return true
    }
}

/// Some of the runs that a query asks for.
public struct RunPage: Sendable, Hashable {
    public var runs: [RunSnapshot]
    /// What a watch can go on from.
    public var revision: Int64
    /// Whether there are no more; `false` if that is not known.
    public var isLast: Bool
}

/// A change of a run, as a watch delivers it.
public struct RunEvent: Sendable, Hashable {
    /// What happened to the object.
    public enum Kind: String, Sendable, Hashable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
    }

    public var kind: Kind
    /// The run as it is now, or as it was last; without its steps, if it was deleted.
    public var object: RunSnapshot

    /// The object's `resourceVersion`.
    public var revision: Int64 { object.run.resourceVersion }
}

extension RunEngine {
    /// The run, or `nil`.
    public func run(namespace: String, name: String) async throws -> RunSnapshot? {
        try await store.read { reader in
            guard let run = try reader.run(namespace: namespace, name: name) else { return nil }
            return RunSnapshot(run: run, steps: try reader.steps(run: run.id))
        }
    }

    /// The runs that the query asks for, and the revision that a watch can go on from.
    ///
    /// - Parameters:
    ///   - query: what is asked for; its limit is what one page can have at most.
    ///   - isBrief: leaves the steps' outputs out.
    ///   - maximumBytes: ends the page early once it has this many bytes; the first run always fits.
    public func runs(
        _ query: RunQuery,
        isBrief: Bool = false,
        maximumBytes: Int = .max
    ) async throws -> RunPage {
        try await store.read { reader in
            let records = try reader.runs(query)
            var room = ByteRoom(maximumBytes)
            var page = RunPage(runs: [], revision: try reader.revision(), isLast: records.count < query.limit)
            for run in records {
                let steps = isBrief ? try reader.briefSteps(run: run.id) : try reader.steps(run: run.id)
                let snapshot = RunSnapshot(run: run, steps: steps)
                guard room.takes(snapshot.weight) else {
                    page.isLast = false
                    break
                }
                page.runs.append(snapshot)
            }
            return page
        }
    }

    /// How many runs the query asks for, whatever its limit.
    public func count(_ query: RunQuery) async throws -> Int {
        var query = query
        query.limit = .max
        return try await store.read { [query] in try $0.count(query) }
    }

    /// The events after a revision. Ask it again and again for more.
    ///
    /// - Parameter maximumBytes: about how many bytes of runs are read at once.
    public func watch(after revision: Int64, namespace: String? = nil, maximumBytes: Int = 16 << 20) -> RunWatch {
        RunWatch(store: store, namespace: namespace, revision: revision, maximumBytes: maximumBytes)
    }

    /// Creates the run that a WorkflowRun object asks for.
    ///
    /// - Parameter submitter: who asks for it, by the name that was authenticated.
    /// - Throws: `Status`, as `submit` does, 422 for an object that does not describe a run, and 409 if the run is
    ///   deleted at the same time.
    public func create(_ object: JSONValue, namespace: String, submitter: String = "") async throws -> RunSnapshot {
        let given = Unstructured(object)
        let invalid = { (errors: [FieldError]) in
            Status.invalid(group: "runs.martinet.dev", kind: "WorkflowRun", name: given.name, errors: errors)
        }
        guard let workflow = object.value(at: "spec", "workflowRef", "name")?.stringValue, !workflow.isEmpty else {
            throw invalid([.required(FieldPath("spec").child("workflowRef", "name"))])
        }
        var request = RunRequest()
        if let params = object.value(at: "spec", "params"), !params.isNull {
            guard let members = params.objectValue else {
                throw invalid([.typeInvalid(FieldPath("spec").child("params"), params, "must be an object")])
            }
            request.params = members
        }
        if let priority = object.value(at: "spec", "priority"), !priority.isNull {
            guard let number = priority.intValue else {
                throw invalid([.typeInvalid(FieldPath("spec").child("priority"), priority, "must be an integer")])
            }
            request.priority = Int(number)
        }
        let metadata = object["metadata"]?.objectValue ?? [:]
        request.name = metadata["name"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        request.generateName = metadata["generateName"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        request.submitter = submitter
        request.labels = RunMetadata.labels(metadata)
        request.metadata = RunMetadata.other(metadata)
        let submitted = try await submit(namespace: namespace, workflow: workflow, [request])
        guard let name = submitted.first?.name, let snapshot = try await run(namespace: namespace, name: name) else {
            throw Status.conflict(
                WorkflowRun.resource.groupResource,
                name: submitted.first?.name ?? given.name,
                "another request deleted the run as soon as it was created; create it again if it is wanted"
            )
        }
        return snapshot
    }
}

/// Splits an object's metadata into what has a column and what is kept as it is.
public enum RunMetadata {
    /// The labels; values that are not strings are left out.
    public static func labels(_ metadata: JSONObject) -> [String: String] {
        var labels: [String: String] = [:]
        for (key, value) in metadata["labels"]?.objectValue ?? [:] { labels[key] = value.stringValue }
        return labels
    }

    /// Members that users set and the store keeps as they are.
    public static func other(_ metadata: JSONObject) -> JSONObject {
        var result = JSONObject()
        for name in ["annotations", "finalizers", "generateName", "managedFields", "ownerReferences"] {
            if let value = metadata[name], !value.isNull { result[name] = value }
        }
        return result
    }
}

/// Follows the runs of a namespace, or of all.
///
/// Each call waits for changes and then reads the runs that changed. A run that changed several times in between is
/// delivered once, in its latest state: intermediate states are skipped, outcomes and the order of commits are not.
public struct RunWatch: Sendable {
    private let store: any RunStore
    private let namespace: String?
    /// Everything up to this revision has been delivered.
    public private(set) var revision: Int64
    /// Runs whose first event was left out because a later one follows.
    private var unseen: Set<Int64> = []
    private let maximumBytes: Int

    /// Changes read at once.
    private static let batch = 1024

    init(store: any RunStore, namespace: String?, revision: Int64, maximumBytes: Int) {
        self.store = store
        self.namespace = namespace
        self.revision = revision
        self.maximumBytes = maximumBytes
    }

    /// Waits for the next events; empty if the task was cancelled, or if what happened is not for this watcher.
    ///
    /// They are about as many bytes as the watch may read at once, one of them at least; the others come with the next
    /// call.
    ///
    /// - Throws: `RunStoreError` with `expired` if the watcher is too far behind: list again.
    public mutating func next() async throws -> [RunEvent] {
        await store.changes.wait(after: revision)
        // Asked first, so that every change up to it is among those read next.
        let latest = store.changes.latest
        let changes = try store.changes.changes(after: revision, limit: Self.batch)
        let (snapshots, end) = try await read(changes)
        var events: [RunEvent] = []
        for change in changes[..<end] where concerns(change) {
            switch change.kind {
            case .deleted(let run):
                unseen.remove(change.run)
                events.append(RunEvent(kind: .deleted, object: RunSnapshot(run: run, steps: [])))
            case .added, .modified:
                if change.kind == .added { unseen.insert(change.run) }
                // Another state than this change's: its own change follows, now or in a later call.
                guard let snapshot = snapshots[change.run], snapshot.run.resourceVersion == change.revision else {
                    continue
                }
                let isNew = unseen.remove(change.run) != nil
                events.append(RunEvent(kind: isNew ? .added : .modified, object: snapshot))
            }
        }
        let delivered = changes[..<end].last?.revision
        // Sequence numbers that are not revisions of a change count as delivered.
        let isAll = end == changes.count && changes.count < Self.batch
        revision = isAll ? max(latest, delivered ?? 0) : delivered ?? latest
        return events
    }

    private func concerns(_ change: RunChange) -> Bool { namespace == nil || change.namespace == namespace }

    /// Reads the runs that the changes are about, as far as there is room for them.
    ///
    /// - Returns: the runs by id, and the index of the first change whose run was not read.
    private func read(_ changes: [RunChange]) async throws -> (runs: [Int64: RunSnapshot], end: Int) {
        try await store.read { [self] reader in
            var room = ByteRoom(maximumBytes)
            var looked: Set<Int64> = []
            var snapshots: [Int64: RunSnapshot] = [:]
            for (index, change) in changes.enumerated() where concerns(change) && looked.insert(change.run).inserted {
                guard let run = try reader.run(id: change.run) else { continue }
                let snapshot = RunSnapshot(run: run, steps: try reader.steps(run: change.run))
                guard room.takes(snapshot.weight) else { return (snapshots, index) }
                snapshots[change.run] = snapshot
            }
            return (snapshots, changes.count)
        }
    }
}
