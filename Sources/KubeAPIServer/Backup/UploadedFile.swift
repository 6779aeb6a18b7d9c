package import Basics
package import NIOCore

extension PrivateFiles {
    /// Writes what comes in to a new file, and waits until it is on the disk.
    package static func write(_ body: some AsyncSequence<ByteBuffer, any Error>, to path: String) async throws {
        let file = try PrivateFile(creating: path)
        for try await buffer in body { try file.append(Array(buffer.readableBytesView)) }
        try file.synchronize()
    }
}
