import APIMachinery
import Containment
import Spec
import Storage

/// One run being changed inside a transaction: its row and its steps, what has changed, and what follows from it.
///
/// Load it, change steps, call `advance` to let the planner go on, and `save` at the end: one write for each row,
/// however often it changed.
struct RunTransition {
    let workflow: CompiledWorkflow
    let policy: QueuePolicy
    /// The time that timers and deadlines are counted in.
    let now: Timestamp
    /// The time that people see.
    let calendar: Timestamp
    var run: RunRecord
    private(set) var steps: [StepRecord]
    private var changed: Set<Int> = []
    var effects = EngineEffects()
    /// Says that the run is worked on; ends with the transition.
    private let mark: WorkMark?

    init(
        run: RunRecord,
        steps: [StepRecord],
        workflow: CompiledWorkflow,
        policy: QueuePolicy,
        now: Timestamp,
        calendar: Timestamp,
        mark: WorkMark? = nil
    ) {
        self.run = run
        self.steps = steps
        self.workflow = workflow
        self.policy = policy
        self.now = now
        self.calendar = calendar
        self.mark = mark
    }

    var queue: QueueName { QueueName(namespace: run.namespace, pool: workflow.spec.poolName) }

    /// Changes a step and remembers to write it.
    mutating func change(_ index: Int, _ body: (inout StepRecord) -> Void) {
        body(&steps[index])
        changed.insert(index)
    }

    /// Stores a new run's steps and starts the first of them. The run's row is there already, and is written again
    /// only if the run has ended at once.
    mutating func start(_ transaction: any RunTransaction) throws {
        let rowAsInserted = run
        try advance(transaction)
        try transaction.insert(steps)
        changed = []
        if run != rowAsInserted { try transaction.update(&run) }
    }

    /// Lets the planner decide and carries its decisions out.
    mutating func advance(_ transaction: any RunTransaction) throws {
        while true {
            let actions = RunPlanner.plan(workflow, run: run, steps: steps)
            try carryOut(actions, transaction)
            guard RunPlanner.isPartial(actions) else { return }
        }
    }

    private mutating func carryOut(_ actions: [PlanAction], _ transaction: any RunTransaction) throws {
        for action in actions {
            switch action {
            case .start(let index, let input):
                try startStep(index, input, transaction)
            case .skip(let index, let failure):
                finishStep(index, .skipped, failure)
            case .fail(let index, let failure):
                finishStep(index, .failed, failure)
            case .cancel(let index):
                if steps[index].phase == .queued {
                    try transaction.removeJob(steps[index].key)
                    effects.withdrawals.append(queue)
                }
                finishStep(index, .cancelled, nil)
            case .recall(let index):
                if var job = try transaction.job(steps[index].key), job.lease?.cancelRequested == false {
                    job.lease?.cancelRequested = true
                    try transaction.update(job)
                }
            case .finish(let phase, let reason, let message):
                finishRun(phase, reason, message)
            }
        }
    }

    private mutating func startStep(_ index: Int, _ input: [UInt8], _ transaction: any RunTransaction) throws {
        change(index) { step in
            step.phase = .queued
            step.attempts += 1
        }
        let step = workflow.steps[index]
        let job = JobRecord(
            step: steps[index].key,
            attempt: steps[index].attempts,
            queue: queue,
            isExpress: run.priority >= policy.expressPriority,
            enqueuedAt: now,
            readyAt: now,
            timeoutSeconds: step.timeoutSeconds,
            payload: JobPayload.make(run: run, step: step, input: input)
        )
        try transaction.enqueue(job)
        effects.arrivals.append(EngineEffects.Arrival(queue: job.queue, readyAt: now, isRequeue: false))
    }

    /// Puts the next attempt of a step into the queue.
    mutating func retry(_ index: Int, _ job: JobRecord, at time: Timestamp, _ transaction: any RunTransaction) throws {
        change(index) { step in
            step.phase = .queued
            step.attempts += 1
        }
        var next = job
        next.attempt = steps[index].attempts
        next.enqueuedAt = now
        next.readyAt = time
        next.deliveries = 0
        next.lease = nil
        try transaction.enqueue(next)
        effects.arrivals.append(EngineEffects.Arrival(queue: next.queue, readyAt: time, isRequeue: false))
    }

    mutating func finishStep(_ index: Int, _ phase: StepRecord.Phase, _ failure: StepFailure?) {
        let time = finishTime(index)
        change(index) { step in
            step.phase = phase
            step.failure = failure
            step.finishedAt = time
        }
    }

    /// When the step finished, if it does so now: never before it started, though the calendar may be set back between.
    func finishTime(_ index: Int) -> Timestamp { max(calendar, steps[index].startedAt ?? run.createdAt) }

    /// Begins to end the run before its steps are done.
    mutating func stop(_ stop: RunRecord.Stop, message: String, grace: Duration) {
        run.stop = stop
        run.message = message
        run.deadline = now.advanced(by: grace)
    }

    private mutating func finishRun(_ phase: RunRecord.Phase, _ reason: String, _ message: String) {
        run.phase = phase
        run.reason = reason
        run.message = message
        let finishedAt = max(calendar, run.startedAt ?? run.createdAt, steps.compactMap(\.finishedAt).max() ?? calendar)
        run.finishedAt = finishedAt
        run.deadline = nil
        effects.finished.append(
            EngineEffects.FinishedRun(
                namespace: run.namespace,
                name: run.name,
                uid: run.uid,
                workflow: run.workflow,
                phase: phase,
                seconds: finishedAt.since(run.createdAt).inSeconds,
                reason: reason,
                message: message
            )
        )
    }

    /// Opens a run that has ended again, for these steps and those that were skipped on their account.
    mutating func reopen(_ indices: some Sequence<Int>) {
        for index in indices {
            change(index) { $0.reset() }
        }
        run.phase = .pending
        run.stop = .none
        run.reason = ""
        run.message = ""
        run.finishedAt = nil
        // A retry begins anew, and so does its time.
        run.deadline = workflow.spec.policy?.timeoutSeconds.map { now.advanced(bySeconds: $0) }
    }

    /// Writes what has changed, the run always: its revision is what watchers go by.
    mutating func save(_ transaction: any RunTransaction) throws {
        for index in changed.sorted() { try transaction.update(steps[index]) }
        changed = []
        try transaction.update(&run)
        mark?.end()
    }
}

/// What a runner is told of a job besides what depends on the lease.
enum JobPayload {
    /// The members of a JSON object, without its braces: the lease's are written before them.
    static func make(run: RunRecord, step: CompiledStep, input: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(256 + input.count)
        func text(_ name: StaticString, _ value: String) {
            name.withUTF8Buffer { output.append(contentsOf: $0) }
            JSONWriter.append(quoted: value, to: &output)
        }
        text("\"run\":{\"namespace\":", run.namespace)
        text(",\"name\":", run.name)
        text(",\"uid\":", run.uid)
        text("},\"workflow\":", run.workflow)
        text(",\"step\":", step.id)
        text(",\"actor\":", step.actor)
        output.append(contentsOf: ",\"with\":".utf8)
        output.append(contentsOf: input)
        if let timeout = step.timeoutSeconds {
            output.append(contentsOf: ",\"timeoutSeconds\":".utf8)
            output.append(contentsOf: String(timeout).utf8)
        }
        return output
    }
}
