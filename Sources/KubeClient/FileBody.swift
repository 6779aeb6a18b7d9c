import APIMachinery
import Glibc
import NIOCore

/// A file as the body of a request: read as the connection takes it.
struct FileBody: AsyncSequence, Sendable {
    private static let pieceSize = 256 << 10
    private let file: File

    /// - Throws: a `Status` if the file cannot be opened.
    init(path: String) throws {
        file = File(descriptor: open(path, O_RDONLY | O_CLOEXEC))
        guard file.descriptor >= 0 else {
            throw Status.badRequest("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
    }

    fileprivate final class File: Sendable {
        let descriptor: Int32

        init(descriptor: Int32) { self.descriptor = descriptor }

        deinit { if descriptor >= 0 { close(descriptor) } }
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let file: File

        mutating func next() async throws -> ByteBuffer? {
            var buffer = ByteBufferAllocator().buffer(capacity: FileBody.pieceSize)
            let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: FileBody.pieceSize) { bytes in
                Swift.max(0, read(file.descriptor, bytes.baseAddress, bytes.count))
            }
            return count == 0 ? nil : buffer
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(file: file) }
}
