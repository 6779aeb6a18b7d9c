import APIMachinery
import Synchronization

/// The states of a resource from which clients are reading pages, so that each page need not be computed anew from
/// the newest state and the log. They share all chunks that have not changed since.
final class PagingSnapshots: Sendable {
    private struct Entry {
        var revision: Int64
        var objects: SortedObjects
        /// `nil` until the time is told.
        var lastUse: Timestamp?
    }

    /// Each may hold on to objects that are long replaced, so there are few, and not for long: pages that come later
    /// are computed.
    private static let limit = 4
    private static let lifetime: Duration = .seconds(30)

    private let entries = Mutex<[Entry]>([])

    /// The state at that revision, if it is kept.
    subscript(revision: Int64) -> SortedObjects? {
        entries.withLock { entries in
            guard let index = entries.firstIndex(where: { $0.revision == revision }) else { return nil }
            var entry = entries.remove(at: index)
            entry.lastUse = nil
            entries.append(entry)
            return entry.objects
        }
    }

    /// Keeps a state; the one that has not been used for the longest time goes.
    func keep(_ objects: SortedObjects, of revision: Int64) {
        entries.withLock { entries in
            entries.removeAll { $0.revision == revision }
            entries.append(Entry(revision: revision, objects: objects, lastUse: nil))
            if entries.count > Self.limit { entries.removeFirst() }
        }
    }

    /// Forgets everything, because objects are shown differently now.
    func forget() { entries.withLock { $0 = [] } }

    /// Forgets what has not been used for a while.
    func tick(now: Timestamp) {
        entries.withLock { entries in
            for index in entries.indices where entries[index].lastUse == nil { entries[index].lastUse = now }
            entries.removeAll { now.since($0.lastUse ?? now) >= Self.lifetime }
        }
    }
}
