import Foundation
import GRDB

/// The newest revision that was acknowledged to a client, in a small file beside the database.
///
/// SQLite takes a damaged write-ahead log for one that ends at the damage, and goes back to what stood before it
/// without a word. This file says what must be there at least. It is written after the database is synced, and not
/// synced itself: after a power cut it may name an earlier revision, never a later one.
final class AcknowledgedRevision: Sendable {
    let path: String
    private let descriptor: Int32

    /// - Throws: `DatabaseError` if the file cannot be opened or made.
    init(database: String) throws {
        path = "\(database)-acknowledged"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw DatabaseError(
                resultCode: errno == EACCES || errno == EROFS ? .SQLITE_READONLY : .SQLITE_CANTOPEN,
                message: "\(path): \(String(cString: strerror(errno)))"
            )
        }
    }

    deinit { close(descriptor) }

    /// What the file says; `nil` if it says nothing that can be read.
    var value: Int64? {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count == 32, bytes[31] == UInt8(ascii: "\n") else { return nil }
        let fields = String(decoding: bytes[..<31], as: UTF8.self).split(separator: " ")
        // Twice the same number, so that a flipped byte is not taken for another revision.
        guard fields.count == 2, let number = Int64(fields[0], radix: 32), Int64(fields[1], radix: 32) == number else {
            return nil
        }
        return number
    }

    func record(_ revision: Int64) {
        let digits = String(revision, radix: 32)
        let padded = String(repeating: "0", count: 15 - min(15, digits.count)) + digits
        let line = Array("\(padded) \(padded)\n".utf8)
        // It is a second net: a full disk that tears it must not refuse what the database has taken.
        _ = line.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    }
}
