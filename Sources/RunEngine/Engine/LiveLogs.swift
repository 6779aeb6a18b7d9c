public import Storage
import Synchronization

/// The logs of running attempts so far, as their runners send them.
///
/// In memory only and bounded: each attempt has the end of its log, and all of them share a budget, beyond which the
/// log that was not written for the longest time is dropped. A cache for users who read the log of a running step: the
/// report has the end of the log again.
final class LiveLogs: Sendable {
    /// The end of one attempt's log.
    struct Log: Sendable {
        /// The lease under which it is written.
        var token: Int64
        var text: [UInt8]
        /// How many bytes the attempt has written in all; `text` holds the last of them.
        var end: Int
        fileprivate var turn: UInt64
    }

    private struct State {
        var logs: [JobID: Log] = [:]
        var bytes = 0
        var turn: UInt64 = 0
    }

    private let limit: Int
    private let budget: Int
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: bytes kept of one attempt.
    ///   - budget: bytes kept of all.
    init(limit: Int = 64 << 10, budget: Int = 32 << 20) {
        self.limit = limit
        self.budget = budget
    }

    /// Takes what an attempt has written since the last time.
    ///
    /// - Parameter end: how many bytes the attempt had written in all after this text. Text that is known already is
    ///   not taken twice, and where some is missing only what follows is kept.
    func append(_ text: some Collection<UInt8>, end: Int, to job: JobID, token: Int64) {
        state.withLock { state in
            state.turn += 1
            var log = state.logs.removeValue(forKey: job) ?? Log(token: token, text: [], end: 0, turn: 0)
            state.bytes -= log.text.count
            if log.token != token { log = Log(token: token, text: [], end: 0, turn: 0) }
            Self.append(text, end: end, to: &log, limit: limit)
            log.turn = state.turn
            state.bytes += log.text.count
            state.logs[job] = log
            while state.bytes > budget, let oldest = state.logs.min(by: { $0.value.turn < $1.value.turn }) {
                state.bytes -= oldest.value.text.count
                state.logs[oldest.key] = nil
            }
        }
    }

    private static func append(_ text: some Collection<UInt8>, end: Int, to log: inout Log, limit: Int) {
        guard end > log.end else { return }
        let isAdjacent = end - text.count <= log.end
        let new = text.suffix(min(limit, end - log.end))
        if !isAdjacent { log.text = [] }
        log.text += new
        if log.text.count > limit { log.text.removeFirst(log.text.count - limit) }
        log.end = end
    }

    /// The log so far; `nil` if nothing is known.
    func log(of job: JobID) -> Log? { state.withLock { $0.logs[job] } }

    /// The log of an attempt, from what is known here and the end of the log in its report. If the report does not say
    /// how much was written in all (0), its text is the whole log.
    func completed(_ job: JobID, token: Int64, with tail: [UInt8], end: Int) -> (text: [UInt8], end: Int) {
        guard var log = log(of: job), log.token == token, end > 0 || tail.isEmpty else {
            return (tail, max(end, tail.count))
        }
        Self.append(tail, end: end, to: &log, limit: limit)
        return (log.text, log.end)
    }

    /// Forgets an attempt that has ended.
    func remove(_ job: JobID, token: Int64) {
        state.withLock { state in
            guard let log = state.logs[job], log.token == token else { return }
            state.bytes -= log.text.count
            state.logs[job] = nil
        }
    }

    /// Bytes kept now.
    var bytes: Int { state.withLock { $0.bytes } }
}

/// A piece of a running attempt's log.
public struct LogPiece: Sendable, Hashable {
    public var job: JobID
    public var token: Int64
    public var text: [UInt8]
    /// How many bytes the attempt had written in all after this text.
    public var end: Int

    /// A piece that ends there.
    public init(job: JobID, token: Int64, text: [UInt8], end: Int) {
        self.job = job
        self.token = token
        self.text = text
        self.end = end
    }
}

extension RunEngine {
    /// Adds what a runner's jobs have written. Pieces of jobs that the runner does not hold are ignored.
    public func appendLogs(_ runner: RunnerReference, _ pieces: [LogPiece]) {
        let held = registry.held(runner.key)
        for piece in pieces where held[piece.job]?.token == piece.token {
            liveLogs.append(piece.text, end: piece.end, to: piece.job, token: piece.token)
        }
    }
}
