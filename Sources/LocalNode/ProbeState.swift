import KubeAPI

/// The three questions that containers are asked.
enum ProbeKind: String, Sendable, Hashable {
    case liveness, readiness, startup
}

/// When a probe asks, and what its answers amount to. Pure: the defaults and thresholds of core/v1 `Probe`.
struct ProbeState: Sendable, Hashable {
    let kind: ProbeKind
    let initialDelay: Duration
    let period: Duration
    let timeout: Duration
    private let successThreshold: Int
    private let failureThreshold: Int
    private var run = 0
    private var lastAnswer: Bool?
    /// What was concluded last.
    private(set) var result: Bool

    init(_ kind: ProbeKind, _ probe: Probe) {
        self.kind = kind
        func seconds(_ value: Int?, _ fallback: Int) -> Duration { .seconds(max(value ?? fallback, 1)) }
        initialDelay = .seconds(max(probe.initialDelaySeconds ?? 0, 0))
        period = seconds(probe.periodSeconds, 10)
        timeout = seconds(probe.timeoutSeconds, 1)
        // Only readiness can need several successes; the API refuses other values for the rest.
        successThreshold = kind == .readiness ? max(probe.successThreshold ?? 1, 1) : 1
        failureThreshold = max(probe.failureThreshold ?? 3, 1)
        // Before the first conclusion a container is alive, but neither ready nor started.
        result = kind == .liveness
    }

    /// How long to wait before the next question. A container that is not ready is asked every second, so that it does
    /// not stay unready for most of a long period: no answer to that can do it harm.
    var nextDelay: Duration { kind == .readiness && !result ? min(period, .seconds(1)) : period }

    /// Whether an answer changes the conclusion. A liveness or startup failure concludes each time anew, because the
    /// container that it is about may be another one by then.
    mutating func answer(_ isSuccess: Bool) -> Bool {
        run = lastAnswer == isSuccess ? run + 1 : 1
        lastAnswer = isSuccess
        guard run >= (isSuccess ? successThreshold : failureThreshold) else { return false }
        let isChange = result != isSuccess || (kind == .startup && !isSuccess && run == failureThreshold)
        result = isSuccess
        return isChange
    }
}
