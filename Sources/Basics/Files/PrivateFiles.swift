private import FoundationEssentials
private import Glibc

/// Files that only their owner may read, and that survive a crash as a whole or not at all.
public enum PrivateFiles {
    /// Makes a directory that only its owner may enter, with those above it.
    ///
    /// - Throws: a `FileError` that says what to do.
    public static func makeDirectory(_ path: String) throws(FileError) {
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

    /// Replaces a file as a whole; durable on return. Readers see the old content or the new one, never a part.
    ///
    /// - Throws: a `FileError` that says what to do; the file is unchanged then.
    public static func write(_ bytes: [UInt8], to path: String) throws(FileError) {
        // Hidden, so that listings of the directory do not show it, and named for this process, so that two processes
        // do not write the same one.
        let (directory, name) = split(path)
        let temporary = "\(directory).\(name).\(getpid()).new"
        // One that a crash left there may have other permissions.
        unlink(temporary)
        do {
            let file = try PrivateFile(creating: temporary, shownAs: path)
            try file.append(bytes)
            try file.synchronize()
            try rename(temporary, to: path)
        } catch {
            unlink(temporary)
            throw error
        }
    }

    /// Replaces a file by that text.
    public static func write(_ text: String, to path: String) throws(FileError) {
        try write(Array(text.utf8), to: path)
    }

    /// Gives a file another name, over one that may be there, so that a crash leaves the one or the other.
    ///
    /// - Throws: a `FileError`.
    public static func rename(_ source: String, to target: String) throws(FileError) {
        guard Glibc.rename(source, target) == 0 else { throw failure(target) }
        synchronizeDirectory(of: target)
    }

    /// Gives a file a second name, durably, unless that name is taken already.
    ///
    /// - Throws: a `FileError`, also if the name is taken.
    public static func link(_ source: String, to target: String) throws(FileError) {
        guard Glibc.link(source, target) == 0 else { throw failure(target) }
        synchronizeDirectory(of: target)
    }

    /// A name is durable once its directory is.
    private static func synchronizeDirectory(of path: String) {
        let (name, _) = split(path)
        let directory = open(name.isEmpty ? "." : String(name), O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    /// The directory of a path, with its slash, and the last component.
    private static func split(_ path: String) -> (directory: Substring, name: Substring) {
        guard let slash = path.lastIndex(of: "/") else { return ("", path[...]) }
        return (path[...slash], path[path.index(after: slash)...])
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

    /// What `errno` says of a file that could not be written, and what to do.
    static func failure(_ path: String) -> FileError {
        let remedy =
            switch errno {
            case ENOENT, ENOTDIR: "make its directory first, or name another file"
            case EACCES, EPERM, EROFS: "check who may write to its directory, or name another file"
            case EISDIR, ENOTEMPTY: "remove what is in its place, or name another file"
            case ENOSPC, EDQUOT: "make room on its disk, or name another file"
            default: "check its directory, or name another file"
            }
        return FileError("\(path) cannot be written: \(String(cString: strerror(errno))); \(remedy)")
    }
}
