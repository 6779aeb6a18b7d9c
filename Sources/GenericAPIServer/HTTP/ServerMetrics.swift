import APIMachinery
package import HTTPServing
import Metrics
import Synchronization

/// The figures of the server itself, under the names that `kube-apiserver` has for them where it has any.
package final class ServerMetrics: Sendable {
    /// What tells requests apart in figures.
    package struct Request: Hashable, Sendable {
        package var verb: String
        package var group: String
        package var version: String
        package var resource: String
        package var subresource: String

        package init(_ info: RequestInfo?, method: String) {
            verb = Self.verb(info?.verb ?? method.lowercased())
            group = info?.group ?? ""
            version = info?.version ?? ""
            resource = info?.resource ?? ""
            subresource = info?.subresource ?? ""
        }

        /// Clients make up methods; figures do not multiply with them.
        private static func verb(_ text: String) -> String {
            let known = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "head"]
            return known.contains(text) ? text.uppercased() : "OTHER"
        }

        fileprivate var dimensions: [(String, String)] {
            [
                ("verb", verb), ("group", group), ("version", version), ("resource", resource),
                ("subresource", subresource),
            ]
        }
    }

    private struct Outcome: Hashable {
        var request: Request
        var code: Int
    }

    private struct State {
        var totals: [Outcome: Counter] = [:]
        var durations: [Request: Metrics.Timer] = [:]
        var longRunning: [Request: Int] = [:]
    }

    private let state = Mutex(State())

    package init() {}

    /// Counts an answered request; only such as the server knows the resource of, so that the figures stay few.
    package func answered(_ request: Request, code: Int, after duration: Duration) {
        let (total, time) = state.withLock { state -> (Counter, Metrics.Timer) in
            let outcome = Outcome(request: request, code: code)
            let total =
                state.totals[outcome]
                ?? Counter(label: "apiserver_request_total", dimensions: request.dimensions + [("code", String(code))])
            let time =
                state.durations[request]
                ?? Timer(label: "apiserver_request_duration_seconds", dimensions: request.dimensions)
            state.totals[outcome] = total
            state.durations[request] = time
            return (total, time)
        }
        total.increment()
        time.recordNanoseconds(Int64(clamping: duration / .nanoseconds(1)))
    }

    /// Tells how many requests are worked on.
    func inFlight(mutating: Int, readOnly: Int, waiting: Int) {
        let name = "apiserver_current_inflight_requests"
        Gauge(label: name, dimensions: [("request_kind", "mutating")]).record(mutating)
        Gauge(label: name, dimensions: [("request_kind", "readOnly")]).record(readOnly)
        Gauge(label: "apiserver_current_inqueue_requests").record(waiting)
    }

    /// Counts a request that was sent away because there were too many.
    package func rejected(_ reason: String) {
        Counter(label: "apiserver_flowcontrol_rejected_requests_total", dimensions: [("reason", reason)]).increment()
    }

    /// Counts watches and logs that go on, up and down.
    func longRunning(_ request: Request, by change: Int) {
        let count = state.withLock { state in
            state.longRunning[request, default: 0] += change
            return state.longRunning[request] ?? 0
        }
        Gauge(label: "apiserver_longrunning_requests", dimensions: request.dimensions).record(count)
    }

    /// Counts a watch that was ended because its client did not keep up.
    func terminatedWatcher(_ resource: String) {
        Counter(label: "apiserver_terminated_watchers_total", dimensions: [("resource", resource)]).increment()
    }

    package func connectionEnded(_ reason: ConnectionEnd) {
        Counter(label: "apiserver_connections_ended_total", dimensions: [("reason", reason.rawValue)]).increment()
    }
}
