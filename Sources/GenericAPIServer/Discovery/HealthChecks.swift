import APIMachinery
package import HTTPServing
import Synchronization

/// Answers `/livez`, `/readyz` and `/healthz` to everybody.
public final class HealthChecks: Sendable {
    /// A named question about the server's state; it answers `nil` or what is wrong.
    public struct Check: Sendable {
        public var name: String
        /// Whether the server is not alive, rather than not ready, while this fails.
        public var isLiveness: Bool
        public var failure: @Sendable () -> String?

        /// A check of that name.
        public init(name: String, isLiveness: Bool = false, failure: @escaping @Sendable () -> String?) {
            self.name = name
            self.isLiveness = isLiveness
            self.failure = failure
        }
    }

    private let checks = Mutex<[Check]>([Check(name: "ping", isLiveness: true, failure: { nil })])

    /// Checks that begin with `ping`, which always succeeds.
    public init() {}

    /// Adds a check.
    public func add(_ check: Check) { checks.withLock { $0.append(check) } }

    /// The answer to a health request; `nil` if the request is about something else.
    package func respond(to request: APIRequest) -> APIResponse? {
        let segments = RequestInfo.segments(request.path)
        guard let endpoint = segments.first, ["livez", "readyz", "healthz"].contains(endpoint), segments.count <= 2
        else {
            return nil
        }
        let all = checks.withLock { $0 }.filter { endpoint != "livez" || $0.isLiveness }
        if segments.count == 2 {
            guard let check = all.first(where: { $0.name == segments[1] }) else { return .pathNotFound }
            return check.failure().map { .text("internal server error: \($0)\n", status: 500) } ?? .text("ok")
        }
        let excluded = request.query.all("exclude")
        var lines = ""
        var hasFailed = false
        for check in all {
            if excluded.contains(check.name) {
                lines += "[+]\(check.name) excluded: ok\n"
            } else if let failure = check.failure() {
                hasFailed = true
                lines += "[-]\(check.name) failed: \(failure)\n"
            } else {
                lines += "[+]\(check.name) ok\n"
            }
        }
        if hasFailed { return .text(lines + "\(endpoint) check failed\n", status: 500) }
        return .text(request.query["verbose"] == nil ? "ok" : lines + "\(endpoint) check passed\n")
    }
}
