public import APIMachinery

/// Decides whether and when a request is sent again. Pure.
///
/// A server that answers 429 or 503 with `Retry-After` has not touched the request, so any request may be repeated; a
/// broken connection leaves open what happened, so only idempotent requests are.
public struct RequestRetryPolicy: Sendable, Hashable {
    /// How often a request is sent at most.
    public var maximumAttempts: Int
    /// Waiting times where the server names none.
    public var backoff: Backoff
    /// The longest `Retry-After` that is obeyed; beyond it the error goes to the caller.
    public var maximumRetryAfter: Duration

    /// A policy with that many attempts.
    public init(
        maximumAttempts: Int = 4,
        backoff: Backoff = Backoff(base: .milliseconds(100), cap: .seconds(5), jitter: 0.5),
        maximumRetryAfter: Duration = .seconds(30)
    ) {
        self.maximumAttempts = maximumAttempts
        self.backoff = backoff
        self.maximumRetryAfter = maximumRetryAfter
    }

    /// Sends every request once.
    public static let never = RequestRetryPolicy(maximumAttempts: 1)

    /// How one attempt failed.
    public enum Failure: Sendable, Hashable {
        case transport(TransportError.Code)
        /// The server answered with that status, and with that `Retry-After`.
        case answer(status: Int, retryAfterSeconds: Int?)
    }

    /// How long to wait before the next attempt; `nil` to give up.
    public func delay(
        after failure: Failure,
        attempt: Int,
        isIdempotent: Bool,
        random: Double
    ) -> Duration? {
        guard attempt < maximumAttempts else { return nil }
        var backoff = backoff
        for _ in 1..<max(attempt, 1) { _ = backoff.next(random: 0) }
        let wait = backoff.next(random: random)
        switch failure {
        case .transport(.notConnected): return wait
        case .transport(.interrupted): return isIdempotent ? wait : nil
        case .transport(.untrusted): return nil
        case .answer(let status, let seconds?) where status == 429 || status == 503:
            let asked = Duration.seconds(seconds)
            guard asked <= maximumRetryAfter else { return nil }
            return max(asked, wait)
        case .answer(429, nil): return wait
        case .answer(let status, nil) where (502...504).contains(status): return isIdempotent ? wait : nil
        case .answer: return nil
        }
    }
}

extension Status.Reason {
    /// No server answered. Not a reason of Kubernetes: there a client has other errors for it.
    public static let connectionFailed: Status.Reason = "ConnectionFailed"
}

extension Status {
    /// Whether the object that the request was about does not exist.
    public var isNotFound: Bool { code == 404 && reason != .connectionFailed }
    /// Whether the object was changed by someone else meanwhile.
    public var isConflict: Bool { reason == .conflict }
    /// Whether an object of the name exists already.
    public var isAlreadyExists: Bool { reason == .alreadyExists }
    /// Whether the history asked for is no longer kept, so that a list must come first.
    public var isExpired: Bool { code == 410 }
    /// Whether no server answered.
    public var isConnectionFailure: Bool { reason == .connectionFailed }
}
