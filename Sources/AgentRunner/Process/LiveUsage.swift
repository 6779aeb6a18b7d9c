import APIMachinery
import Synchronization

/// Resource use of the jobs that run now: for the runner's load, and to keep all of them within the memory of their
/// container.
///
/// The node kills everything in a container when its memory is used up: the job that took it, all others and the
/// runner. So the runner acts first: near the limit it ends the job that uses most.
final class LiveUsage: Sendable {
    struct Sample: Sendable {
        var cpu: Duration = .zero
        var memoryBytes: Int64 = 0
    }

    /// The container's memory as it is used now. Decides which job must be killed. Pure.
    struct Shares: Sendable {
        var jobs: [String: Int64] = [:]
        /// Jobs that are being killed, whose memory counts as free.
        var leaving: Set<String> = []

        /// The most that is kept free, in bytes: more than a job can take between two looks at it.
        static let largestReserve: Int64 = 128 << 20

        /// Whether the job must be killed: runner and jobs use more than nine tenths of the limit, and no other job
        /// uses more than this one.
        func mustEnd(_ job: String, own: Int64, limit: Int64) -> Bool {
            guard !leaving.contains(job), let mine = jobs[job], mine > 0 else { return false }
            let staying = jobs.filter { !leaving.contains($0.key) }
            let total = staying.values.saturatingSum.saturatingAdd(own)
            guard total > limit - min(limit / 10, Self.largestReserve) else { return false }
            return staying.allSatisfy { $0.value < mine || $0.value == mine && $0.key <= job }
        }
    }

    private struct Entry {
        var job: String
        var sample: Sample
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var leaving: Set<String> = []

        var memory: [String: Int64] { entries.mapValues(\.sample.memoryBytes) }
    }

    /// Bytes of memory that the runner and its jobs may use together; `nil` without a limit.
    let memoryLimit: Int64?
    private let ownMemory: @Sendable () -> Int64
    private let state = Mutex(State())

    /// - Parameters:
    ///   - memoryLimit: the memory of the container, in bytes.
    ///   - ownMemory: what the runner itself uses of it, in bytes.
    init(
        memoryLimit: Int64? = nil,
        ownMemory: @escaping @Sendable () -> Int64 = { OwnUsage.sample().memoryBytes }
    ) {
        self.memoryLimit = memoryLimit
        self.ownMemory = ownMemory
    }

    /// Takes the newest sample of a job's process tree; `nil` when it has ended.
    ///
    /// - Parameters:
    ///   - tree: what identifies the tree.
    ///   - job: the id of the job.
    func set(_ sample: Sample?, for tree: String, job: String) {
        state.withLock { state in
            state.entries[tree] = sample.map { Entry(job: job, sample: $0) }
            if sample == nil { state.leaving.remove(tree) }
        }
    }

    /// Whether the tree must be killed for the container's memory. Answers `true` once; from then on the tree counts as
    /// gone.
    func mustEnd(_ tree: String) -> Bool {
        guard let memoryLimit else { return false }
        let jobs = state.withLock { $0.memory.values.saturatingSum }
        // The runner's own use takes a system call or two to find out, and rarely matters.
        guard jobs > memoryLimit / 4 else { return false }
        let own = ownMemory()
        return state.withLock { state in
            let shares = Shares(jobs: state.memory, leaving: state.leaving)
            guard shares.mustEnd(tree, own: own, limit: memoryLimit) else { return false }
            state.leaving.insert(tree)
            return true
        }
    }

    var total: Sample {
        state.withLock { state in
            state.entries.values.reduce(into: Sample()) {
                $0.cpu += $1.sample.cpu
                $0.memoryBytes = $0.memoryBytes.saturatingAdd($1.sample.memoryBytes)
            }
        }
    }

    /// Bytes in use by job, of those that have processes.
    var memoryByJob: [String: Int64] {
        state.withLock { state in
            state.entries.values.reduce(into: [:]) { entries, entry in
                entries[entry.job] = (entries[entry.job] ?? 0).saturatingAdd(entry.sample.memoryBytes)
            }
        }
    }
}
