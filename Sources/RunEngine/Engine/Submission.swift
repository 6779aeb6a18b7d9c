public import APIMachinery
import Containment
import Spec
import Storage

/// A request for a run.
public struct RunRequest: Sendable {
    /// Values of the workflow's parameters.
    public var params: JSONObject
    /// Overrides the workflow's priority.
    public var priority: Int?
    /// Requests with the same key create one run.
    public var idempotencyKey: String?
    /// The run's name; generated from `generateName` or the workflow's name if missing.
    public var name: String?
    public var generateName: String?
    public var labels: [String: String] = [:]
    /// The authenticated user that submits it.
    public var submitter = ""
    /// The object's other metadata: annotations, owner references, finalizers.
    public var metadata: JSONObject = [:]

    /// A run with those parameters.
    public init(params: JSONObject = [:], priority: Int? = nil, idempotencyKey: String? = nil) {
        self.params = params
        self.priority = priority
        self.idempotencyKey = idempotencyKey
    }
}

/// A submitted run, which is durable.
public struct SubmittedRun: Sendable, Hashable {
    public var id: Int64
    public var namespace: String
    public var name: String
    public var uid: String
    /// Whether the run existed before, under the same idempotency key.
    public var existed: Bool
}

extension RunEngine {
    /// Creates runs of a workflow, all of them or none. They are durable when this returns.
    ///
    /// - Returns: one answer for each request, in their order.
    /// - Throws: `Status`: 404 for an unknown workflow, 422 for wrong parameters (each named), 429 with a time to wait
    ///   if the pool's queue has no room, 409 for a name that is taken, 413 for too many at once.
    public func submit(namespace: String, workflow name: String, _ requests: [RunRequest]) async throws
        -> [SubmittedRun]
    {
        guard let entry = catalog.workflow(namespace: namespace, name: name) else {
            throw Status.notFound(Workflow.resource.groupResource, name: name)
        }
        guard requests.count <= settings.maximumBatch else {
            throw Status.tooLarge(
                "\(requests.count) runs in one request; the limit is \(settings.maximumBatch), send several requests"
            )
        }
        let mark = try containment.admit(.submission, namespace, name, scope: .task)
        defer { mark.end() }
        let workflow: CompiledWorkflow
        do {
            workflow = try workflows.compiled(entry)
        } catch let error as FieldError {
            throw Status.invalid(group: "martinet.dev", kind: "Workflow", name: name, errors: [error])
        }
        var wanted: [WantedRun] = []
        wanted.reserveCapacity(requests.count)
        let now = clock.now
        for (index, request) in requests.enumerated() {
            let path = requests.count == 1 ? FieldPath.root : FieldPath("items").index(index)
            let (params, fault) = Self.complete(request.params, entry.spec, name, path)
            // A repeated request is answered even if the current workflow would refuse its parameters.
            if let fault, request.idempotencyKey == nil { throw fault }
            wanted.append(
                WantedRun(record: record(request, namespace, name, entry, params), request: request, fault: fault)
            )
        }
        let queue = QueueName(namespace: namespace, pool: entry.spec.poolName)
        let policy = catalog.policy(queue)
        // A repeated request adds nothing to the queue, so a full queue does not reject it.
        let count = requests.count - (try await countRepeated(requests, namespace, name))
        if count > 0, let depth = counters.reserve(queue, count: count, maxDepth: policy.maxDepth) {
            metrics.shed(queue, count: count)
            throw Status.tooManyRequests(
                "the queue of pool \"\(queue.pool)\" holds \(depth) of at most \(policy.maxDepth) jobs; try again later",
                retryAfterSeconds: retryAfter(queue, depth: depth)
            )
        }
        defer { if count > 0 { counters.unreserve(queue, count: count) } }
        let runs = wanted
        let submitted = try await perform { [self] transaction, effects in
            let mark = containment.mark(.submission, namespace, name, scope: .thread)
            defer { mark.end() }
            try workflows.store(entry, in: transaction)
            return try runs.map { run in
                try insert(run, workflow, policy, now, transaction, &effects)
            }
        }
        workflows.markStored(entry.revision)
        for (run, answer) in zip(runs, submitted) where !run.record.reason.isEmpty && !answer.existed {
            var stored = run.record
            (stored.name, stored.uid) = (answer.name, answer.uid)
            journal.record(RunOccurrence(waiting: stored))
        }
        return submitted
    }

