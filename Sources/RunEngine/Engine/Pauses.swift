import APIMachinery
import Logging
import Storage
import Synchronization

// What the engine does about a time in which it stood still, and about a calendar that was set.

extension RunEngine {
    /// Finds out whether this process stood still, before anything is judged by how late it is. If so, every lease gets
    /// its full time again.
    func checkForPause() async throws {
        if let pause = clock.beat() {
            metrics.paused(pause)
            logger.warning(
                "The controller stood still; leases and runners get their time again",
                metadata: ["seconds": "\(Int(clamping: pause.inSeconds))"]
            )
            startPauseGrace()
            sweepState.withLock { $0.mustRenewLeases = true }
        }
        guard sweepState.withLock({ $0.mustRenewLeases }) else { return }
        try await renewLeases()
        sweepState.withLock { $0.mustRenewLeases = false }
    }

    /// Lets attempts and runs that are over their time be for a while. A controller that pauses again and again still
    /// gets to judge them: there is one such time a minute at most.
    func startPauseGrace() {
        let now = clock.now
        sweepState.withLock { state in
            if let end = state.pauseGraceEnd, now < end.advanced(by: .seconds(45)) { return }
            state.pauseGraceEnd = now.advanced(by: settings.pauseGrace)
        }
    }

    /// Whether reports from before a pause may still be on their way.
    func isPauseGrace(_ now: Timestamp) -> Bool {
        sweepState.withLock { $0.pauseGraceEnd.map { now < $0 } ?? false }
    }

    /// Gives every lease its full time from now on.
    func renewLeases() async throws {
        guard try await !store.read({ try $0.leasedJobs().isEmpty }) else { return }
        let now = clock.now
        try await store.transaction { [catalog] transaction in
            for job in try transaction.leasedJobs() {
                guard let lease = job.lease else { continue }
                let end = now.advanced(bySeconds: catalog.policy(job.queue).leaseSeconds)
                if lease.expiresAt < end { _ = try transaction.renew(job.step, token: lease.token, expiresAt: end) }
            }
        }
    }

    /// A smaller change of the skew is not worth a write.
    private static let skewTolerance = 1.0

    /// Stores by how much the calendar is ahead of the time that deadlines are counted in, if it was set.
    func storeSkew() async throws {
        let skew = clock.skew
        let isStored = sweepState.withLock { state in
            state.storedSkew.map { abs((skew - $0).inSeconds) < Self.skewTolerance } ?? false
        }
        if isStored { return }
        let old = try await store.read { try $0.clockSkew() }
        if abs((skew - old).inSeconds) >= Self.skewTolerance {
            logger.notice(
                "The machine's clock was set; leases, timers and deadlines go on as they were",
                metadata: ["by_seconds": "\(Int(clamping: (skew - old).inSeconds))"]
            )
            try await store.transaction { try $0.setClockSkew(skew) }
        }
        sweepState.withLock { $0.storedSkew = skew }
    }
}
