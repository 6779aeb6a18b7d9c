import Basics
import Logging
import Synchronization
import Testing

@testable import Observability

@Suite("Log lines")
struct LogTests {
    private static func line(
        _ message: String,
        _ metadata: [(String, Logger.MetadataValue)],
        _ format: LogFormat,
        level: Logger.Level = .info
    ) -> String {
        let line = LogLine(
            time: Timestamp(seconds: 1_767_323_045, nanoseconds: 6_999_999),
            level: level,
            label: "runner",
            message: message,
            metadata: metadata.map { (key: $0.0, value: $0.1) }
        )
        return String(decoding: line.bytes(format: format), as: UTF8.self)
    }

    @Test("JSON keeps numbers and nesting, escapes, and never breaks the line")
    func json() {
        let text = Self.line(
            "done \"x\"\n\u{1B}",
            [
                ("a", "1"), ("b", .stringConvertible(2)), ("c", .stringConvertible(2.5)),
                ("d", .stringConvertible(true)),
                ("e", .array(["x", .dictionary(["k": "v"])])), ("level", "mine"), ("n", .stringConvertible(Double.nan)),
            ],
            .json
        )
        let want =
            #"{"ts":"2026-01-02T03:04:05.006Z","level":"info","logger":"runner","msg":"done \"x\"\n\u001b","a":"1","b":2,"#
            + #""c":2.5,"d":true,"e":["x",{"k":"v"}],"level_":"mine","n":"NaN"}"# + "\n"
        #expect(text == want)
    }

    @Test("Text quotes what would be ambiguous")
    func text() {
        let text = Self.line(
            "done",
            [("a", "plain"), ("b", "two words"), ("c", ""), ("d", "q\"")],
            .text,
            level: .warning
        )
        #expect(text == "2026-01-02T03:04:05.006Z WARNING  runner: done a=plain b=\"two words\" c=\"\" d=\"q\\\"\"\n")
    }

    @Test("A logger's, a provider's and an event's metadata meet in one line, the last one winning")
    func merging() {
        let lines = Mutex<[String]>([])
        let handler = LineLogHandler(
            label: "x",
            format: .json,
            level: .debug,
            metadataProvider: Logger.MetadataProvider { ["trace": "t", "run": "provider"] },
            sink: { bytes in lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) } }
        )
        var logger = Logger(label: "x", factory: { _ in handler })
        logger[metadataKey: "run"] = "logger"
        logger.info("m", metadata: ["step": "s", "trace": "event"])
        logger.trace("dropped")
        let all = lines.withLock { $0 }
        #expect(all.count == 1)
        #expect(all.first?.hasSuffix(#""msg":"m","run":"provider","step":"s","trace":"event"}"# + "\n") == true)
    }

    @Test(
        "Settings come from flags, then the environment, and a wrong word is a warning",
        arguments: [
            ([:], nil, nil, .info, .json, 0),
            (["LOG_LEVEL": "DEBUG", "LOG_FORMAT": "text"], nil, nil, .debug, .text, 0),
            (["LOG_LEVEL": "warn"], nil, nil, .warning, .json, 0),
            (["LOG_LEVEL": "debug"], "error", "text", .error, .text, 0),
            (["LOG_LEVEL": "loud", "LOG_FORMAT": "xml"], nil, nil, .info, .json, 2),
            (["LOG_LEVEL": ""], nil, nil, .info, .json, 0),
        ] as [([String: String], String?, String?, Logger.Level, LogFormat, Int)]
    )
    func settings(
        _ environment: [String: String],
        _ level: String?,
        _ format: String?,
        _ wantLevel: Logger.Level,
        _ wantFormat: LogFormat,
        _ warnings: Int
    ) {
        let settings = LogSettings(level: level, format: format, environment: environment, isTerminal: false)
        #expect(settings.level == wantLevel)
        #expect(settings.format == wantFormat)
        #expect(settings.warnings.count == warnings)
    }
}
