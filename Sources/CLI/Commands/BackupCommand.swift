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
        do {
            let file = try PrivateFile(creating: path)
            for try await chunk in body { try file.append(Array(chunk)) }
            try file.synchronize()
        } catch let error as FileError {
            throw Failure(.failed, error.description)
        }
    }

    private static func move(_ source: String, to target: String, replacing: Bool) throws {
        do {
            // A link fails if the target has been made meanwhile; renaming would replace it.
            if replacing {
                try PrivateFiles.rename(source, to: target)
            } else {
                try PrivateFiles.link(source, to: target)
            }
        } catch { throw Failure(.failed, error.description) }
    }
}
