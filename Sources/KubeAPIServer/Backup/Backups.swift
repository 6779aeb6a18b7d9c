import APIMachinery
import FoundationEssentials
import Logging
import Storage
import Synchronization

/// Makes backups of the plane while it runs, and restores them: everything or nothing, whatever is killed meanwhile.
///
/// A restoration begins by renaming the uploaded and verified file to `restore.pending`. From then on it is going to
/// happen: if the process ends before all parts have taken it over, the next start goes on with it. Each part is one
/// transaction, and doing it twice changes nothing more.
final class Backups: Sendable {
    private let directory: String
    private let program: String
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let parts = Mutex<[any BackupPart]>([])
    private let isBusy = Mutex(false)
    private let fileNumber = Atomic<Int>(0)

    init(directory: String, program: String, now: @escaping @Sendable () -> Timestamp, logger: Logger) {
        self.directory = directory
        self.program = program
        self.now = now
        self.logger = logger
    }

    /// Adds a part; parts are restored in the order in which they were added.
    func add(_ part: any BackupPart) { parts.withLock { $0.append(part) } }

    private var pending: String { "\(directory)/restore.pending" }

    /// A new name for a file that nobody needs after a crash.
    func temporaryPath(_ purpose: String) -> String {
        "\(directory)/\(purpose)-\(fileNumber.add(1, ordering: .relaxed).newValue).tmp"
    }

    /// Removes what a killed process left behind.
    func removeLeftovers() {
        do {
            for name in try FileManager.default.contentsOfDirectory(atPath: directory)
            where name.hasSuffix(".tmp") && (name.hasPrefix("backup-") || name.hasPrefix("restore-")) {
                try FileManager.default.removeItem(atPath: "\(directory)/\(name)")
            }
        } catch {
            logger.warning(
                "unfinished backups cannot be removed and take space",
                metadata: ["directory": "\(directory)", "error": "\(error)"]
            )
        }
    }

    /// Writes a backup to a temporary file. The caller removes it.
    ///
    /// The databases are read as fast as the disk takes it, however slow the client is: a long read would hold their
    /// write-ahead logs back.
    func make() async throws -> String {
        let path = temporaryPath("backup")
        do {
            let writer = try BackupWriter(path: path, program: program, createdAt: now())
            for part in parts.withLock({ $0 }) { try await part.write(to: writer) }
            try writer.finish()
            return path
        } catch {
            // What remains of it is removed at the next start; the error that is thrown matters more.
            try? FileManager.default.removeItem(atPath: path)
            throw error
        }
    }

    /// Restores an uploaded file, or tells what that would change. The file is gone afterwards, unless it is the
    /// caller's to remove: after a dry run, and when it is no backup.
    func restore(from path: String, isDryRun: Bool) async throws(Status) -> (BackupFile, [RestoreCount]) {
        let isFree = isBusy.withLock { busy in
            defer { busy = true }
            return !busy
        }
        guard isFree else {
            throw Status(code: 409, reason: .conflict, message: "another restoration is running; try again later")
        }
        defer { isBusy.withLock { $0 = false } }
        let backup: BackupFile
        let plan: [RestoreCount]
        do {
            backup = try BackupFile(verifying: path)
            // Everything is read and understood before anything is touched.
            plan = try await run(backup, isDryRun: true)
        } catch let error as BackupError {
            throw .badRequest("\(error)".replacing(path, with: "the file"))
        } catch {
            throw .internalError("nothing was changed: \(error)")
        }
        guard !isDryRun, plan.contains(where: \.isChange) else { return (backup, plan) }
        var counts: [RestoreCount] = []
        do {
            try PrivateFiles.rename(path, to: pending)
            let moved = try BackupFile(verifying: pending)
            for part in parts.withLock({ $0 }) { counts += try await part.restore(moved, isDryRun: false) }
            try FileManager.default.removeItem(atPath: pending)
            return (backup, counts)
        } catch  where counts.isEmpty {
            // What remains of it is removed at the next start; the error that is thrown matters more.
            try? FileManager.default.removeItem(atPath: pending)
            throw .internalError("nothing was changed: \(error)")
        } catch {
            logger.error("restoration not finished", metadata: ["error": "\(error)"])
            throw .internalError(
                "the restoration is not finished: \(error); correct that and start the server again, which continues it"
            )
        }
    }

    /// Goes on with a restoration that an earlier process began.
    func finishPending() async throws(StartFailure) {
        removeLeftovers()
        guard FileManager.default.fileExists(atPath: pending) else { return }
        do {
            _ = try await run(try BackupFile(verifying: pending), isDryRun: false)
            try FileManager.default.removeItem(atPath: pending)
            logger.notice("finished the restoration that was running when the last process ended")
        } catch {
            throw StartFailure(
                description:
                    "the restoration from \(pending) cannot be finished: \(error); correct that, or delete the file to continue "
                    + "with what has been restored so far"
            )
        }
    }

    private func run(_ backup: BackupFile, isDryRun: Bool) async throws -> [RestoreCount] {
        var counts: [RestoreCount] = []
        for part in parts.withLock({ $0 }) { counts += try await part.restore(backup, isDryRun: isDryRun) }
        return counts
    }
}
