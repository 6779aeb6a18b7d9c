import APIMachinery
import Synchronization

/// One watch request's inbox. It is bounded: who reads too slowly is disconnected and must list again, so that
/// no slow reader can hold memory or keep the others waiting.
final class Watcher: Sendable {
    /// What waits in the inbox.
    enum Notice: Sendable {
        case event(CacheEvent)
        /// Nothing happened up to this revision.
        case bookmark(Int64)
    }

    static let inboxLimit = 2048
    /// How often a watcher that wants them gets bookmarks.
    static let bookmarkPeriod: Duration = .seconds(60)

    /// What comes in, in order; it ends when the watch is over.
    let notices: AsyncStream<Notice>
    private let inbox: AsyncStream<Notice>.Continuation
    private let namespace: String?
    private let deadline: Timestamp
    private let wantsBookmarks: Bool
    private let lastBookmark: Mutex<Timestamp>

    /// An inbox for the events of one namespace (`nil`: of all), open until the deadline.
    init(namespace: String?, deadline: Timestamp, wantsBookmarks: Bool, now: Timestamp) {
        self.namespace = namespace
        self.deadline = deadline
        self.wantsBookmarks = wantsBookmarks
        lastBookmark = Mutex(now)
        (notices, inbox) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.inboxLimit))
    }

    /// Puts an event into the inbox. False if the watch is over, or has just been ended because it lags.
    func offer(_ event: CacheEvent) -> Bool {
        if let namespace, !event.object.namespace.equalsBytes(of: namespace) { return true }
        return put(.event(event))
    }

    /// Ends the watch at its deadline and sends bookmarks when they are due. False if the watch is over.
    func tick(now: Timestamp, revision: Int64) -> Bool {
        if now >= deadline {
            if wantsBookmarks { _ = put(.bookmark(revision)) }
            inbox.finish()
            return false
        }
        guard wantsBookmarks else { return true }
        let isDue = lastBookmark.withLock { last in
            guard now.since(last) >= Self.bookmarkPeriod else { return false }
            last = now
            return true
        }
        return isDue ? put(.bookmark(revision)) : true
    }

    /// Ends the watch.
    func finish() { inbox.finish() }

    private func put(_ notice: Notice) -> Bool {
        switch inbox.yield(notice) {
        case .enqueued: return true
        case .dropped:
            inbox.finish()
            return false
        case .terminated: return false
        @unknown default: return false
        }
    }
}
