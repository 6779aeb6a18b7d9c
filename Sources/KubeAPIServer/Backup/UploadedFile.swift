package import DurableFiles
import Glibc
package import NIOCore

extension PrivateFiles {
    /// Writes what comes in to a new file, and waits until it is on the disk.
    package static func write(_ body: some AsyncSequence<ByteBuffer, any Error>, to path: String) async throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("\(path) cannot be written: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        for try await buffer in body {
            guard append(Array(buffer.readableBytesView), to: descriptor) else {
                throw FileError("\(path): \(String(cString: strerror(errno)))")
            }
        }
        guard fsync(descriptor) == 0 else { throw FileError("\(path): \(String(cString: strerror(errno)))") }
    }
}
