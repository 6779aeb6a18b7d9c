import APIMachinery
import Containment
import Spec
public import Storage

// What clients do with runs (cancel, retry, delete, change metadata) and with dead letters.

extension RunEngine {
    private func find(
        _ transaction: any RunTransaction,
        _ namespace: String,
        _ name: String
    ) throws -> RunRecord {
        guard let run = try transaction.run(namespace: namespace, name: name) else {
            throw Status.notFound(WorkflowRun.resource.groupResource, name: name)
        }
        return run
    }

    /// Cancels a run. Pending and queued steps are cancelled at once, runners are asked to stop running jobs, and the
    /// run ends with the last of them or after the stop grace. A run that has ended is not changed.
    ///
    /// - Throws: `Status`: 404.
    @discardableResult
    public func cancel(namespace: String, name: String, message: String = "") async throws -> RunRecord {
        let run = try await perform { [self] transaction, effects in
            let run = try find(transaction, namespace, name)
            if run.isQuarantined { return try cancelQuarantined(run, message, transaction, &effects) }
            guard !run.phase.isFinal, run.stop == .none else { return run }
            var transition = try transition(run, transaction, now: clock.now)
            transition.stop(.cancelled, message: message, grace: settings.stopGrace)
            try transition.advance(transaction)
            try transition.save(transaction)
            effects.append(transition.effects)
            return transition.run
        }
        if run.phase.isFinal { await containment.forget(.run, namespace, name, uid: run.uid) }
        return run
    }

    /// Runs the failed and cancelled steps of a run again, and those that were skipped because of them. Steps that
    /// succeeded keep their results.
    ///
    /// - Throws: `Status`: 404; 409 for a run that has not ended, or has succeeded.
    @discardableResult
    public func retry(namespace: String, name: String) async throws -> RunRecord {
        try await perform { [self] transaction, effects in
            let run = try find(transaction, namespace, name)
            guard run.phase == .failed || run.phase == .cancelled else {
                throw Status.conflict(
                    WorkflowRun.resource.groupResource,
                    name: name,
                    "the run is \(run.phase.name); only Failed or Cancelled runs can be retried"
                )
            }
            var transition = try transition(run, transaction, now: clock.now)
            let indices = transition.steps.indices.filter { transition.steps[$0].mustRunAgain }
            for index in indices { try transaction.removeDeadLetter(transition.steps[index].key) }
            transition.reopen(indices)
            try transition.advance(transaction)
            try transition.save(transaction)
            effects.append(transition.effects)
            return transition.run
        }
    }

    /// Deletes a run with its steps, logs and jobs. Runners learn with their next heartbeat that its jobs are lost.
    ///
    /// - Returns: the run's last state.
    /// - Throws: `Status`: 404.
    @discardableResult
    public func delete(namespace: String, name: String) async throws -> RunRecord {
        let run = try await perform { [self] transaction, effects in
            let run = try find(transaction, namespace, name)
            let now = clock.now
            for step in try transaction.steps(run: run.id) where step.phase.hasJob {
                guard let job = try transaction.job(step.key) else { continue }
                if let lease = job.lease {
                    effects.departures.append(
                        EngineEffects.Departure(
                            job: job,
                            lease: lease,
                            kind: .cancelled,
                            executionSeconds: now.since(lease.leasedAt).inSeconds
                        )
                    )
                } else {
                    effects.withdrawals.append(job.queue)
                }
            }
            try transaction.delete(run)
            return run
        }
        await containment.forget(.run, namespace, name, uid: run.uid)
        return run
    }

    /// Replaces what clients may change in a run: its labels and other metadata.
    ///
    /// - Throws: `Status`: 404; 409 if the run has changed since the given version.
    @discardableResult
    public func setMetadata(
        namespace: String,
        name: String,
        labels: [String: String],
        metadata: [UInt8],
        resourceVersion: Int64?
    ) async throws -> RunRecord {
        try await perform { [self] transaction, _ in
            var run = try find(transaction, namespace, name)
            if let resourceVersion, resourceVersion != run.resourceVersion {
                throw Status.modified(WorkflowRun.resource.groupResource, name: name)
            }
            run.labels = labels
            run.metadata = metadata
            try transaction.update(&run)
            return run
        }
    }

    // MARK: Dead letters

    /// Requeues a dead letter as a new attempt of its step, and reopens its run.
    ///
    /// - Throws: `Status`: 404.
    public func requeueDeadLetter(_ queue: QueueName, step: StepKey) async throws {
        try await perform { [self] transaction, effects in
            guard let letter = try transaction.deadLetter(step), letter.job.queue == queue else {
                throw Status.notFound(Self.deadLetterResource, name: "\(step)")
            }
            try requeue(letter, transaction, &effects)
        }
    }

