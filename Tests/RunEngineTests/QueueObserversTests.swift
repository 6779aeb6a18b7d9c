import Storage
import Synchronization
import Testing

@testable import RunEngine

/// Who is notified of changes of queues.
@Suite("Observers of queues")
struct QueueObserversTests {
    @Test("Every observer is notified once of each queue that a transaction has changed")
    func queues() {
        let observers = QueueObservers()
        let notified = Mutex<[String]>([])
        for number in 0..<2 {
            observers.add { namespace, pool in notified.withLock { $0.append("\(number) \(namespace)/\(pool)") } }
        }
        func queue(_ pool: String) -> QueueName { QueueName(namespace: "n", pool: pool) }
        var effects = EngineEffects()
        effects.arrivals = [
            .init(queue: queue("a"), readyAt: EngineRecords.now, isRequeue: false),
            .init(queue: queue("a"), readyAt: EngineRecords.now, isRequeue: true),
        ]
        effects.withdrawals = [queue("a"), queue("b")]
        effects.leased = [EngineRecords.job(1, queue("c"))]
        effects.departures = [
            EngineEffects.Departure(
                job: EngineRecords.job(2, queue("d")),
                lease: EngineRecords.lease(1),
                kind: .lost,
                executionSeconds: 0
            )
        ]
        effects.deadLetters = [queue("e"), queue("d")]
        observers.notify(effects)
        let expected = ["a", "b", "c", "d", "e"].flatMap { ["0 n/\($0)", "1 n/\($0)"] }
        #expect(notified.withLock { $0 }.sorted() == expected.sorted())
        notified.withLock { $0 = [] }
        observers.notify(EngineEffects())
        #expect(notified.withLock { $0 }.isEmpty)
    }
}
