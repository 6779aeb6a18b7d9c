import Basics
import Logging

/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    /// One JSON object a line: `ts`, `level`, `logger`, `msg`, then the metadata.
    case json
    /// For people: time, level, logger, message, then `key=value`.
    case text
}

/// Turns one event into one line. Pure: the time comes in, bytes come out.
struct LogLine {
    var time: Timestamp
    var level: Logger.Level
    var label: String
    var message: String
    var metadata: [(key: String, value: Logger.MetadataValue)]

    /// Names that the line itself uses; metadata under such a name gets a trailing `_`.
    private static let reserved: Set<String> = ["ts", "level", "logger", "msg"]

    func bytes(format: LogFormat) -> [UInt8] { format == .json ? json() : text() }

    private func json() -> [UInt8] {
        var line = LineJSON()
        line.beginObject()
        line.key("ts")
        line.string(time.rfc3339Milli)
        line.key("level")
        line.string(level.rawValue)
        line.key("logger")
        line.string(label)
        line.key("msg")
        line.string(message)
        for (key, value) in metadata {
            line.key(Self.reserved.contains(key) ? key + "_" : key)
            Self.write(value, to: &line)
        }
        line.endObject()
        return line.bytes + [0x0A]
    }

    private func text() -> [UInt8] {
        var bytes = Array(time.rfc3339Milli.utf8)
        bytes.append(UInt8(ascii: " "))
        let name = level == .notice ? "notice" : level.rawValue
        bytes.append(contentsOf: name.uppercased().utf8)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: max(0, 8 - name.utf8.count) + 1))
        bytes.append(contentsOf: label.utf8)
        bytes.append(contentsOf: ": ".utf8)
        // A message may hold line feeds; the line must stay one line.
        LineJSON.escape(message, into: &bytes)
        for (key, value) in metadata {
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: key.utf8)
            bytes.append(UInt8(ascii: "="))
            let text = "\(value)"
            let bare = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7F }
            if !bare { bytes.append(UInt8(ascii: "\"")) }
            if bare { bytes.append(contentsOf: text.utf8) } else { LineJSON.escape(text, into: &bytes) }
            if !bare { bytes.append(UInt8(ascii: "\"")) }
        }
        bytes.append(0x0A)
        return bytes
    }

    private static func write(_ value: Logger.MetadataValue, to line: inout LineJSON) {
        switch value {
        case .string(let text): line.string(text)
        // Numbers and truth values stay what they are, so that a log store can compute with them.
        case .stringConvertible(let number as any BinaryInteger): line.literal("\(number)")
        case .stringConvertible(let number as Double): line.number(number)
        case .stringConvertible(let flag as Bool): line.literal(flag ? "true" : "false")
        case .stringConvertible(let other): line.string("\(other)")
        case .array(let values):
            line.beginArray()
            for value in values { write(value, to: &line) }
            line.endArray()
        case .dictionary(let members):
            line.beginObject()
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                line.key(key)
                write(value, to: &line)
            }
            line.endObject()
        }
    }
}
