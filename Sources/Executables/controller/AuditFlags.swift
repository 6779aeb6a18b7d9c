import GenericAPIServer
import ArgumentParser

/// The options of the audit log, called as Kubernetes calls them.
struct AuditFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Write an audit log (who did what, without bodies) to this file; '-' is standard output. Default: none.",
            valueName: "file"
        )
    )
    var auditLogPath: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The size at which the audit log is rotated.", valueName: "megabytes")
    )
    var auditLogMaxsize = 100

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The number of rotated audit logs to keep; 0 keeps all.", valueName: "count")
    )
    var auditLogMaxbackup = 10

    func check() throws {
        guard (1...1_000_000).contains(auditLogMaxsize) else {
            throw ValidationError("--audit-log-maxsize \(auditLogMaxsize): give a number of megabytes from 1")
        }
        guard auditLogMaxbackup >= 0 else {
            throw ValidationError("--audit-log-maxbackup \(auditLogMaxbackup): give a number of files from 0")
        }
        if let auditLogPath, auditLogPath.isEmpty {
            throw ValidationError("--audit-log-path is empty; name a file, or leave the option out")
        }
    }

    /// `nil` keeps no log.
    var options: AuditOptions? {
        auditLogPath.map { path in
            var options = AuditOptions(path: path)
            options.maximumFileBytes = auditLogMaxsize << 20
            options.maximumBackups = auditLogMaxbackup
            return options
        }
    }
}
