import APIMachinery
import Glibc
import KubeClient

/// One process as /proc shows it.
struct ProcessEntry: Sendable, Hashable {
    var pid: Int32
    var parent: Int32
    var session: Int32
    /// Clock ticks of processor time, user and system, its own and that of children that it has waited for.
    var cpuTicks: Int64
    /// Resident pages.
    var pages: Int64
    /// Clock ticks from boot to its start; with the pid it names a process for good.
    var startTicks: Int64
    var isZombie: Bool
    var threads: Int64 = 1
}

/// What runs on this machine, read from /proc.
struct ProcessTable: Sendable {
    let processes: [Int32: ProcessEntry]
    private let children: [Int32: [Int32]]

    static let ticksPerSecond = Int64(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    static let pageSize = Int64(max(sysconf(Int32(_SC_PAGESIZE)), 1))

    init(_ processes: [ProcessEntry]) {
        self.processes = Dictionary(processes.map { ($0.pid, $0) }) { $1 }
        children = Dictionary(grouping: processes, by: \.parent).mapValues { $0.map(\.pid) }
    }

    /// Reads the table as it is now.
    static func read() -> ProcessTable { ProcessTable(pids().compactMap(entry)) }

    /// Reads these processes and their descendants only, which spares looking at every process of the machine.
    static func read(below roots: [Int32]) -> ProcessTable {
        guard listsChildren else { return read() }
        var found: [Int32: ProcessEntry] = [:]
        var pending = roots
        while let pid = pending.popLast() {
            guard found[pid] == nil, let entry = entry(pid) else { continue }
            found[pid] = entry
            pending += children(of: entry)
        }
        return ProcessTable(Array(found.values))
    }

    /// Whether the kernel lists children (`CONFIG_PROC_CHILDREN`).
    private static let listsChildren = access("/proc/self/task/\(getpid())/children", R_OK) == 0

    /// The kernel keeps children by the thread that made them.
    private static func children(of process: ProcessEntry) -> [Int32] {
        let threads = process.threads == 1 ? [process.pid] : numbers(in: "/proc/\(process.pid)/task")
        return threads.flatMap { thread in
            (bytes("/proc/\(process.pid)/task/\(thread)/children") ?? []).split(separator: UInt8(ascii: " "))
                .compactMap { Int32(String(decoding: $0, as: UTF8.self)) }
        }
    }

    /// A process and all its descendants.
    func tree(_ root: Int32) -> [ProcessEntry] {
        guard let entry = processes[root] else { return [] }
        var result = [entry]
        var pending = children[root] ?? []
        while let pid = pending.popLast() {
            if let entry = processes[pid] { result.append(entry) }
            pending += children[pid] ?? []
        }
        return result
    }

    static func pids() -> [Int32] { numbers(in: "/proc") }

    private static func numbers(in path: String) -> [Int32] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var result: [Int32] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let pid = Int32(name) { result.append(pid) }
        }
        return result
    }

    /// Reads /proc/PID/stat; `nil` if the process is gone.
    static func entry(_ pid: Int32) -> ProcessEntry? { bytes("/proc/\(pid)/stat").flatMap { parse($0, pid) } }

    /// The fields after the name, which stands in parentheses and may contain anything.
    static func parse(_ stat: [UInt8], _ pid: Int32) -> ProcessEntry? {
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[(end + 1)...].split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
        guard fields.count > 21 else { return nil }
        func number(_ index: Int) -> Int64 { Int64(String(decoding: fields[index], as: UTF8.self)) ?? 0 }
        return ProcessEntry(
            pid: pid,
            parent: Int32(truncatingIfNeeded: number(1)),
            session: Int32(truncatingIfNeeded: number(3)),
            cpuTicks: (11...14).reduce(0) { $0 + number($1) },
            pages: number(21),
            startTicks: number(19),
            isZombie: fields[0].first == UInt8(ascii: "Z"),
            threads: number(17)
        )
    }

    /// Whether a process was started with that `NAME=VALUE`.
    static func hasVariable(_ pid: Int32, _ assignment: String) -> Bool {
        guard let environment = bytes("/proc/\(pid)/environ") else { return false }
        return environment.split(separator: 0).contains { $0.elementsEqual(assignment.utf8) }
    }

    /// The value of a variable in the environment that a process was started with.
    static func variable(_ pid: Int32, _ name: String) -> String? {
        let prefix = Array("\(name)=".utf8)
        let entry = bytes("/proc/\(pid)/environ")?.split(separator: 0).first { $0.starts(with: prefix) }
        return entry.map { String(decoding: $0.dropFirst(prefix.count), as: UTF8.self) }
    }

    private static func bytes(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 { return nil }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }
}

/// Finds and kills what outlived its shim: processes that carry a Pod's or a plane's mark in their environment, and
/// those known from before.
enum Strays {
    /// Kills every process that was started with one of these `NAME=VALUE`, that belongs to one of these sessions, or that
    /// is one of those known, with all descendants. Looks again until there is none. Answers how many there were.
    @discardableResult
    static func kill(
        marks: [String],
        sessions: Set<Int32> = [],
        known: [ProcessEntry] = [],
        sparing: Set<Int32> = []
    ) async -> Int {
        var killed: Set<Int32> = []
        // Bounded: a process in an uninterruptible wait cannot be killed, and must not hold the node up.
        for _ in 0..<50 {
            let found = find(marks, sessions, known).subtracting(sparing)
            if found.isEmpty { break }
            for pid in found { Glibc.kill(pid, SIGKILL) }
            killed.formUnion(found)
            // Cancelled or not, all strays are killed; only the pause is shorter.
            try? await SystemTime().sleep(for: .milliseconds(2))
        }
        return killed.count
    }

    private static func find(_ marks: [String], _ sessions: Set<Int32>, _ known: [ProcessEntry]) -> Set<Int32> {
        let table = ProcessTable.read()
        // A process id comes round again; with the time of its start it means the same process.
        let starts = Dictionary(known.map { ($0.pid, $0.startTicks) }) { $1 }
        var result: Set<Int32> = []
        for entry in table.processes.values where !entry.isZombie && entry.pid != getpid() {
            guard
                sessions.contains(entry.session) || starts[entry.pid] == entry.startTicks
                    || marks.contains(where: { ProcessTable.hasVariable(entry.pid, $0) })
            else { continue }
            result.formUnion(table.tree(entry.pid).filter { !$0.isZombie }.map(\.pid))
        }
        result.remove(getpid())
        return result
    }
}
