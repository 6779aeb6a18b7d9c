import Basics
import Glibc

/// The processes of one job: its leader and everything that came from it.
///
/// Descendants are found by following children, by the leader's session, and, when they cut both ties
/// (`setsid`, double fork), by a variable in their environment: an orphan becomes a child of the runner, which
/// adopts orphans, and carries the marker.
struct ProcessTree {
    let leader: pid_t
    /// `NAME=value`, unique to this job, in the environment of its processes.
    let marker: String
    /// The members at the last look, with their starts: an id that another process has now is not a member.
    private var known: [pid_t: Int64] = [:]

    init(leader: pid_t, marker: String) {
        self.leader = leader
        self.marker = marker
    }

    /// The living members now.
    mutating func members(withOrphans: Bool) -> [ProcessEntry] {
        var seen: Set<pid_t> = []
        var result: [ProcessEntry] = []
        var open: [pid_t] = [leader] + known.keys.filter { $0 != leader }
        var orphansListed = !withOrphans
        while true {
            guard let pid = open.popLast() else {
                if orphansListed { break }
                orphansListed = true
                open = orphans(except: seen)
                continue
            }
            guard seen.insert(pid).inserted, let entry = ProcFS.entry(pid) else { continue }
            if let start = known[pid], start != entry.startTicks { continue }
            // A zombie's children have been given away already, but it is still a hold on its number.
            if !entry.isZombie { result.append(entry) }
            open.append(contentsOf: ProcFS.children(of: pid, threads: entry.threads))
        }
        let own = getpid()
        let adopted = result.filter { $0.parent == own && $0.pid != leader }
        if !adopted.isEmpty { ChildProcesses.adopt(adopted) }
        known = Dictionary(uniqueKeysWithValues: result.map { ($0.pid, $0.startTicks) })
        return result
    }

    /// Sends every living member a signal.
    ///
    /// - Returns: how many there were.
    @discardableResult
    mutating func signal(_ number: Int32) -> Int {
        let members = members(withOrphans: true)
        // The group first: it reaches processes that were started since they were listed. Once the session is empty,
        // its number may belong to another one.
        if members.contains(where: { $0.session == leader }) { kill(-leader, number) }
        for member in members {
            // Looked up again: since the list was made the number may have been given to another process.
            guard ProcFS.entry(member.pid)?.startTicks == member.startTicks else { continue }
            kill(member.pid, number)
        }
        return members.count
    }

    private func orphans(except seen: Set<pid_t>) -> [pid_t] {
        if ChildProcesses.adoptsOrphans {
            return ChildProcesses.orphans().filter { !seen.contains($0.pid) && belongs($0) }.map(\.pid)
        }
        return ProcFS.all().filter {
            !seen.contains($0.pid) && ($0.session == leader || ($0.parent == 1 && belongs($0)))
        }
        .map(\.pid)
    }

    private func belongs(_ entry: ProcessEntry) -> Bool {
        entry.session == leader || ProcFS.environment(of: entry.pid, contains: marker)
    }
}
