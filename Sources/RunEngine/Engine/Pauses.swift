import APIMachinery
import Logging
import Storage
import Synchronization

// Pauses of this process (a suspended machine, SIGSTOP, a disk that does not answer), and clocks that are set.

extension RunEngine {
    /// Detects a pause of this process, before anything is judged by its age. After a pause every lease is renewed.
    func checkForPause() async throws {
        if let pause = clock.beat() {
            metrics.paused(pause)
            logger.warning(
                "The controller was paused; leases are renewed and runners have their full time again",
                metadata: ["seconds": "\(Int(clamping: pause.inSeconds))"]
            )
            startPauseGrace()
            sweepState.withLock { $0.mustRenewLeases = true }
        }
        guard sweepState.withLock({ $0.mustRenewLeases }) else { return }
        try await renewLeases()
        sweepState.withLock { $0.mustRenewLeases = false }
    }

    /// Starts a time in which attempts and runs over their time are not ended. It starts at most once a minute, so that
    /// time-outs also work in a controller that pauses again and again.
    func startPauseGrace() {
        let now = clock.now
        sweepState.withLock { state in
            if let end = state.pauseGraceEnd, now < end.advanced(by: .seconds(45)) { return }
            state.pauseGraceEnd = now.advanced(by: settings.pauseGrace)
        }
    }

    /// Whether reports from before a pause may still arrive.
    func isPauseGrace(_ now: Timestamp) -> Bool {
        sweepState.withLock { $0.pauseGraceEnd.map { now < $0 } ?? false }
    }

    /// Renews every lease for its full time.
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

    /// Stores the clock skew if the machine's clock was set.
    func storeSkew() async throws {
        let skew = clock.skew
        let isStored = sweepState.withLock { state in
            state.storedSkew.map { abs((skew - $0).inSeconds) < Self.skewTolerance } ?? false
        }
        if isStored { return }
        let old = try await store.read { try $0.clockSkew() }
        if abs((skew - old).inSeconds) >= Self.skewTolerance {
            logger.notice(
                "The machine's clock was set; leases, timers and deadlines are not affected",
                metadata: ["by_seconds": "\(Int(clamping: (skew - old).inSeconds))"]
            )
            try await store.transaction { try $0.setClockSkew(skew) }
        }
        sweepState.withLock { $0.storedSkew = skew }
    }
}