    /// Requeues up to `limit` dead letters.
    ///
    /// - Returns: how many were requeued.
    public func requeueDeadLetters(_ queue: QueueName, limit: Int = 1000) async throws -> Int {
        try await perform { [self] transaction, effects in
            let letters = try transaction.briefDeadLetters(queue).prefix(limit)
            for letter in letters { try requeue(letter, transaction, &effects) }
            return letters.count
        }
    }

    /// Deletes dead letters; their runs stay failed.
    ///
    /// - Returns: how many were deleted.
    public func purgeDeadLetters(_ queue: QueueName, step: StepKey? = nil) async throws -> Int {
        try await perform { transaction, _ in
            if let step {
                guard let letter = try transaction.deadLetter(step), letter.job.queue == queue else {
                    throw Status.notFound(Self.deadLetterResource, name: "\(step)")
                }
                try transaction.removeDeadLetter(step)
                return 1
            }
            let letters = try transaction.briefDeadLetters(queue)
            for letter in letters { try transaction.removeDeadLetter(letter.job.step) }
            return letters.count
        }
    }

    /// A page of dead letters, the oldest first.
    ///
    /// - Parameters:
    ///   - after: the last one of the page before.
    ///   - maximumBytes: ends the page early once its jobs have this many bytes; the first one always fits.
    /// - Returns: the letters, and how many come after them.
    /// - Throws: `Status`: 400 if there is no dead letter `after` any more.
    public func deadLetters(
        _ queue: QueueName,
        after: StepKey? = nil,
        limit: Int,
        maximumBytes: Int = .max
    ) async throws -> (letters: [DeadLetter], remaining: Int) {
        try await store.read { [clock] reader in
            var waiting = try reader.briefDeadLetters(queue)[...]
            if let after {
                guard let index = waiting.firstIndex(where: { $0.job.step == after }) else {
                    throw Status.badRequest(
                        "after: the dead letter \(after) does not exist any more; list again without after"
                    )
                }
                waiting = waiting[(index + 1)...]
            }
            var letters: [DeadLetter] = []
            var room = ByteRoom(maximumBytes)
            for brief in waiting.prefix(limit) {
                guard var letter = try reader.deadLetter(brief.job.step) else { continue }
                guard room.takes(letter.job.payload.count) else { break }
                letter.job.enqueuedAt = clock.shown(letter.job.enqueuedAt)
                letters.append(letter)
            }
            let last = letters.last.flatMap { last in waiting.firstIndex { $0.job.step == last.job.step } }
            return (letters, last.map { waiting.endIndex - $0 - 1 } ?? 0)
        }
    }

    /// Every queue that has held a job.
    public func queues() async throws -> [QueueName] {
        try await store.read { try $0.queues() }
    }

    static let deadLetterResource = GroupResource(group: "martinet.dev", resource: "deadletters")

    private func requeue(
        _ letter: DeadLetter,
        _ transaction: any RunTransaction,
        _ effects: inout EngineEffects
    ) throws {
        let key = letter.job.step
        try transaction.removeDeadLetter(key)
        guard let run = try transaction.run(id: key.run) else { return }
        var transition = try transition(run, transaction, now: clock.now)
        guard transition.steps.indices.contains(key.index), transition.steps[key.index].phase == .failed else { return }
        // The planner skips steps again that depend on another failure.
        let indices = transition.steps.indices.filter { index in
            let step = transition.steps[index]
            return index == key.index
                || step.phase == .skipped && step.failure?.reason == RunPlanner.dependencyFailed
        }
        if run.phase.isFinal {
            transition.reopen(indices)
        } else {
            for index in indices { transition.change(index) { $0.reset() } }
        }
        try transition.advance(transaction)
        try transition.save(transaction)
        effects.append(transition.effects)
    }
}

extension StepRecord {
    /// Whether a retry of the run runs the step again.
    var mustRunAgain: Bool {
        switch phase {
        case .failed, .cancelled: true
        case .skipped: failure?.reason == RunPlanner.dependencyFailed
        case .pending, .queued, .running, .succeeded: false
        }
    }

    /// Makes the step pending. Its attempts keep their numbers, and no longer count against the retry policy.
    mutating func reset() {
        phase = .pending
        forgivenAttempts = attempts
        failure = nil
        output = []
        metrics = []
        startedAt = nil
        finishedAt = nil
    }
}
