package import APIMachinery
package import HTTPServing
package import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Where and how the audit log is kept.
public struct AuditOptions: Sendable {
    /// The file; `-` is standard output. Its folder must exist.
    public var path: String
    /// A file larger than this many bytes is put aside under a name with the time.
    public var maximumFileBytes = 100 << 20
    /// How many files that were put aside are kept; 0 keeps all.
    public var maximumBackups = 10

    /// A log in that file.
    public init(path: String) { self.path = path }
}

/// Writes audit events as lines of JSON, off the way of requests.
///
/// Requests only append to memory. If the disk is full or too slow they go on, and a counter tells what was lost.
package final class AuditLog: Service {
    private struct State {
        var pending: [UInt8] = []
        var count = 0
    }

    /// More than this is not held in memory.
    private static let maximumPending = 16 << 20
    /// How long lines wait for others, so that a busy server writes many at once.
    private static let pause = Duration.milliseconds(50)

    private let state = Mutex(State())
    private let file: AuditFile
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let events = Counter(label: "apiserver_audit_event_total")
    private let lost = Counter(label: "apiserver_audit_error_total", dimensions: [("plugin", "log")])
    private let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    package init(_ options: AuditOptions, now: @escaping @Sendable () -> Timestamp, logger: Logger) {
        file = AuditFile(options)
        self.now = now
        self.logger = logger
        events.increment(by: 0)
        lost.increment(by: 0)
    }

    /// Opens the file, so that a wrong path is found at the start.
    package func open() throws { try file.open() }

    /// Notes how far a request has come.
    package func note(_ record: AuditRecord, _ stage: AuditRecord.Stage, status: JSONValue) {
        let line = record.line(stage, status: status, now: now())
        events.increment()
        let isKept = state.withLock { state -> Bool in
            guard state.pending.count + line.count <= Self.maximumPending else { return false }
            state.pending += line
            state.count += 1
            return true
        }
        if isKept { signal.yield() } else { lost.increment() }
    }

    /// Notes an answer: at once, or when all of it has been sent.
    package func finish(_ record: AuditRecord, _ response: inout APIResponse) {
        let status = AuditRecord.status(of: response)
        guard case .stream(let stream) = response.body else {
            return note(record, .responseComplete, status: status)
        }
        note(record, .responseStarted, status: status)
        response.body = .stream(
            StreamingBody(cancel: stream.cancel) { [self] sink in
                do {
                    try await stream.run(sink)
                } catch {
                    note(record, .responseComplete, status: status)
                    throw error
                }
                note(record, .responseComplete, status: status)
            }
        )
    }

    /// Writes until the server stops; what is left is written by ``close()``.
    package func run() async throws {
        for await _ in signals.cancelOnGracefulShutdown() {
            flush()
            // Only a cancellation ends the pause early, and the loop with it.
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// Writes what is still in memory. Call it when no request is answered any more.
    package func close() { flush() }

    private func flush() {
        let (bytes, count) = state.withLock { state in
            defer {
                state.pending.removeAll(keepingCapacity: state.pending.count < 1 << 20)
                state.count = 0
            }
            return (state.pending, state.count)
        }
        guard !bytes.isEmpty else { return }
        do {
            try file.write(bytes, now: now())
        } catch {
            lost.increment(by: count)
            logger.error("audit events lost", metadata: ["events": "\(count)", "error": "\(error)"])
        }
    }
}
