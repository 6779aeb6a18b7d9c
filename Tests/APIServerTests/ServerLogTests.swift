import Logging
import Synchronization
import Testing

import HTTPServing

@Suite struct ServerLogTests {
    private final class Lines: Sendable { let all = Mutex<[String]>([]) }

    private struct Handler: LogHandler {
        let lines: Lines
        var metadata = Logger.Metadata()
        var logLevel: Logger.Level

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.all.withLock { $0.append("\(event.level) \(event.message)") } }
    }

    @Test(
        "What a server says of its orderly end is no error",
        arguments: [
            (Logger.Level.info, ["error other"]), (.debug, ["debug cancelled", "debug closed", "error other"]),
        ]
    )
    func levels(_ level: Logger.Level, _ expected: [String]) {
        let lines = Lines()
        let logger = Logger(label: "test") { _ in Handler(lines: lines, logLevel: level) }.forServer
        logger.error("Waiting on child channel: CancellationError()")
        logger.error("Server shutdown error: Already closed")
        logger.error("Waiting on child channel: other")
        let words = lines.all.withLock { $0 }.map { line in
            line.replacing("Waiting on child channel: CancellationError()", with: "cancelled")
                .replacing("Server shutdown error: Already closed", with: "closed")
                .replacing("Waiting on child channel: other", with: "other")
        }
        #expect(words == expected)
    }
}
