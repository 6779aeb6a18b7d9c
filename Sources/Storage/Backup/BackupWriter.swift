public import APIMachinery
import Glibc
import Synchronization

/// Writes a backup: a line that says what it is, the entries, and a line with their number and checksum. A file without
/// its last line, or with anything changed before it, is not a valid backup.
public final class BackupWriter: Sendable {
    /// The version of the format. A reader refuses later ones.
    public static let version: Int64 = 1
    static let bufferSize = 256 << 10

    private struct State {
        var buffer: [UInt8] = []
        var sum = Checksum()
        var entries: Int64 = 0
    }

    private let file: PrivateFile
    private let state = Mutex(State())

    /// Makes the file, readable by its owner only; it must not exist.
    ///
    /// - Parameter program: what writes it, with its version.
    public init(path: String, program: String, createdAt: Timestamp) throws(BackupError) {
        do { file = try PrivateFile(creating: path) } catch { throw Self.failure(error) }
        let head: JSONValue = [
            "martinetBackup": .int(Self.version), "createdAt": .string(createdAt.rfc3339), "program": .string(program),
        ]
        try append(line: head.bytes)
    }

    /// Adds an entry.
    public func append(_ entry: BackupEntry) throws(BackupError) {
        let line = entry.line
        guard !line.contains(0x0A) else {
            throw BackupError("an entry has a line feed in it: \(String(decoding: line.prefix(80), as: UTF8.self))")
        }
        try append(line: line)
        state.withLock { $0.entries += 1 }
    }

    private func append(line: [UInt8]) throws(BackupError) {
        let full = state.withLock { state -> [UInt8] in
            state.sum.add(line)
            state.buffer += line
            state.buffer.append(0x0A)
            guard state.buffer.count >= Self.bufferSize else { return [] }
            defer { state.buffer.removeAll(keepingCapacity: true) }
            return state.buffer
        }
        try write(full)
    }

    /// Writes the last line and waits until all of it is on the disk.
    public func finish() throws(BackupError) {
        let rest = state.withLock { state in
            let end: JSONValue = [
                "entries": .int(state.entries),
                "checksum": .string(String(UInt64(bitPattern: state.sum.value), radix: 16)),
            ]
            return state.buffer + end.bytes + [0x0A]
        }
        try write(rest)
        do { try file.synchronize() } catch { throw Self.failure(error) }
    }

    private func write(_ bytes: [UInt8]) throws(BackupError) {
        do { try file.append(bytes) } catch { throw Self.failure(error) }
    }

    private static func failure(_ error: FileError) -> BackupError {
        BackupError("\(error); make room or choose another place")
    }
}
