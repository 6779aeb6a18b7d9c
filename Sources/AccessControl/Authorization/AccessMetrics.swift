import Metrics

/// Counts who is let in and who is not, under the names that Kubernetes made usual.
package struct AccessMetrics: Sendable {
    private let authenticated = Self.counter("authentication_attempts_total", "result", "success")
    private let unauthenticated = Self.counter("authentication_attempts_total", "result", "failure")
    private let allowed = Self.counter("authorization_attempts_total", "result", "allowed")
    private let denied = Self.counter("authorization_attempts_total", "result", "denied")

    package init() {}

    /// There from the start, so that a rate over the first failure is seen.
    private static func counter(_ label: String, _ name: String, _ value: String) -> Counter {
        let counter = Counter(label: label, dimensions: [(name, value)])
        counter.increment(by: 0)
        return counter
    }

    package func authenticated(_ isKnown: Bool) { (isKnown ? authenticated : unauthenticated).increment() }

    package func decided(_ decision: AccessDecision) { (decision.isAllowed ? allowed : denied).increment() }
}
