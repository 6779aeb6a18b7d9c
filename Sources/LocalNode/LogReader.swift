import APIMachinery
import KubeClient

/// One line of a container's log file.
struct LogLine: Sendable, Hashable {
    var time: ArraySlice<UInt8>
    /// The text goes on in the next line.
    var isPartial: Bool
    var text: ArraySlice<UInt8>

    /// Reads `TIME STREAM TAG TEXT`; `nil` for what the shim did not write.
    init?(_ line: ArraySlice<UInt8>) {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4, parts[2].count == 1 else { return nil }
        time = parts[0]
        isPartial = parts[2].first == UInt8(ascii: "P")
        text = parts[3]
    }

    /// RFC 3339 with nanoseconds in UTC sorts as text.
    func isBefore(_ moment: String) -> Bool { time.lexicographicallyPrecedes(moment.utf8) }
}

/// Chooses and renders the lines of a log that a request asks for. Pure; used for what is there and for what comes.
struct LogSelection: Sendable {
    private let since: String?
    private let withTimes: Bool
    private var limit: Int?
    /// Whether the next line begins a text: continuations get no time of their own.
    private var isAtStart = true

    init(_ options: PodLogOptions, now: Timestamp) {
        withTimes = options.timestamps
        limit = options.limitBytes
        if let seconds = options.sinceSeconds {
            since = now.advanced(by: .zero - .seconds(seconds)).rfc3339Nano
        } else {
            since = options.sinceTime.flatMap(Timestamp.init(rfc3339:))?.rfc3339Nano
        }
    }

    /// Nothing more can come: the limit is reached.
    var isFull: Bool { limit.map { $0 <= 0 } ?? false }

    /// What is shown of a line.
    mutating func render(_ line: LogLine) -> [UInt8] {
        defer { isAtStart = !line.isPartial }
        if isFull { return [] }
        if let since, line.isBefore(since) { return [] }
        var result: [UInt8] = []
        if withTimes, isAtStart {
            result += line.time
            result.append(UInt8(ascii: " "))
        }
        result += line.text
        if !line.isPartial { result.append(UInt8(ascii: "\n")) }
        if let limit {
            result = Array(result.prefix(limit))
            self.limit = limit - result.count
        }
        return result
    }

    /// The last lines of what is there, counted as the reader sees them.
    static func tail(_ lines: [LogLine], _ count: Int?) -> ArraySlice<LogLine> {
        guard let count else { return lines[...] }
        var index = lines.endIndex
        var found = 0
        while index > 0 {
            if !lines[index - 1].isPartial {
                if found == count { break }
                found += 1
            } else if found == 0, index == lines.endIndex {
                // A text that is not finished yet counts as a line.
                if count == 0 { break }
                found = 1
            }
            index -= 1
        }
        return lines[index...]
    }
}
