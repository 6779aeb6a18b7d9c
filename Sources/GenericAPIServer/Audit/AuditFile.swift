import APIMachinery
import Glibc
import Synchronization

/// The file of an audit log, and those that were put aside.
final class AuditFile: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var size = 0
    }

    private let options: AuditOptions
    private let state = Mutex(State())

    init(_ options: AuditOptions) { self.options = options }

    deinit {
        state.withLock { state in
            if options.path != "-", state.descriptor >= 0 { _ = Glibc.close(state.descriptor) }
        }
    }

    /// Opens the file, readable by its owner only.
    func open() throws {
        try state.withLock { state in
            if state.descriptor < 0 { state = try Self.open(options.path) }
        }
    }

    private static func open(_ path: String) throws -> State {
        guard path != "-" else { return State(descriptor: STDOUT_FILENO, size: 0) }
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            let remedy = errno == ENOENT ? "make its directory, or choose" : "choose"
            throw FileError(
                "the audit log \(path) cannot be opened: \(reason); \(remedy) another file with --audit-log-path"
            )
        }
        var details = stat()
        return State(descriptor: descriptor, size: fstat(descriptor, &details) == 0 ? Int(details.st_size) : 0)
    }

    /// Appends whole lines.
    ///
    /// - Throws: if not all of them were written; no half line is left in the way of later ones.
    func write(_ lines: [UInt8], now: Timestamp) throws {
        try state.withLock { state in
            if state.descriptor < 0 { state = try Self.open(options.path) }
            if options.path != "-", state.size > 0, state.size + lines.count > options.maximumFileBytes {
                try rotate(&state, now: now)
            }
            var written = 0
            while written < lines.count {
                let count = lines.withUnsafeBytes { bytes in
                    Glibc.write(state.descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else {
                    let reason = String(cString: strerror(errno))
                    if options.path != "-" { ftruncate(state.descriptor, off_t(state.size)) }
                    throw FileError("\(options.path) cannot be written: \(reason); make room on its disk")
                }
                written += count
            }
            state.size += lines.count
        }
    }

    private func rotate(_ state: inout State, now: Timestamp) throws {
        let stamp = now.rfc3339Nano.prefix(23).replacing(":", with: "-")
        let (head, tail) = Self.split(options.path)
        var target = "\(head)-\(stamp)\(tail)"
        var number = 1
        while access(target, F_OK) == 0 {
            target = "\(head)-\(stamp)-\(number)\(tail)"
            number += 1
        }
        guard rename(options.path, target) == 0 else {
            throw FileError("\(options.path) cannot be renamed: \(String(cString: strerror(errno)))")
        }
        let fresh = try Self.open(options.path)
        Glibc.close(state.descriptor)
        state = fresh
        prune(head, tail)
    }

    /// The path before and from the last dot of the file's name.
    private static func split(_ path: String) -> (String, String) {
        let folder = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        guard let dot = path[folder...].lastIndex(of: "."), dot > folder else { return (path, "") }
        return (String(path[..<dot]), String(path[dot...]))
    }

    private func prune(_ head: String, _ tail: String) {
        guard options.maximumBackups > 0 else { return }
        let folder = head.lastIndex(of: "/").map { String(head[...$0]) } ?? "./"
        let prefix = (head.lastIndex(of: "/").map { String(head[head.index(after: $0)...]) } ?? head) + "-"
        var names: [String] = []
        guard let directory = opendir(folder) else { return }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            // Only names with a time after the dash are ours.
            guard name.hasPrefix(prefix), name.hasSuffix(tail), name.dropFirst(prefix.count).first?.isNumber == true
            else { continue }
            names.append(name)
        }
        for name in names.sorted().dropLast(options.maximumBackups) { unlink(folder + name) }
    }
}
