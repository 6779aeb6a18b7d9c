import FoundationEssentials

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
        try FileManager.default.replaceOrMove(temporary, to: path)
    }
}

/// A file that could not be written.
struct FileError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension FileManager {
    /// Moves a file over another.
    fileprivate func replaceOrMove(_ source: String, to target: String) throws {
        if fileExists(atPath: target) { try removeItem(atPath: target) }
        try moveItem(atPath: source, toPath: target)
    }
}