    /// A requested run, and what is wrong with its parameters.
    private struct WantedRun: Sendable {
        var record: RunRecord
        var request: RunRequest
        /// Thrown unless a run with the idempotency key exists.
        var fault: Status?
    }

    /// How many of the requests have the idempotency key of an existing run.
    private func countRepeated(_ requests: [RunRequest], _ namespace: String, _ workflow: String) async throws -> Int {
        let keys = requests.compactMap(\.idempotencyKey)
        guard !keys.isEmpty else { return 0 }
        return try await store.read { reader in
            try keys.count { key in
                try reader.run(namespace: namespace, workflow: workflow, idempotencyKey: key) != nil
            }
        }
    }

    private func record(
        _ request: RunRequest,
        _ namespace: String,
        _ workflow: String,
        _ entry: WorkflowCatalog.Entry,
        _ params: JSONObject
    ) -> RunRecord {
        var run = RunRecord(
            uid: RunNames.uid(random),
            namespace: namespace,
            name: request.name ?? RunNames.name(prefix: request.generateName ?? "\(workflow)-", random()),
            workflow: workflow,
            revision: entry.revision,
            priority: request.priority ?? entry.spec.priority ?? 0,
            params: JSONValue.object(params).bytes,
            createdAt: clock.calendar
        )
        run.deadline = entry.spec.policy?.timeoutSeconds.map { clock.now.advanced(bySeconds: $0) }
        let queue = QueueName(namespace: namespace, pool: entry.spec.poolName)
        if let wait = WaitReason.of(queue, hasPool: catalog.hasPool(queue), hasRunner: true, waited: .zero) {
            run.reason = wait.reason
            run.message = wait.message
        }
        run.submitter = request.submitter
        run.labels = request.labels
        run.metadata = request.metadata.isEmpty ? [] : JSONValue.object(request.metadata).bytes
        run.idempotencyKey = request.idempotencyKey
        return run
    }

