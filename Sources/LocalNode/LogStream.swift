import APIMachinery
import Glibc
import KubeClient

/// A container's log in pieces, as `kubectl logs` wants it; goes on with the log when following. Read as fast as it is
/// consumed and no faster.
public struct LogStream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]

    /// The present file; older ones are beside it as `FILE.1`, `FILE.2`, ….
    let file: String
    let options: PodLogOptions
    let time: any TimeSource
    /// Whether the log may still grow.
    let isGrowing: @Sendable () -> Bool

    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(stream: self, selection: LogSelection(options, now: time.now))
    }

    /// Reads the files one after the other.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let stream: LogStream
        var selection: LogSelection
        /// Files to be read, next one last.
        private var remaining: [String] = []
        private var reader: LogFileReader?
        private var isOpened = false
        private var isEnded = false

        init(stream: LogStream, selection: LogSelection) {
            self.stream = stream
            self.selection = selection
        }

        public mutating func next() async throws -> [UInt8]? {
            while !isEnded {
                try Task.checkCancellation()
                if !isOpened {
                    if let first = open() { return first }
                    continue
                }
                // Asked before reading: what is written before the end is then surely read.
                let isGrowing = stream.options.follow && stream.isGrowing()
                let (lines, isAtEnd) = reader?.read() ?? ([], true)
                let output = render(lines)
                if selection.isFull { isEnded = true }
                if isAtEnd, !advance(), !isGrowing { isEnded = true }
                if !output.isEmpty { return output }
                if isAtEnd, !isEnded { try await stream.time.sleep(for: .milliseconds(100)) }
            }
            return nil
        }

        /// Finds the files, and begins with the last lines if only those are wanted.
        private mutating func open() -> [UInt8]? {
            isOpened = true
            var files = [stream.file]
            for index in 1... {
                let older = "\(stream.file).\(index)"
                guard access(older, R_OK) == 0 else { break }
                files.append(older)
            }
            guard stream.options.tailLines != nil else {
                remaining = files
                _ = advance()
                return nil
            }
            var lines: [LogLine] = []
            for file in files {
                guard var older = LogFileReader(file) else { continue }
                var all: [LogLine] = []
                while case let (some, isAtEnd) = older.read(), !some.isEmpty || !isAtEnd { all += some }
                lines = all + lines
                // The reader of the newest file stays open, to follow it.
                if file == stream.file { reader = older }
                if let count = stream.options.tailLines, lines.count > count { break }
            }
            let output = render(LogSelection.tail(lines, stream.options.tailLines))
            return output.isEmpty ? nil : output
        }

        /// Opens the next file, or the one that has taken the present one's place.
        private mutating func advance() -> Bool {
            if let file = remaining.popLast() {
                reader = LogFileReader(file) ?? reader
                return true
            }
            guard stream.options.follow, reader?.isCurrent(stream.file) != true else { return false }
            guard let next = LogFileReader(stream.file) else { return false }
            reader = next
            return true
        }

        private mutating func render(_ lines: some Sequence<LogLine>) -> [UInt8] {
            var output: [UInt8] = []
            for line in lines { output += selection.render(line) }
            return output
        }
    }
}

/// Reads a log file from its beginning, complete lines only. Closed when the last copy goes.
private struct LogFileReader {
    private final class Descriptor: Sendable {
        let number: Int32

        init?(_ path: String) {
            number = open(path, O_RDONLY | O_CLOEXEC)
            if number < 0 { return nil }
        }

        deinit { close(number) }
    }

    private let descriptor: Descriptor
    private var pending: [UInt8] = []

    init?(_ path: String) {
        guard let descriptor = Descriptor(path) else { return nil }
        self.descriptor = descriptor
    }

    /// The next lines, and whether there was nothing more to read.
    mutating func read() -> ([LogLine], isAtEnd: Bool) {
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = Glibc.read(descriptor.number, &buffer, buffer.count)
        guard count > 0 else { return ([], true) }
        pending += buffer[..<count]
        guard let end = pending.lastIndex(of: UInt8(ascii: "\n")) else { return ([], false) }
        let complete = pending[...end]
        pending = Array(pending[(end + 1)...])
        return (complete.split(separator: UInt8(ascii: "\n")).compactMap { LogLine($0) }, false)
    }

    /// Whether the path still leads to this file, and not to one that was begun after it was full.
    func isCurrent(_ path: String) -> Bool {
        var mine = stat()
        var other = stat()
        guard fstat(descriptor.number, &mine) == 0, stat(path, &other) == 0 else { return true }
        return mine.st_ino == other.st_ino
    }
}
