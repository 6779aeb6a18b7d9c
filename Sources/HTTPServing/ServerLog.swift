public import Logging
import NIOCore

extension Logger {
    /// The logger for an HTTP server: what the server logs as an error when it is stopped or could not start is part of
    /// an orderly end, and goes to `debug`. The error itself is thrown, and its caller reports it.
    public var forServer: Logger {
        var logger = self
        logger.handler = ServerLogHandler(base: handler)
        return logger
    }
}

/// Passes log lines on, those of an orderly end at a lower level.
private struct ServerLogHandler: LogHandler {
    var base: any LogHandler

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    var metadataProvider: Logger.MetadataProvider? {
        get { base.metadataProvider }
        set { base.metadataProvider = newValue }
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        var event = event
        if event.level == .error, Self.isEnd("\(event.message)") {
            guard base.logLevel <= .debug else { return }
            event.level = .debug
        }
        base.log(event: event)
    }

    /// What a server says whose task is cancelled, and which is then told to stop although it has stopped.
    private static func isEnd(_ message: String) -> Bool {
        message.hasSuffix(": CancellationError()") || message == "Server shutdown error: \(ChannelError.alreadyClosed)"
    }
}
