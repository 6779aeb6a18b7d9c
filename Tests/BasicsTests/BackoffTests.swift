import Basics
import Testing

@Suite struct BackoffTests {
    @Test("Waiting times double up to the cap, and start again after a reset")
    func doubling() {
        var backoff = Backoff(base: .milliseconds(100), cap: .seconds(1))
        let first = (0..<6).map { _ in backoff.next(random: 0) / .milliseconds(1) }
        #expect(first == [100, 200, 400, 800, 1000, 1000])
        #expect(backoff.attempts == 6)
        backoff.reset()
        #expect(backoff.next(random: 0) == .milliseconds(100))
    }

    @Test("Jitter is added on top, as a share of the waiting time")
    func jitter() {
        var backoff = Backoff(base: .seconds(1), cap: .seconds(2), factor: 3, jitter: 0.5)
        #expect(backoff.next(random: 0.5) == .milliseconds(1250))
        #expect(backoff.next(random: 1) == .seconds(3))
    }

    @Test(
        "The waiting time after any number of others is known",
        arguments: [(-1, 10), (0, 10), (1, 20), (4, 160), (5, 300), (.max, 300)]
    )
    func delay(_ attempts: Int, _ seconds: Int) {
        #expect(Backoff(base: .seconds(10), cap: .seconds(300)).delay(after: attempts) == .seconds(seconds))
    }
}
