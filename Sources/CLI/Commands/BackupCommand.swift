import APIMachinery
import ArgumentParser
import FoundationEssentials
import Glibc
import KubeClient
import Storage

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Writes a backup of a running plane into one file.",
        discussion: """
            The backup has objects of all kinds, runs with their steps, logs and waiting jobs, and the names of images. \
            It does not have keys, certificates and tokens, which each plane creates for itself, nor the Pods' log \
            files. It has every Secret, so only you can read it. It is read back and checked before the command succeeds.

            EXAMPLES
              ctl backup plane.backup
              ctl backup /var/backups/martinet-$(date +%F).backup
            """
    )

    @Argument(help: ArgumentHelp("Where to write it.", valueName: "file"))
    var file: String

    @Flag(help: "Overwrite an existing file.")
    var force = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        guard force || !FileManager.default.fileExists(atPath: file) else {
            throw Failure(.refused, "\(file) exists already; choose another name, or replace it with --force")
        }
        // Written aside: under its own name there is a whole backup or none.
        let partial = "\(file).partial-\(getpid())"
        defer { unlink(partial) }
        try await global.withClient { client, _ in
            let request = APIRequest(.get, "/martinet/v1/backup", timeout: nil)
            try await Self.save(try await client.stream(request), to: partial)
        }
        let backup = try BackupFile(verifying: partial)
        try Self.move(partial, to: file, replacing: force)
        // The size is for people; the backup has been verified.
        let size = (try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0
        Terminal.line("\(file): \(backup.entries) entries, \(size) bytes, as of \(backup.createdAt.rfc3339)")
    }

    private static func save(_ body: APIResponse.Body, to path: String) async throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        for try await chunk in body {
            var offset = 0
            while offset < chunk.count {
                let count = chunk.withUnsafeBytes { bytes in
                    write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure(path) }
                offset += count
            }
        }
        guard fsync(descriptor) == 0 else { throw failure(path) }
    }

    private static func move(_ source: String, to target: String, replacing: Bool) throws {
        // A link fails where somebody was faster; renaming would replace what they wrote.
        guard (replacing ? rename(source, target) : link(source, target)) == 0 else { throw failure(target) }
        let directory = open(target.lastIndex(of: "/").map { String(target[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    private static func failure(_ path: String) -> Failure {
        let remedy =
            switch errno {
            case ENOENT, ENOTDIR: "make its directory first, or name another file"
            case EACCES, EPERM, EROFS: "check who may write to its directory, or name another file"
            case EISDIR: "name a file in it"
            case ENOSPC, EDQUOT: "make room on its disk, or name another file"
            default: "name another file"
            }
        return Failure(.failed, "\(path) cannot be written: \(String(cString: strerror(errno))); \(remedy)")
    }
}
