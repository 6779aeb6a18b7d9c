import Synchronization

/// One change of a run, as watchers see it.
public struct RunChange: Sendable, Hashable {
    /// What happened to the run.
    public enum Kind: Sendable, Hashable {
        case added
        /// The run, or one of its steps, changed.
        case modified
        /// The run is gone; this is what it was, with the revision of its removal.
        case deleted(RunRecord)
    }

    /// The run's `resourceVersion` after the change.
    public var revision: Int64
    public var run: Int64
    public var namespace: String
    public var name: String
    public var kind: Kind

    /// A change at that revision.
    public init(revision: Int64, run: Int64, namespace: String, name: String, kind: Kind) {
        self.revision = revision
        self.run = run
        self.namespace = namespace
        self.name = name
        self.kind = kind
    }
}

/// The latest changes in the order of their commits, kept in memory, with a way to wait for more.
///
/// It has a bounded number of changes. A watcher that falls behind gets `expired` and lists again. A change names the
/// run and has no state: watchers read the run from the store, and so skip states that are already outdated.
public final class RunChangeFeed: Sendable {
    private struct State {
        /// A ring: the oldest change stands at `start` once the buffer is full.
        var buffer: [RunChange] = []
        var start = 0
        /// Changes up to this revision are not (or no longer) in the buffer.
        var forgotten: Int64
        var latest: Int64
        var waiters: [UInt64: (after: Int64, continuation: CheckedContinuation<Void, Never>)] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let capacity: Int
    private let state: Mutex<State>

    /// A feed that begins after the given revision.
    public init(revision: Int64, capacity: Int = 32768) {
        self.capacity = capacity
        state = Mutex(State(forgotten: revision, latest: revision))
    }

    /// The revision of the latest commit.
    public var latest: Int64 { state.withLock { $0.latest } }

    /// Appends what one commit changed; `revision` is the store's sequence after it. For stores only.
    public func append(_ changes: [RunChange], revision: Int64) {
        let woken = state.withLock { state in
            for change in changes {
                if state.buffer.count < capacity {
                    state.buffer.append(change)
                } else {
                    state.forgotten = state.buffer[state.start].revision
                    state.buffer[state.start] = change
                    state.start = (state.start + 1) % capacity
                }
            }
            state.latest = max(state.latest, revision)
            guard let last = changes.last else { return [CheckedContinuation<Void, Never>]() }
            let due = state.waiters.filter { $0.value.after < last.revision }
            for id in due.keys { state.waiters[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in woken { continuation.resume() }
    }

    /// The changes after a revision, the oldest first, at most `limit`.
    ///
    /// - Throws: `RunStoreError` with `expired` if some of them are forgotten.
    public func changes(after revision: Int64, limit: Int = 1024) throws -> [RunChange] {
        try state.withLock { state in
            guard revision >= state.forgotten else {
                throw RunStoreError(
                    .expired,
                    "changes after revision \(revision) are no longer known (the oldest is "
                        + "\(state.forgotten)); list again"
                )
            }
            // Revisions rise along the ring, so the first wanted one is found by bisection.
            var low = 0
            var high = state.buffer.count
            while low < high {
                let middle = (low + high) / 2
                if state.buffer[(state.start + middle) % state.buffer.count].revision <= revision {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            return (low..<min(state.buffer.count, low + limit)).map {
                state.buffer[(state.start + $0) % state.buffer.count]
            }
        }
    }

    /// Waits until there is a change after the revision, or until the task is cancelled. Returns at once if the
    /// revision is not the latest, although later sequence numbers need not be changes of runs.
    public func wait(after revision: Int64) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.latest > revision || Task.isCancelled { return true }
                    state.waiters[id] = (revision, continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.continuation.resume()
        }
    }
}