    private func insert(
        _ wanted: WantedRun,
        _ workflow: CompiledWorkflow,
        _ policy: QueuePolicy,
        _ now: Timestamp,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws -> SubmittedRun {
        var run = wanted.record
        let request = wanted.request
        if let key = run.idempotencyKey,
            let existing = try transaction.run(namespace: run.namespace, workflow: run.workflow, idempotencyKey: key)
        {
            try checkSame(existing, run, request, transaction)
            return SubmittedRun(
                id: existing.id,
                namespace: existing.namespace,
                name: existing.name,
                uid: existing.uid,
                existed: true
            )
        }
        if let fault = wanted.fault { throw fault }
        while try transaction.run(namespace: run.namespace, name: run.name) != nil {
            guard request.name == nil else {
                throw Status.alreadyExists(WorkflowRun.resource.groupResource, name: run.name)
            }
            run.name = RunNames.name(prefix: RunNames.prefix(of: run.name), random())
        }
        try transaction.insert(&run)
        let steps = workflow.steps.enumerated().map { index, step in
            StepRecord(key: StepKey(run: run.id, index: index), id: step.id)
        }
        var transition = RunTransition(
            run: run,
            steps: steps,
            workflow: workflow,
            policy: policy,
            now: now,
            calendar: clock.calendar
        )
        try transition.start(transaction)
        effects.append(transition.effects)
        return SubmittedRun(id: run.id, namespace: run.namespace, name: run.name, uid: run.uid, existed: false)
    }

    /// Refuses a request with the idempotency key of an existing run that differs from it.
    ///
    /// The parameters are compared with the defaults of the existing run's revision, so that a default that changed
    /// since does not make a repeated request a different one.
    private func checkSame(
        _ existing: RunRecord,
        _ run: RunRecord,
        _ request: RunRequest,
        _ transaction: any RunTransaction
    ) throws {
        let spec = try workflows.compiled(existing.revision, from: transaction)?.spec
        let declared = spec?.params ?? []
        let (params, errors) = ParameterBinding.complete(request.params, declared: declared, at: .root)
        var differences: [String] = []
        let asked = JSONValue.object(params).bytes
        if !errors.isEmpty || asked != existing.params {
            differences.append("params \(Self.shown(existing.params)), this request has \(Self.shown(asked))")
        }
        let priority = request.priority ?? spec?.priority ?? 0
        if priority != existing.priority {
            differences.append("priority \(existing.priority), this request has \(priority)")
        }
        if let name = request.name, name != existing.name {
            differences.append("the name \(existing.name), this request has \(name)")
        }
        guard differences.isEmpty else {
            throw Status.conflict(
                WorkflowRun.resource.groupResource,
                name: existing.name,
                "the idempotency key \"\(existing.idempotencyKey ?? "")\" belongs to this run, which has "
                    + differences.joined(separator: "; ") + ". Use another key for another run"
            )
        }
    }

    private static func shown(_ json: [UInt8]) -> String {
        let text = String(decoding: json, as: UTF8.self)
        return text.count > 200 ? "\(text.prefix(200))…" : text
    }

    /// The parameters with defaults filled in, and a 422 that names every invalid one.
    private static func complete(
        _ given: JSONObject,
        _ spec: WorkflowSpec,
        _ workflow: String,
        _ path: FieldPath
    ) -> (params: JSONObject, fault: Status?) {
        let (result, errors) = ParameterBinding.complete(given, declared: spec.params ?? [], at: path.child("params"))
        if errors.isEmpty { return (result, nil) }
        return (
            result, .invalid(group: "runs.martinet.dev", kind: "WorkflowRun", name: workflow, errors: errors)
        )
    }

    /// An estimate of when the queue has room again, from the mean execution time: one second to one minute.
    private func retryAfter(_ queue: QueueName, depth: Int) -> Int {
        var statistics = QueueStatistics()
        counters.fill(&statistics, queue)
        let slots = registry.runners(queue).map(\.concurrency).saturatingSum
        guard let mean = statistics.meanExecutionSeconds, slots > 0 else { return 5 }
        return Int(clamping: Double(depth) / 10 * mean / Double(slots)).held(to: 1...60)
    }
}

/// Names and uids of new runs.
enum RunNames {
    /// Without vowels and without digits that look like letters, as Kubernetes makes its suffixes.
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
    private static let suffixLength = 8
    /// A name is a DNS label where it becomes part of a host name or a label's value.
    private static let maximumLength = 63

    static func name(prefix: String, _ random: UInt64) -> String {
        var rest = random
        var suffix: [UInt8] = []
        for _ in 0..<suffixLength {
            suffix.append(alphabet[Int(rest % UInt64(alphabet.count))])
            rest /= UInt64(alphabet.count)
        }
        let kept = prefix.utf8.prefix(maximumLength - suffixLength)
        return String(decoding: kept, as: UTF8.self) + String(decoding: suffix, as: UTF8.self)
    }

    /// What `name` was made from.
    static func prefix(of name: String) -> String { String(decoding: name.utf8.dropLast(suffixLength), as: UTF8.self) }

    /// A random uid of version 4.
    static func uid(_ random: () -> UInt64) -> String {
        let high = random() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let low = random() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for index in 0..<32 {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append(UInt8(ascii: "-")) }
            let word = index < 16 ? high : low
            text.append(digits[Int(word >> UInt64(60 - index % 16 * 4) & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
