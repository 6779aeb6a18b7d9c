import APIMachinery

/// Holds back the replacement of Pods that come to nothing: 10 s after the first, then twice as long each time, up to
/// five minutes. Ten quiet minutes and all is forgotten. Each revision waits for itself: what replaces a bad one need
/// not wait for its failures.
struct FailureBackoff {
    private static let backoff = Backoff(base: .seconds(10), cap: .seconds(300))
    static let memory = 600

    private var failures: [(uid: String, revision: String, time: Timestamp)] = []

    /// Takes note of a Pod that ended by itself, once.
    mutating func note(uid: String, revision: String, now: Timestamp) {
        forget(now)
        guard !failures.contains(where: { $0.uid == uid }) else { return }
        failures.append((uid, revision, now))
    }

    /// How many Pods of a revision ended lately.
    func count(of revision: String, now: Timestamp) -> Int { recent(revision, now).count }

    /// Until when no Pod of a revision should be made.
    func until(of revision: String, now: Timestamp) -> Timestamp? {
        let times = recent(revision, now)
        // One Pod that ends is bad luck and replaced at once.
        guard times.count > 1, let last = times.max() else { return nil }
        return last.advanced(by: Self.backoff.delay(after: times.count - 2))
    }

    private func recent(_ revision: String, _ now: Timestamp) -> [Timestamp] {
        let oldest = now.advanced(by: .seconds(-Self.memory))
        return failures.filter { $0.revision == revision && $0.time > oldest }.map(\.time)
    }

    private mutating func forget(_ now: Timestamp) {
        let oldest = now.advanced(by: .seconds(-Self.memory))
        failures.removeAll { $0.time <= oldest }
    }
}
