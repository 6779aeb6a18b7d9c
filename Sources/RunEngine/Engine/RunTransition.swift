import APIMachinery
import Containment
import Spec
import Storage

/// A change of one run inside a transaction: its row, its steps, and the effects to publish after the commit.
///
/// Load the run, change steps, call `advance` so that the planner decides what follows, then `save`: each row is
/// written once, however often it changed. Every change of a run that depends on its workflow goes through here.
///
/// A run:
///
///                 first lease              all steps ended
///     pending ─────────────────▶ running ───────────────────▶ succeeded, failed or cancelled
///       ▲ │                       │ ▲ │                                   │
///       │ │      quarantine       │ │ │ cancel, deadline                  │
///       │ └─────▶ suspended ◀─────┘ │ └──▶ stop: no step starts;          │
///       │            │              │      ends with the last lease,      │
///       │            └── resume ────┘      or after the stop grace        │
///       └──────────────────── reopen: retry, requeue of a dead letter ────┘
///
/// A step:
///
///               start              lease               report
///     pending ─────────▶ queued ──────────▶ running ───────────▶ succeeded, failed or cancelled
///       │                 ▲ ▲                │   │
///       │                 │ └──── requeue ───┘   │ retry: the next attempt, after its back-off
///       │                 └──────────────────────┘
///       └──▶ skipped: `when` is false, or a dependency failed
///
/// A step has a job exactly while it is queued or running. A run that is being stopped cancels its pending and queued
/// steps at once, and recalls the jobs of running ones with their runners' next heartbeat.
struct RunTransition {
    let workflow: CompiledWorkflow
    let policy: QueuePolicy
    /// The engine's time, which timers and deadlines are counted in.
    let now: Timestamp
    /// The calendar time, which users see.
    let calendar: Timestamp
    var run: RunRecord
    private(set) var steps: [StepRecord]
    private var changed: Set<Int> = []
    var effects = EngineEffects()
    /// Marks the run as being worked on, for as long as the transition lives.
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

    /// Changes a step, which `save` then writes.
    mutating func change(_ index: Int, _ body: (inout StepRecord) -> Void) {
        body(&steps[index])
        changed.insert(index)
    }

    /// Inserts a new run's steps and starts those without dependencies. The run's row is inserted already; it is
    /// written again only if the run ends at once.
    mutating func start(_ transaction: any RunTransaction) throws {
        let rowAsInserted = run
        try advance(transaction)
        try transaction.insert(steps)
        changed = []
        if run != rowAsInserted { try transaction.update(&run) }
    }

    /// Plans, and carries out the actions, until the plan is complete.
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

    /// Enqueues the next attempt of a step.
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

    /// The calendar time for a step that finishes now; not before its start, even if the calendar was set back since.
    func finishTime(_ index: Int) -> Timestamp { max(calendar, steps[index].startedAt ?? run.createdAt) }

    /// Starts to stop the run before its steps have ended.
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

    /// Reopens a run that has ended, with these steps pending again.
    mutating func reopen(_ indices: some Sequence<Int>) {
        for index in indices {
            change(index) { $0.reset() }
        }
        run.phase = .pending
        run.stop = .none
        run.reason = ""
        run.message = ""
        run.finishedAt = nil
        // The retried run has its full time again.
        run.deadline = workflow.spec.policy?.timeoutSeconds.map { now.advanced(bySeconds: $0) }
    }

    /// Writes the changed steps, and always the run: its revision is what watches follow.
    mutating func save(_ transaction: any RunTransaction) throws {
        for index in changed.sorted() { try transaction.update(steps[index]) }
        changed = []
        try transaction.update(&run)
        mark?.end()
    }
}

/// The part of a leased job that does not depend on the lease.
enum JobPayload {
    /// The members of a JSON object without its braces; the lease's members are written before them.
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
