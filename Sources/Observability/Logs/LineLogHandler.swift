import Basics
import Glibc
public import Logging
import Synchronization

/// Writes every event as one line to a sink, in one call, so that lines of several threads never mix.
public struct LineLogHandler: LogHandler {
    /// Where finished lines go.
    public typealias Sink = @Sendable ([UInt8]) -> Void

    private let label: String
    private let format: LogFormat
    private let sink: Sink

    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level

    /// Makes a handler for one logger.
    public init(
        label: String,
        format: LogFormat,
        level: Logger.Level,
        metadataProvider: Logger.MetadataProvider? = nil,
        sink: @escaping Sink = LineLogHandler.standardError
    ) {
        self.label = label
        self.format = format
        self.sink = sink
        logLevel = level
        self.metadataProvider = metadataProvider
    }

    public subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let line = LogLine(
            time: .now(),
            level: event.level,
            label: label,
            message: event.message.description,
            metadata: merged(with: event)
        )
        sink(line.bytes(format: format))
    }

    /// The logger's metadata, the task's, the event's, the later ones winning; sorted for a steady column order.
    private func merged(with event: LogEvent) -> [(key: String, value: Logger.MetadataValue)] {
        var all = metadata
        if let provided = metadataProvider?.get(), !provided.isEmpty { all.merge(provided) { $1 } }
        if let own = event.metadata, !own.isEmpty { all.merge(own) { $1 } }
        if let error = event.error, all["error"] == nil { all["error"] = .string("\(error)") }
        return all.sorted { $0.key < $1.key }
    }

    private static let writing = Mutex(())

    /// Writes to standard error. A line that cannot be written is dropped: logging must never stop the work.
    public static let standardError: Sink = { bytes in
        writing.withLock { _ in
            bytes.withUnsafeBytes { buffer in
                var rest = buffer[...]
                while !rest.isEmpty {
                    let count = write(2, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                    if count < 0 {
                        if errno == EINTR { continue }
                        return
                    }
                    rest = rest.dropFirst(count)
                }
            }
        }
    }
}
