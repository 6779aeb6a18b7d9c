import APIMachinery
import Storage

@testable import RunEngine

/// Jobs, leases and effects for tests of the engine's state in memory.
enum EngineRecords {
    static let queue = QueueName(namespace: "default", pool: "p")
    static let now = Timestamp(seconds: 1000)

    static func job(_ run: Int64, _ queue: QueueName = queue) -> JobRecord {
        let step = StepKey(run: run, index: 0)
        return JobRecord(step: step, attempt: 1, queue: queue, enqueuedAt: now, readyAt: now, payload: [])
    }

    static func lease(_ token: Int64, _ runner: String = "r") -> JobLease {
        JobLease(token: token, runner: runner, leasedAt: now, expiresAt: now.advanced(bySeconds: 30))
    }

    static func departure(
        _ kind: EngineEffects.Departure.Kind,
        seconds: Double = 0,
        token: Int64 = 1
    ) -> EngineEffects.Departure {
        EngineEffects.Departure(job: job(1), lease: lease(token), kind: kind, executionSeconds: seconds)
    }

    static func arrivals(_ count: Int, readyAt: Timestamp = now, isRequeue: Bool = false) -> EngineEffects {
        var effects = EngineEffects()
        effects.arrivals = Array(repeating: .init(queue: queue, readyAt: readyAt, isRequeue: isRequeue), count: count)
        return effects
    }
}
