import ControllerRuntime
import KubeClient
import KubeTestSupport
import Synchronization
import TestSupport
import Testing

struct WorkQueueStateTests {
    private typealias State = WorkQueueState<String>

    private func take(_ state: inout WorkQueueState<String>, _ now: Duration = .zero) -> String? {
        state.take(now: now)?.key
    }

    @Test func keysWaitOnceAndInOrder() {
        var state = State()
        for key in ["a", "b", "a", "c", "b"] { state.add(key, now: .zero) }
        #expect(state.depth == 3)
        #expect([take(&state), take(&state), take(&state), take(&state)] == ["a", "b", "c", nil])
    }

    @Test func aKeyInProgressIsNotHandedOutAgain() {
        var state = State()
        state.add("a", now: .zero)
        #expect(take(&state) == "a")
        state.add("a", now: .seconds(1))
        state.add("a", now: .seconds(2))
        #expect(take(&state) == nil)
        #expect(state.finish("a", now: .seconds(3)) == .seconds(3))
        #expect(take(&state) == "a")
        state.finish("a", now: .seconds(4))
        #expect(take(&state) == nil)
        #expect(state.isIdle)
    }

    @Test func theEarliestDelayHolds() {
        var state = State()
        state.add("a", after: .seconds(10), now: .zero)
        state.add("a", after: .seconds(5), now: .zero)
        state.add("a", after: .seconds(20), now: .zero)
        #expect(state.nextDue == .seconds(5))
        state.promote(now: .seconds(4))
        #expect(state.depth == 0)
        state.promote(now: .seconds(5))
        #expect(take(&state) == "a")
        state.promote(now: .seconds(100))
        #expect(state.nextDue == nil)
        #expect(state.depth == 0)
    }

    @Test func addingNowOvertakesADelay() {
        var state = State()
        state.add("a", after: .seconds(10), now: .zero)
        state.add("a", now: .seconds(1))
        #expect(take(&state) == "a")
        state.finish("a", now: .seconds(2))
        state.promote(now: .seconds(100))
        #expect(take(&state) == nil)
    }

    @Test func aDelayOfAKeyInProgressIsKept() {
        var state = State()
        state.add("a", now: .zero)
        _ = take(&state)
        state.add("a", after: .seconds(5), now: .zero)
        state.promote(now: .seconds(5))
        #expect(take(&state) == nil)
        state.finish("a", now: .seconds(6))
        #expect(take(&state) == "a")
    }

    @Test func failingKeysAreSlowedDownEachForItself() {
        var state = State(rateLimit: .init(base: .milliseconds(5), cap: .milliseconds(30)))
        let delays = (0..<5).map { _ in state.addRateLimited("a", now: .zero) }
        #expect(delays == [5, 10, 20, 30, 30].map { .milliseconds($0) })
        #expect(state.addRateLimited("b", now: .zero) == .milliseconds(5))
        state.forget("a")
        #expect(state.addRateLimited("a", now: .zero) == .milliseconds(5))
    }

    @Test func nothingIsHandedOutAfterShutdown() {
        var state = State()
        state.add("a", now: .zero)
        state.add("b", after: .seconds(1), now: .zero)
        state.shutDown()
        state.add("c", now: .zero)
        #expect(take(&state) == nil)
        #expect(state.nextDue == nil)
    }

    @Test("No key is ever in progress twice, and none is lost", arguments: 0..<20 as Range<UInt64>)
    func randomized(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var state = WorkQueueState<Int>()
        var now = Duration.zero
        var inProgress: Set<Int> = []
        // Keys that were added after they were last taken, so that each must be taken once more.
        var owed: Set<Int> = []
        for _ in 0..<2000 {
            let key = Int(random.next() % 8)
            switch random.next() % 6 {
            case 0:
                state.add(key, now: now)
                owed.insert(key)
            case 1:
                state.add(key, after: .seconds(Int(random.next() % 5)), now: now)
                owed.insert(key)
            case 2:
                state.addRateLimited(key, now: now)
                owed.insert(key)
            case 3:
                now += .seconds(1)
                state.promote(now: now)
            case 4:
                guard let taken = state.take(now: now)?.key else { break }
                #expect(inProgress.insert(taken).inserted)
                owed.remove(taken)
            default:
                guard let done = inProgress.randomElement(using: &random) else { break }
                inProgress.remove(done)
                state.finish(done, now: now)
            }
        }
        for key in inProgress { state.finish(key, now: now) }
        state.promote(now: now + .seconds(100_000))
        while let taken = state.take(now: now)?.key { owed.remove(taken) }
        #expect(owed.isEmpty)
    }
}

struct WorkQueueTests {
    private final class Done: Sendable {
        private let state = Mutex<[Int: Int]>([:])

        var counts: [Int: Int] { state.withLock { $0 } }

        func count(_ key: Int) -> Int {
            state.withLock { counts in
                counts[key, default: 0] += 1
                return counts.count
            }
        }
    }

    @Test func workersShareTheKeys() async {
        let queue = WorkQueue<Int>(name: "test")
        let done = Done()
        for key in 0..<500 { queue.add(key) }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while let key = await queue.next() {
                        let count = done.count(key)
                        queue.finish(key)
                        if count == 500 { queue.shutDown() }
                    }
                }
            }
        }
        #expect(done.counts.values.allSatisfy { $0 == 1 })
    }

    @Test func delayedKeysComeWhenTheyAreDue() async {
        let time = ManualTime()
        let queue = WorkQueue<String>(name: "test", time: time)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await queue.run() }
            queue.add("later", after: .seconds(20))
            queue.add("sooner", after: .seconds(10))
            await time.advanceToNextSleeper()
            // Whether the timer was set before or after the sooner key was added, the keys come in order.
            async let first = queue.next()
            while queue.depth == 0 && !queue.isIdle && time.instant < .seconds(10) { await time.advanceToNextSleeper() }
            #expect(await first == "sooner")
            async let second = queue.next()
            await time.advanceToNextSleeper()
            #expect(await second == "later")
            queue.shutDown()
        }
    }

    @Test func waitingWorkersCanBeCancelled() async {
        let queue = WorkQueue<String>(name: "test")
        await withTaskGroup(of: String?.self) { group in
            group.addTask { await queue.next() }
            group.cancelAll()
            for await key in group { #expect(key == nil) }
        }
        queue.add("a")
        #expect(await queue.next() == "a")
    }
}
