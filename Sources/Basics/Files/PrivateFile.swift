private import Glibc

/// A new file that is written piece by piece, for its owner only. It is durable after `synchronize`, and closed with its
/// last reference.
///
/// Removing what was begun and giving the file its final name (`PrivateFiles.rename`) are the caller's.
public final class PrivateFile: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Makes the file, which must not exist.
    ///
    /// - Parameter shown: the path that errors name, if it is another.
    public init(creating path: String, shownAs shown: String? = nil) throws(FileError) {
        self.path = shown ?? path
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw PrivateFiles.failure(self.path) }
    }

    deinit { close(descriptor) }

    /// Writes all of it at the end.
    public func append(_ bytes: [UInt8]) throws(FileError) {
        guard PrivateFiles.append(bytes, to: descriptor) else { throw PrivateFiles.failure(path) }
    }

    /// Returns when everything that was written is on the disk.
    public func synchronize() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw PrivateFiles.failure(path) }
    }
}
