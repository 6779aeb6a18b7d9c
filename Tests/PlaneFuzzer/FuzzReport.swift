import APIMachinery
import FoundationEssentials
import Synchronization

/// A property of the plane that did not hold.
public struct FuzzFinding: Error, Sendable, CustomStringConvertible {
    /// Which property, in a few words.
    public var property: String
    /// The request that showed it, if one did.
    public var request: FuzzRequest?
    public var detail: String

    public var description: String {
        [property, request?.summary, detail].compactMap { $0 }.joined(separator: "\n")
    }

    /// Findings of one signature are one finding: numbers and names are left out.
    var signature: String {
        let path = request?.path.prefix { $0 != "?" } ?? ""
        let text = "\(property) \(request?.method ?? "") \(path) \(detail.prefix(160))"
        return String(text.unicodeScalars.filter { !("0"..."9").contains($0) }.map(Character.init))
    }
}

/// What a run of the fuzzer did and found.
public struct FuzzSummary: Sendable, CustomStringConvertible {
    public var requests = 0
    /// How many answers had which status code.
    public var answers: [Int: Int] = [:]
    public var seconds = 0.0
    public var restarts = 0
    public var runs = 0
    public var findings: [FuzzFinding] = []
    /// The requests that were answered together and took longest, and how long.
    public var slowest: (seconds: Double, requests: String) = (0, "")

    public var description: String {
        let codes = answers.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        let rate = Int(clamping: (Double(requests) / max(seconds, 0.001)).rounded())
        return "\(requests) requests, \(rate) a second; answers \(codes); \(runs) runs have ended; "
            + "\(restarts) restarts; \(findings.count) findings; at most \(Int(clamping: slowest.seconds)) s for "
            + slowest.requests
    }
}

/// Gathers what is found, with the requests before it.
final class FuzzReport: Sendable {
    private struct State {
        var summary = FuzzSummary()
        var signatures: Set<String> = []
        /// The last requests, oldest first, those without an answer among them.
        var recent: [FuzzRequest] = []
    }

    /// Requests that are kept to be saved when something is found.
    private static let kept = 512
    private static let mostFindings = 20

    private let state = Mutex(State())

    var summary: FuzzSummary { state.withLock { $0.summary } }
    var isFull: Bool { state.withLock { $0.summary.findings.count >= Self.mostFindings } }

    func update(_ change: (inout FuzzSummary) -> Void) { state.withLock { change(&$0.summary) } }

    func noteTime(_ seconds: Double, _ requests: some Collection<FuzzRequest>) {
        state.withLock { state in
            guard seconds > state.summary.slowest.seconds else { return }
            let lines = requests.map { "\($0.method) \($0.path.prefix(100)) (\($0.body.count) bytes)" }
            state.summary.slowest = (seconds, lines.joined(separator: ", "))
        }
    }

    func willAsk(_ requests: [FuzzRequest]) {
        state.withLock { state in
            state.recent += requests
            if state.recent.count > 2 * Self.kept { state.recent.removeFirst(state.recent.count - Self.kept) }
            state.summary.requests += requests.count
        }
    }

    /// Notes the finding, unless there was one of its signature.
    func note(_ finding: FuzzFinding) {
        state.withLock { state in
            guard state.signatures.insert(finding.signature).inserted else { return }
            state.summary.findings.append(finding)
        }
    }

    /// The last requests, one a line, to be asked again.
    func recentLines() -> [UInt8] {
        state.withLock { $0.recent.suffix(Self.kept) }.flatMap { $0.json.bytes + [UInt8(ascii: "\n")] }
    }
}
