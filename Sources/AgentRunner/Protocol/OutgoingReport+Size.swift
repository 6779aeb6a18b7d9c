import APIMachinery

// A controller reads a bounded request, and closes the connection on a larger one, which the runner cannot tell from a
// failing network: it would send the same reports for ever, and no others.

extension OutgoingReport {
    /// Bytes that a request with several reports has; one report may have as many by itself.
    static let mostBytes = 16 << 20

    /// At least as many bytes as the report takes.
    var size: Int {
        var bound = 4096 + 6 * (logTail?.utf8.count ?? 0)
        if let error { bound += 6 * (error.message.utf8.count + error.reason.utf8.count) }
        if let output { bound += output.largestSize }
        return bound <= Self.mostBytes / 16 ? bound : json.bytes.count
    }

    /// The report itself, or that of a failure if it is larger than a request may be.
    var bounded: OutgoingReport {
        let size = size
        guard size > Self.mostBytes else { return self }
        var copy = self
        copy.output = nil
        copy.logTail = nil
        copy.outcome = .failed
        copy.error = JobError(
            "OutputTooLarge",
            "the output takes \(size) bytes as JSON, more than a runner can report (\(Self.mostBytes)); write large "
                + "results to a file and output its name",
            retryable: false
        )
        return copy
    }
}

extension JSONValue {
    /// At least as many bytes as the value takes as JSON, without writing it.
    fileprivate var largestSize: Int {
        switch self {
        case .null, .bool: 5
        case .int, .double: 32
        case .string(let text): 6 * text.utf8.count + 2
        case .array(let elements): elements.reduce(2) { $0 + $1.largestSize + 1 }
        case .object(let members): members.reduce(2) { $0 + 6 * $1.key.utf8.count + 4 + $1.value.largestSize }
        }
    }
}
