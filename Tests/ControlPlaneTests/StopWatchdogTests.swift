import Foundation
import Glibc
import Synchronization
import Testing

@testable import ControlPlane

/// Stopping when no task gets to run. The signals go to the process of the tests, so one test at a time has them.
@Suite(.serialized) struct StopWatchdogTests {
    private final class Seen: Sendable {
        private let state = Mutex((signals: 0, isOverdue: false))

        var signals: Int { state.withLock { $0.signals } }
        var isOverdue: Bool { state.withLock { $0.isOverdue } }

        /// - Returns: how many have come.
        @discardableResult
        func signal() -> Int {
            state.withLock { state in
                state.signals += 1
                return state.signals
            }
        }

        func setOverdue() { state.withLock { $0.isOverdue = true } }
    }

    @Test("A signal is seen and the stop is bounded while all threads of tasks are occupied")
    func occupied() async {
        let seen = Seen()
        let watchdog = StopWatchdog(bound: .seconds(1)) { seen.setOverdue() }
        watchdog.start { seen.signal() }
        defer { watchdog.stop() }
        await withTaskGroup(of: Void.self) { group in
            for index in 0...ProcessInfo.processInfo.activeProcessorCount {
                group.addTask {
                    if index == 0 { kill(getpid(), SIGTERM) }
                    // The end of the loop is no assertion: without it a failure would never be told.
                    let giveUp = ContinuousClock.now + .seconds(60)
                    while !seen.isOverdue, ContinuousClock.now < giveUp { sched_yield() }
                }
            }
        }
        #expect(seen.signals == 1)
        #expect(seen.isOverdue)
    }

    @Test("What comes after the draining is bounded, signal or not; while tasks run, the draining is not")
    func bound() async {
        let seen = Seen()
        let (ends, end) = AsyncStream<Void>.makeStream()
        let watchdog = StopWatchdog(bound: .seconds(2)) {
            seen.setOverdue()
            end.finish()
        }
        let (arrivals, arrived) = AsyncStream<Void>.makeStream()
        watchdog.start {
            if seen.signal() == 2 { arrived.finish() }
        }
        defer { watchdog.stop() }
        kill(getpid(), SIGTERM)
        kill(getpid(), SIGINT)
        for await _ in arrivals {}
        #expect(!seen.isOverdue)
        watchdog.limit()
        for await _ in ends {}
        #expect(seen.isOverdue)
    }
}
