import Logging
import Storage
import Synchronization
import Testing

@testable import RunEngine

/// Revisions that are stored and cannot be read.
@Suite struct UnreadableRevisionTests {
    /// Keeps what is logged as an error.
    private final class Errors: Sendable {
        let lines = Mutex<[String]>([])
    }

    private struct Handler: LogHandler {
        let errors: Errors
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            guard event.level >= .error else { return }
            let line = "\(event.message) \(event.metadata ?? [:])"
            errors.lines.withLock { $0.append(line) }
        }
    }

    @Test(
        "It is logged once, with the reason; one that was never stored is not",
        arguments: ["{", "{}", #"{"steps":1}"#]
    )
    func logged(_ bytes: String) async throws {
        let errors = Errors()
        let workflows = CompiledWorkflows(logger: Logger(label: "test") { _ in Handler(errors: errors) })
        let store = MemoryRunStore()
        try await store.transaction { transaction in
            try transaction.insertWorkflowRevision("broken", spec: Array(bytes.utf8))
            for _ in 0..<3 {
                #expect(try workflows.compiled("broken", from: transaction) == nil)
                #expect(try workflows.compiled("missing", from: transaction) == nil)
            }
        }
        let lines = errors.lines.withLock { $0 }
        #expect(lines.count == 1)
        #expect(lines.first?.contains("cannot be read") == true && lines.first?.contains("broken") == true)
    }
}
