import AccessControl
import Basics
import FoundationEssentials
import Glibc

/// The directory in which a plane keeps everything: databases, certificates, tokens, images, logs.
///
/// Held by one process at a time. Readable by its owner only, as it holds keys.
final class DataDirectory: Sendable {
    let path: String
    private let lock: Int32

    var objects: String { "\(path)/objects.db" }
    var runs: String { "\(path)/runs.db" }
    func kubeconfig(of identity: ClientIdentity) -> String { "\(path)/pki/\(identity.name).kubeconfig" }
    var images: String { "\(path)/images" }
    var logs: String { "\(path)/logs" }
    var pods: String { "\(path)/pods" }

    /// Makes the directory if it is missing, and takes hold of it.
    ///
    /// - Throws: `StartError` if it cannot be written, or if another process holds it.
    init(path: String) throws {
        let absolute = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        var isDirectory = true
        if FileManager.default.fileExists(atPath: absolute, isDirectory: &isDirectory), !isDirectory {
            throw StartError("the data directory \(absolute) is a file; choose a directory with --data-dir")
        }
        do {
            try FileManager.default.createDirectory(
                atPath: absolute,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw StartError(
                "the data directory \(absolute) cannot be created: \(error.localizedText); choose another with --data-dir"
            )
        }
        chmod(absolute, 0o700)
        lock = open("\(absolute)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else {
            throw StartError(
                "the data directory \(absolute) cannot be written: \(String(cString: strerror(errno)));"
                    + " make it writable or choose another with --data-dir"
            )
        }
        // The kernel releases the lock with the process, so a crash leaves nothing to clean up.
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.read("\(absolute)/lock")
            close(lock)
            throw StartError(
                "the data directory \(absolute) is in use by process \(holder); stop that one, or choose another"
                    + " directory with --data-dir"
            )
        }
        self.path = absolute
        ftruncate(lock, 0)
        let text = Array("\(getpid())\n".utf8)
        _ = text.withUnsafeBytes { write(lock, $0.baseAddress, $0.count) }
    }

    deinit { close(lock) }

    /// A secret that is kept in a file of mode 0600, made at the first start.
    func secret(_ name: String) throws -> String {
        do { return try SecretFile.ensure(at: "\(path)/\(name)") } catch { throw StartError(error.description) }
    }

    private static func read(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self).filter { !$0.isWhitespace }
    }
}

/// Why the plane did not start, and what to do about it.
public struct StartError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension Error {
    /// What went wrong, without the wrapping that Foundation puts around it.
    fileprivate var localizedText: String {
        if let error = self as? CocoaError {
            if let underlying = error.underlying as? POSIXError {
                return String(cString: strerror(underlying.code.rawValue))
            }
            return "\(error.code)"
        }
        return "\(self)"
    }
}
