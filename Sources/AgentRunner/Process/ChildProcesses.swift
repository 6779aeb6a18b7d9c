import Basics
import CSpawn
import Glibc
import Synchronization

/// The children of this process: it starts them, collects them for their supervisors, and reaps the orphans among
/// them.
///
/// Swift's subprocess library is not used for jobs, because a job's peak memory comes with `wait4`, and because
/// a process that adopts orphans must know which of its children have a supervisor that waits for them.
enum ChildProcesses {
    private struct State {
        var leaders: Set<pid_t> = []
        /// Orphans that were seen among a job's processes, by id and start.
        var adopted: [pid_t: Int64] = [:]
        var adopts = getpid() == 1
        var reapsStrangers = getpid() == 1
    }

    private static let state = Mutex(State())

    /// Whether processes whose parent has ended become children of this one.
    static var adoptsOrphans: Bool { state.withLock { $0.adopts } }

    /// Has the kernel hand orphans to this process, so that no descendant of a job can slip away.
    ///
    /// - Parameter reapingStrangers: whether unknown children are collected as well. Right where nothing else in the
    ///   process starts children.
    static func adoptOrphans(reapingStrangers: Bool) {
        guard cspawn_adopt_orphans() == 0 else { return }
        state.withLock { state in
            state.adopts = true
            state.reapsStrangers = state.reapsStrangers || reapingStrangers
        }
    }

    /// Remembers orphans of a job, to collect them when they have ended.
    static func adopt(_ entries: some Sequence<ProcessEntry>) {
        state.withLock { state in
            for entry in entries where !state.leaders.contains(entry.pid) {
                state.adopted[entry.pid] = entry.startTicks
            }
        }
    }

    /// Starts a program in a session of its own.
    ///
    /// - Parameter arguments: the program's name as it sees it itself, then its arguments.
    /// - Returns: its id, or the `errno` of the failure.
    static func start(
        path: String,
        arguments: [String],
        environment: [String],
        directory: String?,
        input: Int32,
        output: Int32,
        log: Int32
    ) -> Result<pid_t, Errno> {
        let argv = CStrings(arguments)
        let envp = CStrings(environment)
        var pid: pid_t = 0
        // Under the lock, so that the child cannot be taken for an orphan before it is known.
        let code = state.withLock { state in
            let code = path.withCString { path in
                withOptionalCString(directory) { directory in
                    var request = cspawn_request(
                        path: path,
                        argv: argv.pointer,
                        envp: envp.pointer,
                        directory: directory,
                        input: input,
                        output: output,
                        log: log
                    )
                    return cspawn_start(&pid, &request)
                }
            }
            if code == 0 { state.leaders.insert(pid) }
            return code
        }
        return code == 0 ? .success(pid) : .failure(Errno(code: code))
    }

    /// Collects a child that has ended: its status and what it and its own children used.
    ///
    /// - Returns: `nil` while it runs.
    static func collect(_ pid: pid_t) -> (status: Int32, usage: rusage)? {
        var status: Int32 = 0
        var usage = rusage()
        let result = wait4(pid, &status, WNOHANG, &usage)
        if result == 0 || (result < 0 && errno == EINTR) { return nil }
        state.withLock { _ = $0.leaders.remove(pid) }
        // Another part of the process has collected it: all that is known is that it is gone.
        return result == pid ? (status, usage) : (0x7F00, rusage())
    }

    /// Children of this process that were not started here.
    static func orphans() -> [ProcessEntry] {
        let children = ProcFS.children(of: getpid(), threads: 2)
        return state.withLock { state in children.filter { !state.leaders.contains($0) } }.compactMap(ProcFS.entry)
    }

    /// Collects orphans that have ended; nothing else waits for them.
    static func reapOrphans() {
        guard adoptsOrphans else { return }
        let zombies = orphans().filter(\.isZombie)
        guard !zombies.isEmpty else { return }
        state.withLock { state in
            for zombie in zombies where !state.leaders.contains(zombie.pid) {
                guard state.reapsStrangers || state.adopted[zombie.pid] == zombie.startTicks else { continue }
                var status: Int32 = 0
                _ = waitpid(zombie.pid, &status, WNOHANG)
                state.adopted[zombie.pid] = nil
            }
        }
    }

    private static func withOptionalCString<Result>(
        _ text: String?,
        _ body: (UnsafePointer<CChar>?) -> Result
    ) -> Result {
        if let text { text.withCString { body($0) } } else { body(nil) }
    }
}

/// An error number of the C library.
struct Errno: Error, Sendable, Equatable, CustomStringConvertible {
    var code: Int32

    var description: String { String(cString: strerror(code)) }
}

/// A list of texts in the form that `exec` takes: pointers, the last one null.
private final class CStrings {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ texts: [String]) {
        count = texts.count
        pointer = .allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { (pointer + index).initialize(to: strdup(text)) }
        (pointer + count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { free(pointer[index]) }
        pointer.deallocate()
    }
}
