import APIMachinery
import Controller
import Testing

/// Pods in short: `NAME REVISION [FLAG…]`.
///
/// Flags: `ready` or `ready=SECONDS` ago, `age=SECONDS`, `jobs=N`, `unknown` (the runner was not heard of),
/// `draining=SECONDS` ago, `terminating`, `finished`, `crash=RESTARTS`, `image` (it cannot be had).
enum PodNotation {
    static let now = Timestamp(seconds: 1_767_225_600)

    static func pod(_ text: String, now: Timestamp = now) throws -> RunnerPod {
        let words = text.split(separator: " ").map(String.init)
        var pod = RunnerPod(
            name: try #require(words.first),
            revision: try #require(words.dropFirst().first),
            createdAt: now.advanced(by: .seconds(-100))
        )
        var isUnknown = false
        for word in words.dropFirst(2) {
            let parts = word.split(separator: "=").map(String.init)
            let number = parts.count == 2 ? Int(parts[1]) : nil
            func ago(_ fallback: Int) -> Timestamp { now.advanced(by: .seconds(-(number ?? fallback))) }
            switch parts[0] {
            case "ready": pod.readySince = ago(90)
            case "age": pod.createdAt = ago(0)
            case "jobs": pod.leasedJobs = number
            case "unknown": isUnknown = true
            case "draining": pod.drainRequestedAt = ago(5)
            case "terminating": pod.isTerminating = true
            case "finished": pod.isFinished = true
            case "crash":
                pod.restarts = number ?? 3
                pod.waitingReason = "CrashLoopBackOff"
            case "image": pod.waitingReason = "ImagePullBackOff"
            default: Issue.record("unknown flag \(word)")
            }
        }
        if pod.isReady && pod.leasedJobs == nil && !isUnknown { pod.leasedJobs = 0 }
        return pod
    }
}

extension RolloutAction {
    /// The action in short, for comparisons.
    var short: String {
        switch self {
        case .create(let revision, let count): "create \(count) \(revision)"
        case .drain(let pod, _): "drain \(pod)"
        case .undrain(let pod): "undrain \(pod)"
        case .delete(let pod, _, let interrupts): interrupts ? "kill \(pod)" : "delete \(pod)"
        case .rollBack(let revision, let failure): "rollback \(revision) \(failure.reason)"
        }
    }
}
