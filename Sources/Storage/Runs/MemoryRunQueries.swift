import APIMachinery

// The memory store's answers. They search everything: short and obviously right matters more here than fast.

extension MemoryRunTransaction {
    func revision() throws -> Int64 { state.sequence }

    func run(id: Int64) throws -> RunRecord? { state.runs[id] }

    func run(namespace: String, name: String) throws -> RunRecord? {
        state.runIDs[MemoryRunState.key(namespace, name)].flatMap { state.runs[$0] }
    }

    func run(namespace: String, workflow: String, idempotencyKey: String) throws -> RunRecord? {
        state.idempotencyKeys[MemoryRunState.key(namespace, workflow, idempotencyKey)].flatMap { state.runs[$0] }
    }

    func runs(_ query: RunQuery) throws -> [RunRecord] {
        let matching = state.runs.values.filter(query.matches)
        switch query.order {
        case .name(let after):
            let names = matching.map { (NamespacedName(namespace: $0.namespace, name: $0.name), $0) }
            let rest = names.filter { name, _ in after.map { $0 < name } ?? true }
            return rest.sorted { $0.0 < $1.0 }.prefix(query.limit).map(\.1)
        case .newest(let before):
            let rest = matching.filter { run in before.map { run.id < $0 } ?? true }
            return Array(rest.sorted { $0.id > $1.id }.prefix(query.limit))
        }
    }

    func count(_ query: RunQuery) throws -> Int { min(query.limit, state.runs.values.count(where: query.matches)) }

    func phaseCounts() throws -> [NamespacedName: [RunRecord.Phase: Int]] {
        var counts: [NamespacedName: [RunRecord.Phase: Int]] = [:]
        for run in state.runs.values {
            counts[NamespacedName(namespace: run.namespace, name: run.workflow), default: [:]][run.phase, default: 0] +=
                1
        }
        return counts
    }

    func activeRuns(after id: Int64, limit: Int) throws -> [RunRecord] {
        let active = state.runs.values.filter { !$0.phase.isFinal && $0.id > id }
        return Array(active.sorted { $0.id < $1.id }.prefix(limit))
    }

    func stalledRuns(limit: Int) throws -> [Int64] {
        let stalled = state.runs.values.filter { run in
            let steps = state.steps[run.id] ?? []
            let jobs = steps.count { state.jobs[$0.key] != nil }
            return !run.phase.isFinal && run.phase != .suspended
                && (jobs == 0 || steps.contains { $0.phase.hasJob && state.jobs[$0.key] == nil })
        }
        return Array(stalled.map(\.id).sorted().prefix(limit))
    }

    func overdueRuns(now: Timestamp, limit: Int) throws -> [RunRecord] {
        let overdue = state.runs.values.filter { run in
            !run.phase.isFinal && run.deadline.map { $0 <= now } ?? false
        }
        return Array(overdue.sorted { ($0.deadline ?? now, $0.id) < ($1.deadline ?? now, $1.id) }.prefix(limit))
    }

    func finishedRuns(before: Timestamp, limit: Int) throws -> [RunRecord] {
        let finished = state.runs.values.filter { run in run.finishedAt.map { $0 < before } ?? false }
        return Array(finished.sorted { ($0.finishedAt ?? before) < ($1.finishedAt ?? before) }.prefix(limit))
    }

    func steps(run: Int64) throws -> [StepRecord] { state.steps[run] ?? [] }

    func briefSteps(run: Int64) throws -> [StepRecord] {
        try steps(run: run).map { step in
            var step = step
            step.output = []
            return step
        }
    }

    func step(_ key: StepKey) throws -> StepRecord? {
        guard let steps = state.steps[key.run], steps.indices.contains(key.index) else { return nil }
        return steps[key.index]
    }

    func logs(_ key: StepKey) throws -> [AttemptLog] { state.logs[key] ?? [] }

    func workflowRevision(_ hash: String) throws -> [UInt8]? { state.revisions[hash] }
}

extension MemoryRunTransaction {
    func job(_ step: StepKey) throws -> JobRecord? { state.jobs[step] }

    func readyJobs(
        _ queue: QueueName,
        express: Bool,
        now: Timestamp,
        limit: Int,
        maximumBytes: Int
    ) throws -> [JobRecord] {
        let ready = state.jobs.values.filter {
            $0.queue == queue && $0.isExpress == express && $0.lease == nil && $0.readyAt <= now
        }
        var room = ByteRoom(maximumBytes)
        return Array(
            ready.sorted { ($0.readyAt, $0.step) < ($1.readyAt, $1.step) }.prefix(limit)
                .prefix { room.takes($0.payload.count) }
        )
    }

    func nextReady(_ queue: QueueName, after now: Timestamp) throws -> Timestamp? {
        state.jobs.values.lazy.filter { $0.queue == queue && $0.lease == nil && $0.readyAt > now }.map(\.readyAt).min()
    }

    func leasedJobs() throws -> [JobRecord] {
        let leased = state.jobs.values.compactMap { job in job.lease.map { (job, $0) } }
        return leased.sorted { ($0.1.expiresAt, $0.0.step) < ($1.1.expiresAt, $1.0.step) }.map(\.0)
    }

    func queues() throws -> [QueueName] { state.queues.sorted() }

    func counts(_ queue: QueueName, now: Timestamp) throws -> QueueCounts {
        var counts = QueueCounts()
        for job in state.jobs.values where job.queue == queue {
            if job.lease != nil {
                counts.leased += 1
            } else if job.readyAt > now {
                counts.delayed += 1
            } else {
                if job.isExpress { counts.express += 1 } else { counts.ready += 1 }
                counts.oldestReadyAt = min(counts.oldestReadyAt ?? job.readyAt, job.readyAt)
            }
        }
        counts.dead = state.deadLetters.values.count { $0.job.queue == queue }
        return counts
    }

    func deadLetters(_ queue: QueueName, limit: Int) throws -> [DeadLetter] {
        let letters = state.deadLetters.values.filter { $0.job.queue == queue }
        return Array(letters.sorted { ($0.diedAt, $0.job.step) < ($1.diedAt, $1.job.step) }.prefix(limit))
    }

    func briefDeadLetters(_ queue: QueueName) throws -> [DeadLetter] {
        try deadLetters(queue, limit: .max).map { letter in
            var letter = letter
            letter.job.payload = []
            return letter
        }
    }

    func deadLetter(_ step: StepKey) throws -> DeadLetter? { state.deadLetters[step] }

    func enqueue(_ job: JobRecord) throws {
        set(\.jobs, job.step, job)
        state.queues.insert(job.queue)
    }

    func update(_ job: JobRecord) throws {
        guard state.jobs[job.step] != nil else { throw RunStoreError(.notFound, "job \(job.id) is not stored") }
        set(\.jobs, job.step, job)
    }

    func removeJob(_ step: StepKey) throws {
        if state.jobs[step] != nil { set(\.jobs, step, nil) }
    }

    func renew(_ step: StepKey, token: Int64, expiresAt: Timestamp) throws -> JobLease? {
        guard var job = state.jobs[step], job.lease?.token == token else { return nil }
        job.lease?.expiresAt = expiresAt
        set(\.jobs, step, job)
        return job.lease
    }

    func insert(_ letter: DeadLetter) throws { set(\.deadLetters, letter.job.step, letter) }

    func removeDeadLetter(_ step: StepKey) throws { set(\.deadLetters, step, nil) }
}
