public import APIMachinery

/// A graph of steps that agents run: `martinet.dev/v1alpha1 Workflow`.
public struct Workflow: Resource, Equatable {
    public static let groupVersionKind = GroupVersionKind(group: "martinet.dev", version: "v1alpha1", kind: "Workflow")
    public static let resource = GroupVersionResource(group: "martinet.dev", version: "v1alpha1", resource: "workflows")
    public static let isNamespaced = true

    public var metadata: ObjectMeta
    public var spec: WorkflowSpec
    public var status: WorkflowStatus?

    /// A workflow as a user declares it.
    public init(metadata: ObjectMeta, spec: WorkflowSpec) {
        self.metadata = metadata
        self.spec = spec
    }
}

/// What a workflow does. Every change of it is a new revision; a run keeps to the one it started with.
public struct WorkflowSpec: Sendable, Hashable, Codable {
    /// The WorkerPool, in the same namespace, whose runners execute the steps. Default: `default`.
    public var pool: String?
    /// What a run may be given.
    public var params: [Parameter]?
    /// Runs with priority 12 or more take the express lane of their queue. Default: 0.
    public var priority: Int?
    /// Bounds that hold for a whole run, and what its steps inherit.
    public var policy: RunPolicy?
    /// The steps; their order does not matter, `dependsOn` does.
    public var steps: [Step]

    /// A specification of these steps.
    public init(
        pool: String? = nil,
        params: [Parameter]? = nil,
        priority: Int? = nil,
        policy: RunPolicy? = nil,
        steps: [Step]
    ) {
        self.pool = pool
        self.params = params
        self.priority = priority
        self.policy = policy
        self.steps = steps
    }

    /// The pool, with the default filled in.
    public var poolName: String { pool ?? "default" }
}

/// One parameter of a workflow.
public struct Parameter: Sendable, Hashable, Codable {
    public var name: String
    public var description: String?
    /// What a run that does not give the parameter gets; of any JSON type.
    public var `default`: JSONValue?
    /// Whether a run without the parameter, and without a default, is refused. Default: true.
    public var required: Bool?

    /// A parameter of that name.
    public init(name: String, description: String? = nil, default: JSONValue? = nil, required: Bool? = nil) {
        self.name = name
        self.description = description
        self.default = `default`
        self.required = required
    }
}

/// Bounds of a run.
public struct RunPolicy: Sendable, Hashable, Codable {
    /// How many steps of one run may be queued or running at once. Default: no bound.
    public var parallelism: Int?
    /// Seconds from the creation of the run until it fails with `DeadlineExceeded`. Default: no bound.
    public var timeoutSeconds: Int?
    /// Retries for steps that do not say themselves.
    public var retry: RetryPolicy?
    /// Tokens that all steps of a run may use together.
    public var maxTokens: Int64?
    /// Whether outputs may be reused.
    public var caching: Caching?

    /// Reuse of outputs of equal work.
    public struct Caching: Sendable, Hashable, Codable {
        public var enabled: Bool?
        public var ttlSeconds: Int?

        /// Caching on or off.
        public init(enabled: Bool? = nil, ttlSeconds: Int? = nil) {
            self.enabled = enabled
            self.ttlSeconds = ttlSeconds
        }
    }

    /// A policy; everything left out is unbounded or off.
    public init(
        parallelism: Int? = nil,
        timeoutSeconds: Int? = nil,
        retry: RetryPolicy? = nil,
        maxTokens: Int64? = nil,
        caching: Caching? = nil
    ) {
        self.parallelism = parallelism
        self.timeoutSeconds = timeoutSeconds
        self.retry = retry
        self.maxTokens = maxTokens
        self.caching = caching
    }
}

/// How often, and how soon, a failed attempt is tried again: exponential backoff with jitter.
public struct RetryPolicy: Sendable, Hashable, Codable {
    /// Attempts in all, the first included. Default: 1.
    public var maxAttempts: Int?
    /// Seconds before the second attempt. Default: 1.
    public var initialIntervalSeconds: Double?
    /// By what each wait is longer than the one before. Default: 2.
    public var backoffCoefficient: Double?
    /// No wait is longer, in seconds. Default: 60.
    public var maxIntervalSeconds: Double?
    /// Reasons of failures (`error.reason`) that are final at once.
    public var nonRetryableReasons: [String]?

    /// A policy; what is left out has its default.
    public init(
        maxAttempts: Int? = nil,
        initialIntervalSeconds: Double? = nil,
        backoffCoefficient: Double? = nil,
        maxIntervalSeconds: Double? = nil,
        nonRetryableReasons: [String]? = nil
    ) {
        self.maxAttempts = maxAttempts
        self.initialIntervalSeconds = initialIntervalSeconds
        self.backoffCoefficient = backoffCoefficient
        self.maxIntervalSeconds = maxIntervalSeconds
        self.nonRetryableReasons = nonRetryableReasons
    }
}

/// One step of a workflow.
public struct Step: Sendable, Hashable, Codable {
    /// Unique among the steps; expressions call the step `steps.ID`.
    public var id: String
    /// Who does the work: `exec`, `sleep`, `noop`, …
    public var actor: String
    /// The actor's input; `${{ }}` expands in every string.
    public var with: JSONValue?
    /// The steps that must have ended before this one begins.
    public var dependsOn: [String]?
    /// A CEL expression over `params` and `steps`; where it is false, the step is skipped.
    public var when: String?
    /// Retries, in place of the policy's.
    public var retry: RetryPolicy?
    /// Seconds that one attempt may take.
    public var timeoutSeconds: Int?

    /// A step of that id.
    public init(
        id: String,
        actor: String,
        with: JSONValue? = nil,
        dependsOn: [String]? = nil,
        when: String? = nil,
        retry: RetryPolicy? = nil,
        timeoutSeconds: Int? = nil
    ) {
        self.id = id
        self.actor = actor
        self.with = with
        self.dependsOn = dependsOn
        self.when = when
        self.retry = retry
        self.timeoutSeconds = timeoutSeconds
    }
}

/// What the controller observed of a workflow.
public struct WorkflowStatus: Sendable, Hashable, Codable {
    public var observedGeneration: Int64?
    public var conditions: [Condition]?
    /// The name of the ControllerRevision that new runs use.
    public var currentRevision: String?
    /// The number of that revision.
    public var revision: Int64?
    /// Runs by phase, as far as they are kept.
    public var runs: [String: Int64]?

    /// A status in which nothing has been observed yet.
    public init() {}
}
