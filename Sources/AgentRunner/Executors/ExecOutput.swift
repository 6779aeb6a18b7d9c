import APIMachinery

/// What a program printed, turned into the step's output. Pure.
enum ExecOutput {
    /// Reads standard output as the step's mode says.
    ///
    /// - Throws: a `JobError` with reason `InvalidOutput`. The program broke its contract; another attempt would too.
    static func value(of bytes: [UInt8], mode: ExecStep.OutputMode) throws(JobError) -> JSONValue {
        switch mode {
        case .text: return .string(String(decoding: bytes, as: UTF8.self))
        case .document:
            return try parse(bytes[...], what: "standard output", remedy: "it must be one JSON document")
        case .lastLine:
            let line = lastLine(of: bytes)
            guard !line.isEmpty else {
                throw invalid(
                    "the program printed nothing: the last line of standard output must be one JSON value; "
                        + "for a program that prints none, set with.output: text"
                )
            }
            return try parse(
                line,
                what: "the last line of standard output",
                remedy: "it must be one JSON value; for plain text, set with.output: text"
            )
        }
    }

    /// The last line that holds anything: line feeds and blanks at the end do not count as a line.
    static func lastLine(of bytes: [UInt8]) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D || byte == 0x20 || byte == 0x09 }
        guard let end = bytes.lastIndex(where: { !isBlank($0) }) else { return [] }
        let start = bytes[...end].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return bytes[start...end]
    }

    /// The text for an error of that program: the last line of its log that holds anything.
    static func lastLogLine(_ log: String) -> String? {
        let line = lastLine(of: Array(log.utf8))
        guard !line.isEmpty else { return nil }
        let text = String(decoding: line, as: UTF8.self)
        return text.count > 300 ? text.prefix(300) + "…" : text
    }

    private static func parse(
        _ bytes: ArraySlice<UInt8>,
        what: String,
        remedy: String
    ) throws(JobError) -> JSONValue {
        do {
            return try JSONValue(parsing: bytes, maximumDepth: JSONValue.maximumValueDepth)
        } catch {
            let sample = String(decoding: bytes.prefix(80), as: UTF8.self)
            throw invalid("\(what) is not JSON (\(error)), \(remedy); it starts with: \(sample)")
        }
    }

    private static func invalid(_ message: String) -> JobError { JobError("InvalidOutput", message, retryable: false) }
}

/// Keeps the end of a stream in bounded memory.
struct ByteTail: Sendable {
    let limit: Int
    private var bytes: [UInt8] = []
    /// All bytes that went by.
    private(set) var total = 0

    init(limit: Int) { self.limit = limit }

    mutating func append(_ chunk: UnsafeRawBufferPointer) {
        total += chunk.count
        bytes.append(contentsOf: chunk)
        // Cutting at twice the limit makes the copying linear in what goes by.
        if bytes.count > 2 * limit { bytes.removeFirst(bytes.count - limit) }
    }

    /// The tail as text. Where something was cut off it begins at a line, if one begins in it.
    var text: String {
        var slice = bytes.suffix(limit)
        if total > slice.count, let feed = slice.firstIndex(of: 0x0A), feed + 1 < slice.endIndex {
            slice = slice[(feed + 1)...]
        }
        return String(decoding: slice, as: UTF8.self)
    }
}
