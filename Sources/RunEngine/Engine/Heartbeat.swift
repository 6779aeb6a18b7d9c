import APIMachinery
import Logging
public import Storage

/// The answer to a heartbeat.
public struct HeartbeatAnswer: Sendable, Hashable {
    public var drain: Bool
    /// Jobs that the runner should stop and report as cancelled.
    public var cancel: [JobID]
    /// Jobs whose lease is no longer the runner's. It stops them and reports nothing.
    public var lost: [JobID]
    /// Whether the runner should register again, because the engine does not know it.
    public var register: Bool
}

extension RunEngine {
    /// Renews a runner's leases and records its load.
    ///
    /// The list must have every job whose report has not been acknowledged. A job that was leased to the runner some
    /// time ago and that is not listed never reached it, because the answer was lost; its lease is revoked.
    ///
    /// - Parameter memoryMB: the memory of jobs' processes in mebibytes, as far as the runner reports it.
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
                // Not the time of the call: if this process paused since, the lease may have been renewed for longer.
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
