import FoundationEssentials
import Glibc

/// Files that only their owner may read, and that survive a crash as a whole or not at all.
public enum PrivateFiles {
    /// Makes a directory that only its owner may enter, with those above it.
    ///
    /// - Throws: a `FileError` that says what to do.
    public static func makeDirectory(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw FileError(
                "the directory \(path) cannot be created; check that its parent exists and can be written"
            )
        }
        guard FileManager.default.isWritableFile(atPath: path) else {
            throw FileError("the directory \(path) cannot be written; check its owner and permissions")
        }
    }

    /// The text of a file; `nil` if it cannot be read.
    public static func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Replaces a file as a whole; durable on return. Nobody ever sees half of it, nor may others read it for a moment.
    ///
    /// - Throws: a `FileError` that says what to do; the file is as it was then.
    public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        let temporary = "\(path).new"
        // What a crash has left there may have other rights.
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        let isWritten = descriptor >= 0 && append(bytes, to: descriptor) && fsync(descriptor) == 0
        let reason = String(cString: strerror(errno))
        if descriptor >= 0 { close(descriptor) }
        guard isWritten else {
            throw FileError(
                "\(temporary) cannot be written: \(reason); check that its directory exists, can be written and is not full"
            )
        }
        try rename(temporary, to: path)
    }

    /// Replaces a file by that text.
    public static func write(_ text: String, to path: String) throws(FileError) {
        try write(Array(text.utf8), to: path)
    }

    /// Gives a file another name, over one that may be there, so that a crash leaves the one or the other.
    ///
    /// - Throws: a `FileError`.
    public static func rename(_ source: String, to target: String) throws(FileError) {
        guard Glibc.rename(source, target) == 0 else {
            let reason = String(cString: strerror(errno))
            throw FileError(
                "\(target) cannot be written: \(reason); remove what is in its place, or check its directory"
            )
        }
        // The name is durable once its directory is.
        let directory = open(target.lastIndex(of: "/").map { String(target[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    /// Writes all of it. False if that fails; `errno` says why.
    public static func append(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = Glibc.write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                offset += count
            }
            return true
        }
    }
}

/// A file that could not be written.
public struct FileError: Error, CustomStringConvertible {
    public let description: String

    /// An error with that description, which says what to do.
    public init(_ description: String) { self.description = description }
}
