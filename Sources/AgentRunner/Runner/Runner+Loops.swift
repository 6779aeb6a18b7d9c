import APIMachinery
import Logging
import Synchronization

extension Runner {
    /// Registers whenever the controller does not know the runner, with growing pauses until it answers.
    func registrationLoop() async {
        var pauses = RetryPauses()
        // The wait only fails when the loop is cancelled, which ends it.
        while let held = try? await state.wait({ $0.beginRegistration() }) {
            do {
                let answer = try await call(
                    .register,
                    [
                        "podUID": .string(options.podUID),
                        "concurrency": .int(Int64(options.workers)),
                        "protocolVersion": 1,
                        "runtimeVersion": .string(version),
                        "system": facts.json,
                        "jobs": .array(held.map(\.reference)),
                    ],
                    timeout: .seconds(10)
                )
                pauses.reset()
                let registration = Registration(answer)
                logger.info("registered with the controller", metadata: ["drain": "\(registration.drain)"])
                state.update { $0.registered(registration) }
                // At once: it renews the leases, and returns which of them the controller has given to others.
                if !held.isEmpty { await heartbeat() }
            } catch {
                if error is CancellationError { return }
                await pause(&pauses, after: error, doing: "registering")
            }
        }
    }

    /// Polls for jobs while slots are free and no report is about to ask for them.
    func leaseLoop() async {
        var pauses = RetryPauses()
        // The wait only fails when the loop is cancelled, which ends it.
        while let (ask, poll) = try? await state.wait({ state in state.beginLease().map { ($0, state.timing.poll) } }) {
            do {
                let asked = clock.now
                // A poll that waits must keep neither a stopping runner from going nor a lost one from registering.
                let answer = try await whilePolling {
                    try await self.call(
                        .lease,
                        ["capacity": .int(Int64(ask.capacity)), "waitSeconds": .int(Int64(clamping: poll.inSeconds))],
                        timeout: poll + .seconds(15)
                    )
                }
                let work = WorkAnswer(answer)
                let intake = state.update { $0.endLease(jobs: work.jobs, draining: work.drain) }
                await handle(intake, work)
                if work.jobs.isEmpty, !work.drain, clock.now - asked < .milliseconds(50) {
                    // A controller that does not wait must not be asked without a pause.
                    try await clock.sleep(for: pauses.next(atLeast: nil))
                } else {
                    pauses.reset()
                }
            } catch {
                state.update { $0.failLease() }
                if error is CancellationError {
                    if Task.isCancelled { return }
                    continue
                }
                noteFailure(error)
                await pause(&pauses, after: error, doing: "asking for jobs")
            }
        }
    }

    /// Tells the controller about finished jobs until it has taken each report, and takes the jobs it answers with.
    func reportLoop() async {
        var pauses = RetryPauses()
        // One by one after a refusal, to find the report that the controller will not take.
        var limit = 512
        var reduced: Set<JobKey> = []
        // The wait only fails when the loop is cancelled, which ends it.
        while let (reports, ask) = try? await state.wait({ $0.beginReport(limit: limit) }) {
            do {
                let answer = try await call(
                    .report,
                    ["reports": .array(reports.map(\.json)), "capacity": .int(Int64(ask?.capacity ?? 0))],
                    timeout: .seconds(30)
                )
                pauses.reset()
                limit = min(limit * 4, 512)
                for report in reports { reduced.remove(report.job.key) }
                let work = WorkAnswer(answer)
                note(work.results)
                let intake = state.update { $0.endReport(asked: ask, jobs: work.jobs, draining: work.drain) }
                await handle(intake, work)
            } catch let error as ControllerError where error.kind == .refused {
                if let only = reports.first, reports.count == 1 {
                    if reduced.insert(only.job.key).inserted {
                        state.update { $0.failReport(with: [only.reduced(because: error.description)]) }
                    } else {
                        reduced.remove(only.job.key)
                        logger.error(
                            "the controller rejects a report; the lease of its job will expire",
                            metadata: ["job": .string(only.job.id), "error": "\(error)"]
                        )
                        state.update { $0.dropReports() }
                    }
                } else {
                    limit = 1
                    state.update { $0.failReport() }
                }
            } catch {
                state.update { $0.failReport() }
                if error is CancellationError { return }
                noteFailure(error)
                await pause(&pauses, after: error, doing: "reporting")
            }
        }
    }

