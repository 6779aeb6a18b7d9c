public import APIMachinery
import Glibc

/// A backup that has been read through once and found whole.
public struct BackupFile: Sendable {
    public let path: String
    /// When it was made.
    public let createdAt: Timestamp
    /// What made it.
    public let program: String
    /// How many entries it has.
    public let entries: Int64

    /// Reads the file to its end and checks that nothing in it is missing or changed.
    ///
    /// - Throws: why it is not a backup, or not one that can be used here.
    public init(verifying path: String) throws(BackupError) {
        self.path = path
        var lines = try LineReader(path: path)
        // What cannot be read is not a backup, which is thrown below.
        guard let first = try lines.next(), let head = try? JSONValue(parsing: first),
            let version = head["martinetBackup"]?.intValue
        else { throw BackupError("\(path) is not a backup written by ctl backup") }
        guard version <= BackupWriter.version else {
            throw BackupError(
                "\(path) is a backup of format \(version), made by \(head["program"]?.stringValue ?? "a newer version");"
                    + " this version reads formats up to \(BackupWriter.version), use that one"
            )
        }
        createdAt = head["createdAt"]?.stringValue.flatMap { Timestamp(rfc3339: $0) } ?? Timestamp(seconds: 0)
        program = head["program"]?.stringValue ?? ""
        var sum = Checksum()
        sum.add(first)
        var count: Int64 = 0
        var end: JSONValue?
        while let line = try lines.next() {
            guard end == nil else { throw Self.damaged(path, "something follows its end") }
            if line.first == UInt8(ascii: "{") {
                // What cannot be read is damaged, as is said below.
                end = try? JSONValue(parsing: line)
                guard end != nil else { throw Self.damaged(path, "its last line cannot be read") }
                continue
            }
            sum.add(line)
            count += 1
        }
        guard let end, lines.endedWithLineFeed else { throw Self.damaged(path, "its end is missing") }
        guard end["entries"]?.intValue == count else {
            throw Self.damaged(path, "it has \(count) entries where \(end["entries"]?.text ?? "others") were written")
        }
        guard end["checksum"]?.stringValue == String(UInt64(bitPattern: sum.value), radix: 16) else {
            throw Self.damaged(path, "its checksum is not that of its contents")
        }
        entries = count
    }

    /// Calls `body` with every entry, in the order in which they were written.
    public func forEach(_ body: (BackupEntry) throws -> Void) throws {
        var lines = try LineReader(path: path)
        _ = try lines.next()
        while let line = try lines.next(), line.first != UInt8(ascii: "{") {
            guard let entry = BackupEntry(line: line) else {
                throw Self.damaged(path, "an entry cannot be read: \(String(decoding: line.prefix(80), as: UTF8.self))")
            }
            try body(entry)
        }
    }

    private static func damaged(_ path: String, _ detail: String) -> BackupError {
        BackupError("\(path) is damaged: \(detail); use another backup")
    }
}

/// Reads a file line by line, holding no more than a line and a buffer.
private struct LineReader: ~Copyable {
    private let path: String
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var position = 0
    private(set) var endedWithLineFeed = true

    init(path: String) throws(BackupError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw BackupError("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(descriptor) }

    /// The next line without its line feed; `nil` at the end.
    mutating func next() throws(BackupError) -> [UInt8]? {
        var line: [UInt8] = []
        while true {
            if let end = buffer[position...].firstIndex(of: 0x0A) {
                line += buffer[position..<end]
                position = end + 1
                return line
            }
            line += buffer[position...]
            position = 0
            buffer = [UInt8](repeating: 0, count: BackupWriter.bufferSize)
            var count = -1
            repeat { count = read(descriptor, &buffer, buffer.count) } while count < 0 && errno == EINTR
            guard count >= 0 else { throw BackupError("\(path) cannot be read: \(String(cString: strerror(errno)))") }
            buffer.removeSubrange(count...)
            if count == 0 {
                guard !line.isEmpty else { return nil }
                endedWithLineFeed = false
                return line
            }
        }
    }
}
