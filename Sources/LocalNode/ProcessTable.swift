import APIMachinery
import Glibc
import KubeClient

/// What runs on this machine, read from /proc.
struct ProcessTable: Sendable {
    let processes: [Int32: ProcessEntry]
    private let children: [Int32: [Int32]]

    init(_ processes: [ProcessEntry]) {
        self.processes = Dictionary(processes.map { ($0.pid, $0) }) { $1 }
        children = Dictionary(grouping: processes, by: \.parent).mapValues { $0.map(\.pid) }
    }

    /// Reads the table as it is now.
    static func read() -> ProcessTable { ProcessTable(ProcFS.all()) }

    /// Reads these processes and their descendants only, which spares looking at every process of the machine.
    static func read(below roots: [Int32]) -> ProcessTable {
        guard ProcFS.listsChildren else { return read() }
        var found: [Int32: ProcessEntry] = [:]
        var pending = roots
        while let pid = pending.popLast() {
            guard found[pid] == nil, let entry = ProcFS.entry(pid) else { continue }
            found[pid] = entry
            pending += ProcFS.children(of: pid, threads: entry.threads)
        }
        return ProcessTable(Array(found.values))
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
}

/// Finds and kills what outlived its shim: processes that carry a Pod's or a plane's mark in their environment, and
/// those known from before.
enum Strays {
    /// Kills every process that was started with one of these `NAME=VALUE`, that belongs to one of these sessions, or that
    /// is one of those known, with all descendants. Looks again until all are gone. Returns how many it killed.
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
        // Process ids are used again; with the time of its start an id names one process.
        let starts = Dictionary(known.map { ($0.pid, $0.startTicks) }) { $1 }
        var result: Set<Int32> = []
        for entry in table.processes.values where !entry.isZombie && entry.pid != getpid() {
            guard
                sessions.contains(entry.session) || starts[entry.pid] == entry.startTicks
                    || marks.contains(where: { ProcFS.environment(of: entry.pid, contains: $0) })
            else { continue }
            result.formUnion(table.tree(entry.pid).filter { !$0.isZombie }.map(\.pid))
        }
        result.remove(getpid())
        return result
    }
}
