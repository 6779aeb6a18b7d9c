package import APIMachinery
import Synchronization

/// What a watcher wants to see.
package struct WatchInterest: Sendable, Hashable {
    /// Only objects of this namespace; `nil` for all.
    package var namespace: String?
    package var selection: Selection

    /// Whether the object is of interest at all.
    package func matches(_ object: CachedObject) -> Bool {
        if let namespace, !object.namespace.equalsBytes(of: namespace) { return false }
        return selection.matches(object)
    }
}

/// One watch request's inbox. It is bounded, in events and in bytes: who reads too slowly is disconnected and must
/// list again, so that no slow reader can hold memory or keep the others waiting.
package final class Watcher: Sendable {
    /// What waits in the inbox.
    package enum Notice: Sendable {
        case event(Sighting)
        /// Nothing happened up to this revision.
        case bookmark(Int64)
    }

    /// What became of a notice.
    package enum Delivery { case taken, lagging, over }

    private struct State {
        var inbox: [Notice] = []
        /// The first notice in the inbox that has not been read.
        var start = 0
        var bytes = 0
        var isOver = false
        var reader: CheckedContinuation<Void, Never>?
        /// Events up to this revision are known to the watcher, even if they have yet to happen.
        var after: Int64
        var lastBookmark: Timestamp
        var onEnd: (@Sendable () -> Void)?
    }

    static let inboxLimit = 2048
    /// The bytes of the objects that may wait.
    static let inboxBytes = 16 << 20
    /// How much is read at a time.
    private static let readBytes = 256 << 10
    /// How often a watcher that wants them gets bookmarks.
    static let bookmarkPeriod: Duration = .seconds(60)

    package let interest: WatchInterest
    /// The revision from which the client wants to go on.
    private let firstAfter: Int64
    private let deadline: Timestamp
    private let wantsBookmarks: Bool
    private let state: Mutex<State>

    /// An inbox that is open until the deadline, for events after a revision.
    package init(
        interest: WatchInterest,
        after: Int64,
        deadline: Timestamp,
        wantsBookmarks: Bool,
        now: Timestamp
    ) {
        self.interest = interest
        self.deadline = deadline
        self.wantsBookmarks = wantsBookmarks
        firstAfter = after
        state = Mutex(State(after: after, lastBookmark: now))
    }

    /// Leaves out events up to that revision, because the watcher is shown them by other means.
    func skip(upTo revision: Int64) { state.withLock { $0.after = max($0.after, revision) } }

    /// Whether the watcher does not know the event yet, which has come to it by other means than its inbox.
    package func isNew(_ event: CacheEvent) -> Bool { event.revision > firstAfter }

    /// Calls `body` once when the watch is over; at once if it is already.
    func whenOver(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.onEnd = body }
            return state.isOver
        }
        if isOver { body() }
    }

    /// Puts an event into the inbox.
    func deliver(_ sighting: Sighting) -> Delivery {
        put(.event(sighting), revision: sighting.revision, bytes: sighting.object.bytes.count)
    }

    /// Ends the watch at its deadline and sends bookmarks when they are due.
    package func tick(now: Timestamp, revision: Int64) -> Delivery {
        if now >= deadline {
            if wantsBookmarks { _ = put(.bookmark(revision), revision: .max, bytes: 0) }
            finish()
            return .over
        }
        guard wantsBookmarks else { return .taken }
        let isDue = state.withLock { state in
            guard now.since(state.lastBookmark) >= Self.bookmarkPeriod else { return false }
            state.lastBookmark = now
            return true
        }
        return isDue ? put(.bookmark(revision), revision: .max, bytes: 0) : .taken
    }

    /// Ends the watch. What is in the inbox can still be read.
    package func finish() {
        let (reader, onEnd) = state.withLock { state in
            defer {
                state.reader = nil
                state.onEnd = nil
            }
            state.isOver = true
            return (state.reader, state.onEnd)
        }
        reader?.resume()
        onEnd?()
    }

    /// Waits for notices and takes some of them; `nil` when the watch is over. For one reader.
    package func next() async -> [Notice]? {
        while true {
            let (notices, isOver) = state.withLock { state in (Self.take(&state), state.isOver) }
            if !notices.isEmpty { return notices }
            if isOver { return nil }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if state.isOver || state.start < state.inbox.count { return true }
                    state.reader = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    private static func take(_ state: inout State) -> [Notice] {
        var taken: [Notice] = []
        var bytes = 0
        while state.start < state.inbox.count, bytes < readBytes {
            let notice = state.inbox[state.start]
            taken.append(notice)
            bytes += notice.bytes
            state.start += 1
        }
        state.bytes -= bytes
        if state.start == state.inbox.count || state.start > inboxLimit {
            state.inbox.removeFirst(state.start)
            state.start = 0
        }
        return taken
    }

    private func put(_ notice: Notice, revision: Int64, bytes: Int) -> Delivery {
        let (delivery, reader) = state.withLock { state -> (Delivery, CheckedContinuation<Void, Never>?) in
            if state.isOver { return (.over, nil) }
            guard revision > state.after else { return (.taken, nil) }
            // One object of any size always has room.
            let isFull = state.inbox.count - state.start >= Self.inboxLimit || state.bytes > Self.inboxBytes
            if isFull { return (.lagging, nil) }
            state.inbox.append(notice)
            state.bytes += bytes
            defer { state.reader = nil }
            return (.taken, state.reader)
        }
        reader?.resume()
        if delivery == .lagging { finish() }
        return delivery
    }
}

extension Watcher.Notice {
    fileprivate var bytes: Int {
        switch self {
        case .event(let sighting): sighting.object.bytes.count
        case .bookmark: 0
        }
    }
}
