import APIMachinery
import RunEngine
import Spec
import Testing

@Suite("Retry settings")
struct RetrySettingsTests {
    @Test(
        "Waits grow, are bounded, and are spread",
        arguments: [
            (1, 0.0, 1.0), (2, 0.0, 2.0), (3, 0.0, 4.0), (7, 0.0, 60.0), (5000, 0.0, 60.0), (1, 0.5, 1.125),
            (3, 1.0, 5.0),
        ]
    )
    func delay(attempt: Int, random: Double, expected: Double) {
        #expect(RetrySettings(RetryPolicy()).delay(afterAttempt: attempt, random: random) == expected)
    }

    @Test(
        "Retries only what may succeed",
        arguments: [
            (1, "Boom", true, 3, true), (2, "Boom", true, 3, true), (3, "Boom", true, 3, false),
            (1, "Boom", false, 3, false), (1, "Final", true, 3, false), (1, "Boom", true, 1, false),
        ]
    )
    func decision(attempt: Int, reason: String, retryable: Bool, maximum: Int, expected: Bool) {
        let settings = RetrySettings(RetryPolicy(maxAttempts: maximum, nonRetryableReasons: ["Final"]))
        let next = settings.nextAttempt(
            afterAttempt: attempt,
            reason: reason,
            retryable: retryable,
            now: Timestamp(seconds: 100),
            random: 0
        )
        #expect((next != nil) == expected)
        if attempt == 2, expected { #expect(next == Timestamp(seconds: 102)) }
    }

    @Test(
        "Whatever a stored policy says, the next attempt comes within a day and a quarter",
        arguments: [0, -1, 0.5, 86_401, 1e17, 1e300, .infinity, -.infinity, .nan] as [Double]
    )
    func extremes(_ number: Double) throws {
        for coefficient in [0, 1, 2, 1e300, .nan] as [Double] {
            for attempt in [1, 2, 40, 9999] {
                let policy = RetryPolicy(
                    maxAttempts: .max,
                    initialIntervalSeconds: number,
                    backoffCoefficient: coefficient,
                    maxIntervalSeconds: number
                )
                let now = Timestamp(seconds: 100)
                let next = try #require(
                    RetrySettings(policy)
                        .nextAttempt(afterAttempt: attempt, reason: "Boom", retryable: true, now: now, random: 0.999)
                )
                #expect(next >= now && next <= now.advanced(by: .seconds(108_000)))
            }
        }
    }

    @Test("Values out of bounds are clamped")
    func nonsense() {
        let settings = RetrySettings(
            RetryPolicy(maxAttempts: -1, initialIntervalSeconds: -5, backoffCoefficient: 0, maxIntervalSeconds: -1)
        )
        #expect(settings.maxAttempts == 1)
        #expect(settings.delay(afterAttempt: 9, random: 1) == 0)
    }
}
