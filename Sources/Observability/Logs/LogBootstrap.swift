import Glibc
public import Logging

/// What a process logs and how: from flags, else from `LOG_LEVEL` and `LOG_FORMAT`, else `info` as JSON
/// (as text where standard error is a terminal).
public struct LogSettings: Sendable, Equatable {
    /// Events below this level are dropped.
    public var level: Logger.Level
    /// How lines look.
    public var format: LogFormat
    /// What was not understood, each with the words that would be; log them once logging works.
    public var warnings: [String]

    /// Reads the settings. A flag (`level`, `format`) wins over the environment; a word that is not known is
    /// reported in `warnings` and falls back to the default, because a typo must not keep a service from starting.
    public init(
        level: String? = nil,
        format: String? = nil,
        environment: [String: String],
        isTerminal: Bool? = nil
    ) {
        var warnings: [String] = []
        self.level = .info
        if let word = level ?? environment["LOG_LEVEL"], !word.isEmpty {
            if let known = Self.level(named: word) {
                self.level = known
            } else {
                let words = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
                warnings.append("log level \"\(word)\" is unknown: use one of \(words)")
            }
        }
        self.format = (isTerminal ?? (isatty(2) == 1)) ? .text : .json
        if let word = format ?? environment["LOG_FORMAT"], !word.isEmpty {
            if let known = LogFormat(rawValue: word.lowercased()) {
                self.format = known
            } else {
                let words = LogFormat.allCases.map(\.rawValue).joined(separator: ", ")
                warnings.append("log format \"\(word)\" is unknown: use one of \(words)")
            }
        }
        self.warnings = warnings
    }

    /// A level by swift-log's name or by one that other systems use, in any case.
    public static func level(named word: String) -> Logger.Level? {
        switch word.lowercased() {
        case "warn": .warning
        case "err": .error
        case "fatal", "panic": .critical
        case "verbose": .debug
        case let other: Logger.Level(rawValue: other)
        }
    }
}

/// Installs the log back end of a process. Call it once, from an executable, before anything logs.
public enum LogBootstrap {
    /// Sends all loggers to standard error as the settings say, and logs the settings' warnings.
    public static func bootstrap(_ settings: LogSettings, metadataProvider: Logger.MetadataProvider? = nil) {
        LoggingSystem.bootstrap(
            { label, provider in
                LineLogHandler(
                    label: label,
                    format: settings.format,
                    level: settings.level,
                    metadataProvider: provider
                )
            },
            metadataProvider: metadataProvider
        )
        let logger = Logger(label: "martinet.logs")
        for warning in settings.warnings { logger.warning("\(warning)") }
    }
}
