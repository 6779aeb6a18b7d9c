import APIMachinery
import Logging
public import Storage

/// A runner's answer to what it holds: which jobs it shall stop, and which are not its own any more.
public struct HeartbeatAnswer: Sendable, Hashable {
    public var drain: Bool
    /// Jobs whose run has been cancelled.
    public var cancel: [JobID]
    /// Jobs that belong to someone else now, or to nobody. The runner stops them and reports nothing.
    public var lost: [JobID]
    /// Whether the runner should register again, because its registration is not known.
    public var register: Bool
}

extension RunEngine {
    /// The runner is alive: renews its leases and takes its load.
    ///
    /// The list must hold every job whose report has not been acknowledged. A job that the store gave to the runner
    /// some time ago and that is not listed never reached it (the answer was lost); it goes back at once.
    ///
    /// - Parameter memoryMB: what the processes of jobs use, in mebibytes, as far as the runner says so.
    public func heartbeat(
        _ runner: RunnerReference,
        jobs: [(id: JobID, token: Int64)],
        load: RunnerLoad,
        memoryMB: [JobID: Double] = [:]
    ) async throws -> HeartbeatAnswer {
        let isKnown = registry.contains(runner.key)
        let heard = clock.attention
        let drain = registry.touch(runner, now: heard) { state in
            state.load = load
            state.loadReportedAt = heard
            state.concurrency = max(state.concurrency, load.slotsBusy)
        }
        registry.recordMemory(runner.key, memoryMB)
        if !isKnown { observers.notify(runner.queue) }
        var answer = HeartbeatAnswer(drain: drain, cancel: [], lost: [], register: !isKnown)
        if !jobs.isEmpty {
            let leaseSeconds = catalog.policy(runner.queue).leaseSeconds
            let (cancel, lost) = try await store.transaction { [clock] transaction in
                // Not the time of the call: between it and this the process may have stood still, and the lease have been
                // renewed for longer.
                let expiresAt = clock.now.advanced(bySeconds: leaseSeconds)
                var cancel: [JobID] = []
                var lost: [JobID] = []
                for (id, token) in jobs {
                    // The job of another attempt has another token, so that comparing tokens is enough.
                    if let lease = try transaction.renew(id.step, token: token, expiresAt: expiresAt) {
                        if lease.cancelRequested { cancel.append(id) }
                    } else {
                        lost.append(id)
                    }
                }
                return (cancel, lost)
            }
            answer.cancel = cancel
            answer.lost = lost
        }
        let listed = Set(jobs.map(\.id))
        let patience = settings.heartbeatInterval * 2
        let missing = registry.held(runner.key).filter {
            !listed.contains($0.key) && heard.since($0.value.leasedAt) > patience
        }
        if !missing.isEmpty {
            logger.warning(
                "Jobs that their runner does not list are requeued",
                metadata: ["runner": "\(runner.key)", "jobs": "\(missing.keys.map(\.description).sorted())"]
            )
            _ = try await revoke(Array(missing), of: runner.key, isLost: false)
        }
        return answer
    }
}
