import APIMachinery
import Logging
import Storage
import Synchronization
import Testing

@testable import RunEngine

/// What is recorded of runs that finish, and how often.
@Suite("Run journal")
struct RunJournalTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func finished(_ phase: RunRecord.Phase, _ count: Int) -> EngineEffects {
        var effects = EngineEffects()
        effects.finished = (0..<count).map { number in
            EngineEffects.FinishedRun(
                namespace: "default",
                name: "r\(number)",
                uid: "u",
                workflow: "w",
                phase: phase,
                seconds: 90,
                reason: phase == .failed ? "StepFailed" : "",
                message: phase == .failed ? "step \"a\": exit 3" : ""
            )
        }
        return effects
    }

    private static func observed(_ journal: RunJournal) -> @Sendable () -> [RunOccurrence] {
        let collector = Collector()
        journal.observe { collector.add($0) }
        return { collector.all }
    }

    private final class Collector: Sendable {
        private let occurrences = Mutex<[RunOccurrence]>([])
        var all: [RunOccurrence] { occurrences.withLock { $0 } }
        func add(_ occurrence: RunOccurrence) { occurrences.withLock { $0.append(occurrence) } }
    }

    @Test("Failures are warnings with their reason, successes say how long the run took")
    func occurrences() {
        let journal = RunJournal()
        let all = Self.observed(journal)
        journal.record(Self.finished(.failed, 1), now: EngineRecords.now, logger: Self.logger)
        journal.record(Self.finished(.succeeded, 1), now: EngineRecords.now, logger: Self.logger)
        journal.record(Self.finished(.cancelled, 1), now: EngineRecords.now, logger: Self.logger)
        #expect(all().map(\.reason) == ["Failed", "Completed", "Cancelled"])
        #expect(all().map(\.isWarning) == [true, false, false])
        #expect(all()[0].message == "StepFailed: step \"a\": exit 3" && all()[1].message.contains("90s"))
    }

    @Test("A burst is recorded up to its limit; successes do not use up the limit of failures, and time refills it")
    func limits() {
        let journal = RunJournal()
        let all = Self.observed(journal)
        journal.record(Self.finished(.succeeded, 500), now: EngineRecords.now, logger: Self.logger)
        #expect(all().count == 20)
        journal.record(Self.finished(.failed, 500), now: EngineRecords.now, logger: Self.logger)
        #expect(all().count == 120)
        let later = EngineRecords.now.advanced(bySeconds: 5)
        journal.record(Self.finished(.succeeded, 500), now: later, logger: Self.logger)
        #expect(all().count == 130)
    }
}
