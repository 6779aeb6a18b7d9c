public import APIMachinery

/// One run of a workflow, as it is stored: a row, to which steps and jobs belong.
public struct RunRecord: Sendable, Hashable {
    /// How far a run is.
    public enum Phase: Int64, Sendable, CaseIterable {
        case pending = 0
        case running
        case suspended
        case succeeded
        case failed
        case cancelled

        /// Whether the run has ended.
        public var isFinal: Bool { rawValue >= Phase.succeeded.rawValue }
    }

    /// Why a run is being ended before its steps are done.
    public enum Stop: Int64, Sendable, CaseIterable {
        case none = 0
        case cancelled
        case deadlineExceeded
    }

    /// The row's number, assigned by `insert`; later runs have greater ones.
    public var id: Int64 = 0
    /// Unique over time, as in Kubernetes.
    public var uid: String
    public var namespace: String
    public var name: String
    /// The store's sequence at the last change of the run or of one of its steps.
    public var resourceVersion: Int64 = 0
    /// The workflow's name.
    public var workflow: String
    /// The hash of the workflow specification that the run uses.
    public var revision: String
    public var priority: Int
    /// Parameters with defaults filled in: one JSON object.
    public var params: [UInt8]
    public var labels: [String: String] = [:]
    /// Who submitted the run, by the name that was authenticated; empty if that is not known.
    public var submitter = ""
    /// Metadata other than name, labels and what the server sets: one JSON object, or nothing.
    public var metadata: [UInt8] = []
    public var phase = Phase.pending
    /// Whether the run is being stopped; no new steps start then.
    public var stop = Stop.none
    /// Why the run is in its phase, for programs; empty if there is nothing to say.
    public var reason = ""
    /// The same for people.
    public var message = ""
    public var createdAt: Timestamp
    /// When the first job was leased.
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// When the run is stopped. For a run that is being stopped: when its remaining jobs are dropped.
    public var deadline: Timestamp?
    /// The submitter's key; unique per namespace and workflow.
    public var idempotencyKey: String?

    /// A run that has not begun.
    public init(
        uid: String,
        namespace: String,
        name: String,
        workflow: String,
        revision: String,
        priority: Int = 0,
        params: [UInt8] = Array("{}".utf8),
        createdAt: Timestamp
    ) {
        self.uid = uid
        self.namespace = namespace
        self.name = name
        self.workflow = workflow
        self.revision = revision
        self.priority = priority
        self.params = params
        self.createdAt = createdAt
    }
}

/// Which runs to list.
public struct RunQuery: Sendable, Hashable {
    /// In which order, and from where on.
    public enum Order: Sendable, Hashable {
        /// By namespace and name, as Kubernetes lists; those after the given one.
        case name(after: NamespacedName?)
        /// The latest first; those with a smaller id than the given one.
        case newest(before: Int64?)
    }

    public var namespace: String?
    public var workflow: String?
    /// Only runs in one of these phases; empty for all.
    public var phases: Set<RunRecord.Phase> = []
    /// Only runs created at that time or later.
    public var createdSince: Timestamp?
    /// Only runs that have all of these labels.
    public var labels: [String: String] = [:]
    public var order = Order.newest(before: nil)
    public var limit: Int

    /// All runs (of a namespace), the latest first.
    public init(namespace: String? = nil, limit: Int = 100) {
        self.namespace = namespace
        self.limit = limit
    }

    /// Whether the record is one that the query asks for; order and limit aside.
    public func matches(_ run: RunRecord) -> Bool {
        if let namespace, run.namespace != namespace { return false }
        if let workflow, run.workflow != workflow { return false }
        if !phases.isEmpty, !phases.contains(run.phase) { return false }
        if let createdSince, run.createdAt < createdSince { return false }
        return labels.allSatisfy { run.labels[$0.key] == $0.value }
    }
}