    /// Renews leases and hears what is to be stopped, as often as the controller wants.
    func heartbeatLoop() async {
        while !Task.isCancelled {
            contact.withLock { $0.turned = clock.now }
            // Before registration the interval is not known, and the first heartbeat must not come late.
            let interval = state.read {
                $0.needsRegistration ? min($0.timing.heartbeat, .milliseconds(200)) : $0.timing.heartbeat
            }
            // The sleep only fails when the loop is cancelled, which ends it.
            guard (try? await clock.sleep(for: interval)) != nil else { return }
            ChildProcesses.reapOrphans()
            if state.read({ !$0.needsRegistration }) { await heartbeat() }
        }
    }

    func heartbeat() async {
        let (jobs, busy) = state.read { ($0.heldJobs, $0.running) }
        let own = OwnUsage.sample()
        let live = executors.live.total
        let memoryByJob = executors.live.memoryByJob
        let cpu = load.millicores(cpu: OwnUsage.cpuWithEndedChildren() + live.cpu, now: clock.now)
        let memory = Double(own.memoryBytes + live.memoryBytes) / 1_048_576
        do {
            let answer = HeartbeatResponse(
                try await call(
                    .heartbeat,
                    [
                        "jobs": .array(jobs.map { $0.reference(memoryBytes: memoryByJob[$0.id]) }),
                        "load": [
                            "cpuMillicores": .int(cpu), "memoryMB": .double(JobMetrics.tenths(memory)),
                            "slotsBusy": .int(Int64(busy)),
                        ],
                    ],
                    timeout: .seconds(10)
                )
            )
            let (cancelled, lost) = state.update { state in
                state.heard(draining: answer.drain)
                if answer.register { state.lostController() }
                return (
                    state.stop(jobs: answer.cancel, because: .cancelled),
                    state.stop(jobs: answer.lost, because: .lost)
                )
            }
            for key in cancelled { logger.info("a job was cancelled; stopping it", metadata: ["job": .string(key.id)]) }
            for key in lost {
                logger.warning("the lease of a job was revoked; stopping the job", metadata: ["job": .string(key.id)])
            }
        } catch {
            if error is CancellationError { return }
            noteFailure(error)
            logger.debug("heartbeat failed", metadata: ["error": "\(error)"])
        }
    }

    /// Hands jobs back that this runner is not going to run. Best effort: leases run out by themselves.
    func release(_ jobs: [Job]) async {
        guard !jobs.isEmpty else { return }
        do {
            _ = try await call(.release, ["jobs": .array(jobs.map(\.reference))], timeout: .seconds(5))
        } catch {
            logger.warning(
                "jobs could not be released; their leases will expire",
                metadata: ["jobs": .array(jobs.map { .string($0.id) }), "error": "\(error)"]
            )
        }
    }

    private func note(_ results: [(job: String, status: String)]) {
        for (job, status) in results {
            metrics.reported(status: status)
            if status == "Stale" {
                logger.warning(
                    "a report was stale: the job was leased to another runner",
                    metadata: ["job": .string(job)]
                )
            }
        }
    }

    /// Registration comes first after every failure that may mean a new controller.
    private func noteFailure(_ error: any Error) {
        guard let error = error as? ControllerError else { return }
        if error.kind != .throttled && error.kind != .refused { state.update { $0.lostController() } }
    }

    private func pause(_ pauses: inout RetryPauses, after error: any Error, doing what: String) async {
        let asked = (error as? ControllerError)?.retryAfter
        var level = Logger.Level.warning
        var remedy = "retrying"
        if case .unauthorized? = (error as? ControllerError)?.kind {
            level = .error
            remedy = "check --token, --token-file or MARTINET_TOKEN"
        }
        logger.log(
            level: pauses.isRepeating ? .debug : level,
            "\(what) failed",
            metadata: ["error": "\(error)", "remedy": .string(remedy)]
        )
        // The sleep only fails when the loop is cancelled, which ends at its next wait.
        try? await clock.sleep(for: pauses.next(atLeast: asked))
    }

    /// Does the work, and gives up waiting for it when the runner stops or has to register.
    private func whilePolling(
        _ work: @escaping @Sendable () async throws -> JSONValue
    ) async throws -> JSONValue {
        try await withThrowingTaskGroup(of: JSONValue?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await self.state.wait { $0.mustNotPoll ? () : nil }
                return nil
            }
            defer { group.cancelAll() }
            guard let answer = try await group.next() ?? nil else { throw CancellationError() }
            return answer
        }
    }
}
