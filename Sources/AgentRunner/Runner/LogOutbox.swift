import APIMachinery
import Logging
import Synchronization

/// What running jobs have written to their logs and the controller has not been sent yet.
///
/// Of each job only the end is kept: what is written faster than it is sent is left out in the middle, and comes with
/// the report as far as that reaches.
final class LogOutbox: Sendable {
    /// A piece of a job's log that is ready to be sent.
    struct Piece: Sendable {
        var job: Job
        var text: String
        /// How many bytes the job had written in all after this text.
        var end: Int

        var json: JSONValue {
            ["job": job.wireID, "token": job.token, "log": .string(text), "end": .int(Int64(end))]
        }
    }

    private struct State {
        var entries: [JobKey: Entry] = [:]
        /// Whether the sending loop has been woken for what is waiting.
        var isAnnounced = false
    }

    private struct Entry {
        var job: Job
        var unsent: [UInt8] = []
        var end = 0
    }

    /// Bytes kept of one job, and sent in one piece.
    static let limit = 64 << 10
    /// Bytes sent in one call; what remains goes with the next.
    static let callLimit = 1 << 20

    private let state = Mutex(State())
    private let hasNews = Monitor(false)

    /// Takes what a job has written.
    func append(_ bytes: UnsafeRawBufferPointer, of job: Job) {
        let isFirst = state.withLock { state in
            var entry = state.entries.removeValue(forKey: job.key) ?? Entry(job: job)
            entry.unsent.append(contentsOf: bytes)
            entry.end += bytes.count
            // Cutting at twice the limit makes the copying linear in what goes by.
            if entry.unsent.count > 2 * Self.limit { entry.unsent.removeFirst(entry.unsent.count - Self.limit) }
            state.entries[job.key] = entry
            defer { state.isAnnounced = true }
            return !state.isAnnounced
        }
        if isFirst { hasNews.update { $0 = true } }
    }

    /// Forgets a job that has ended.
    func close(_ job: JobKey) { state.withLock { $0.entries[job] = nil } }

    /// Returns once there is something to send.
    func wait() async throws { try await hasNews.wait { $0 ? () : nil } }

    /// Takes out what is to be sent now.
    func take() -> [Piece] {
        hasNews.update { $0 = false }
        let (pieces, isMore) = state.withLock { state in
            var pieces: [Piece] = []
            var room = Self.callLimit
            state.isAnnounced = false
            for (key, entry) in state.entries where !entry.unsent.isEmpty {
                guard room > 0 else {
                    state.isAnnounced = true
                    return (pieces, true)
                }
                let kept = entry.unsent.suffix(Self.limit)
                // A character whose end has not come yet waits for it.
                let whole = Self.wholeCharacters(kept)
                state.entries[key]?.unsent = Array(kept[whole.endIndex...])
                guard !whole.isEmpty else { continue }
                let end = entry.end - (kept.endIndex - whole.endIndex)
                pieces.append(Piece(job: entry.job, text: String(decoding: whole, as: UTF8.self), end: end))
                room -= whole.count
            }
            return (pieces, false)
        }
        if isMore { hasNews.update { $0 = true } }
        return pieces
    }

    /// The bytes without the beginning of a character at the end, and the end of one at the beginning.
    static func wholeCharacters(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
        var result = bytes
        if let first = result.prefix(4).firstIndex(where: { !isContinuation($0) }) { result = result[first...] }
        for length in 1...3 where result.count >= length {
            let byte = result[result.endIndex - length]
            if isContinuation(byte) { continue }
            let needed = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            if needed > length { result = result.dropLast(length) }
            break
        }
        return result
    }
}

extension Runner {
    /// Between two calls; so often, people see a job's log grow.
    private static let logInterval: Duration = .milliseconds(500)
    /// After a call that failed, as logs matter less than everything else.
    private static let logPause: Duration = .seconds(15)

    /// Sends what running jobs write to the controller, while they run. What cannot be sent is left out: the report
    /// brings the end of each log.
    func logLoop() async {
        // Waiting ends with an error only when the task is cancelled.
        while (try? await logs.wait()) != nil {
            // The same.
            guard (try? await clock.sleep(for: Self.logInterval)) != nil else { return }
            let pieces = logs.take()
            guard !pieces.isEmpty else { continue }
            do {
                _ = try await call(.logs, ["logs": .array(pieces.map(\.json))], timeout: .seconds(10))
            } catch {
                if error is CancellationError { return }
                // A controller of an earlier version does not know the call.
                logger.debug("logs could not be sent", metadata: ["error": "\(error)"])
                // Cancelled: the runner stops.
                guard (try? await clock.sleep(for: Self.logPause)) != nil else { return }
            }
        }
    }
}
