import FoundationEssentials
import Glibc
import NIOCore

/// Files that only their owner may read.
enum PrivateFiles {
    /// Makes a directory that only its owner may enter, with those above it.
    ///
    /// - Throws: a `FileError` that says what to do.
    static func makeDirectory(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw FileError(
                "the directory \(path) cannot be made; check that the one above it exists and can be written"
            )
        }
        guard FileManager.default.isWritableFile(atPath: path) else {
            throw FileError("the directory \(path) cannot be written; check its owner and permissions")
        }
    }

    /// The text of a file; `nil` if it cannot be read.
    static func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Replaces a file as a whole: nobody ever sees half of it, nor may others read it for a moment.
    static func write(_ text: String, to path: String) throws {
        let temporary = "\(path).new"
        if FileManager.default.fileExists(atPath: temporary) { try FileManager.default.removeItem(atPath: temporary) }
        guard
            FileManager.default.createFile(
                atPath: temporary,
                contents: Data(text.utf8),
                attributes: [.posixPermissions: 0o600]
            )
        else {
            throw FileError(
                "\(temporary) cannot be written; check that its directory exists, can be written and is not full"
            )
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: temporary)
        try rename(temporary, to: path)
    }

    /// Writes what comes in to a new file, and waits until it is on the disk.
    static func write(_ body: some AsyncSequence<ByteBuffer, any Error>, to path: String) async throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError("\(path) cannot be written: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        for try await buffer in body {
            try buffer.withUnsafeReadableBytes { bytes in
                var offset = 0
                while offset < bytes.count {
                    let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { throw FileError("\(path): \(String(cString: strerror(errno)))") }
                    offset += count
                }
            }
        }
        guard fsync(descriptor) == 0 else { throw FileError("\(path): \(String(cString: strerror(errno)))") }
    }

    /// Gives a file another name, over one that may be there, so that a crash leaves the one or the other.
    static func rename(_ source: String, to target: String) throws {
        guard Glibc.rename(source, target) == 0 else {
            throw FileError("\(target) cannot be written: \(String(cString: strerror(errno)))")
        }
        let directory = open(target.lastIndex(of: "/").map { String(target[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }
}

/// A file that could not be written.
struct FileError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
