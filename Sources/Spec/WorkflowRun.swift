public import APIMachinery

/// One execution of a workflow: `runs.martinet.dev/v1alpha1 WorkflowRun`. Lives in the run store only.
public struct WorkflowRun: Resource, Equatable {
    public static let groupVersionKind = GroupVersionKind(
        group: "runs.martinet.dev",
        version: "v1alpha1",
        kind: "WorkflowRun"
    )
    public static let resource = GroupVersionResource(
        group: "runs.martinet.dev",
        version: "v1alpha1",
        resource: "workflowruns"
    )
    public static let isNamespaced = true

    public var metadata: ObjectMeta
    public var spec: WorkflowRunSpec
    public var status: WorkflowRunStatus?

    /// A run as a user asks for it.
    public init(metadata: ObjectMeta, spec: WorkflowRunSpec) {
        self.metadata = metadata
        self.spec = spec
    }
}

/// Which workflow to run, and with what.
public struct WorkflowRunSpec: Sendable, Hashable, Codable {
    public var workflowRef: WorkflowReference
    /// Values of the workflow's parameters by name.
    public var params: [String: JSONValue]?
    /// In place of the workflow's priority; 12 and more take the express lane.
    public var priority: Int?

    /// A Workflow in the run's namespace.
    public struct WorkflowReference: Sendable, Hashable, Codable {
        public var name: String

        /// The Workflow of that name.
        public init(name: String) { self.name = name }
    }

    /// A run of that workflow.
    public init(workflowRef: WorkflowReference, params: [String: JSONValue]? = nil, priority: Int? = nil) {
        self.workflowRef = workflowRef
        self.params = params
        self.priority = priority
    }
}

/// How far a run is.
public enum RunPhase: String, Sendable, Hashable, Codable, CaseIterable {
    case pending = "Pending"
    case running = "Running"
    case suspended = "Suspended"
    case succeeded = "Succeeded"
    case failed = "Failed"
    case cancelled = "Cancelled"

    /// Whether the run has ended.
    public var isFinal: Bool { self == .succeeded || self == .failed || self == .cancelled }
}

/// How far a step is.
public enum StepPhase: String, Sendable, Hashable, Codable, CaseIterable {
    /// Waits for steps it depends on, or for the bound on parallelism.
    case pending = "Pending"
    /// Its job is in the queue.
    case queued = "Queued"
    case running = "Running"
    case succeeded = "Succeeded"
    case failed = "Failed"
    /// Its `when` was false, or what it depends on did not succeed.
    case skipped = "Skipped"
    case cancelled = "Cancelled"

    /// Whether the step has ended.
    public var isFinal: Bool {
        switch self {
        case .succeeded, .failed, .skipped, .cancelled: true
        case .pending, .queued, .running: false
        }
    }
}

/// What happened in a run.
public struct WorkflowRunStatus: Sendable, Hashable, Codable {
    public var phase: RunPhase?
    /// Why the run is in that phase, for programs and for people.
    public var reason: String?
    public var message: String?
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// Steps that are done, of all steps: `3/5`.
    public var progress: String?
    /// How the run ended, as with Jobs: `Complete` or `Failed`.
    public var conditions: [Condition]?
    /// Who submitted the run, by the name that was authenticated.
    public var submitter: String?
    /// The revision of the workflow that the run keeps to.
    public var workflowRevision: String?
    public var steps: [StepStatus]?
    /// Fields whose stored values are damaged and therefore left out.
    public var unreadable: [String]?

    /// A status in which nothing has happened.
    public init() {}
}

/// What happened in a step.
public struct StepStatus: Sendable, Hashable, Codable {
    public var id: String
    public var phase: StepPhase
    public var attempts: Int?
    /// How often a runner was given the step's job, all attempts together.
    public var deliveries: Int?
    public var startedAt: Timestamp?
    public var finishedAt: Timestamp?
    /// The Pod that ran the last attempt.
    public var runner: String?
    public var output: JSONValue?
    public var error: StepError?
    /// Measurements of the last attempt, by the names of the runner's protocol.
    public var metrics: [String: Double]?

    /// Why a step failed.
    public struct StepError: Sendable, Hashable, Codable {
        public var reason: String?
        public var message: String?
        public var exitCode: Int?

        /// An error of that reason.
        public init(reason: String?, message: String?, exitCode: Int? = nil) {
            self.reason = reason
            self.message = message
            self.exitCode = exitCode
        }
    }

    /// A step in that phase.
    public init(id: String, phase: StepPhase) {
        self.id = id
        self.phase = phase
    }
}
