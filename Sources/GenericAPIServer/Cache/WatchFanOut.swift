import APIMachinery
import Synchronization

/// Hands the events of one resource to those who watch it.
///
/// Whoever commits a change only leaves it here. It is delivered by a task of its own: watchers are grouped by what
/// they want, so a change is looked at once for each group, and only in the groups that its namespace and name can
/// concern.
final class WatchFanOut: Sendable {
    /// Which groups an event can concern: those of its namespace or of all, of its name or of any.
    private struct Scope: Hashable {
        var namespace: String?
        var name: String?
    }

    private struct Watchers {
        var groups: [Scope: [WatchInterest: [Int: Watcher]]] = [:]
        var count = 0
        var next = 0
    }

    private enum Item {
        case event(CacheEvent)
        /// The time, and the revision up to which everything has been left here before.
        case tick(Timestamp, Int64)
    }

    private struct Pending {
        var items: [Item] = []
        var isDelivering = false
    }

    /// From so many undelivered events on, whoever commits a change helps to deliver.
    private static let backlog = 512

    private let watchers = Mutex(Watchers())
    private let pending = Mutex(Pending())
    /// Held by whoever delivers, so that everything stays in order.
    private let delivery = Mutex<Void>(())
    private let onLag: @Sendable () -> Void

    /// - Parameter onLag: called when a watcher is ended because it did not keep up.
    init(onLag: @escaping @Sendable () -> Void) { self.onLag = onLag }

    var count: Int { watchers.withLock { $0.count } }

    /// Adds a watcher for the events after a revision.
    func add(_ watcher: Watcher, after revision: Int64) {
        let scope = Self.scope(watcher.interest)
        watcher.skip(upTo: revision)
        let id = watchers.withLock { watchers in
            watchers.next += 1
            watchers.count += 1
            watchers.groups[scope, default: [:]][watcher.interest, default: [:]][watchers.next] = watcher
            return watchers.next
        }
        watcher.whenOver { [weak self, interest = watcher.interest] in
            self?.remove(id, scope, interest)
        }
    }

    private func remove(_ id: Int, _ scope: Scope, _ interest: WatchInterest) {
        watchers.withLock { watchers in
            guard watchers.groups[scope]?[interest]?.removeValue(forKey: id) != nil else { return }
            watchers.count -= 1
            if watchers.groups[scope]?[interest]?.isEmpty == true { watchers.groups[scope]?[interest] = nil }
            if watchers.groups[scope]?.isEmpty == true { watchers.groups[scope] = nil }
        }
    }

    private static func scope(_ interest: WatchInterest) -> Scope {
        let name = interest.selection.fields.requirements.first {
            $0.field == "metadata.name" && $0.operator != .notEquals
        }
        return Scope(namespace: interest.namespace, name: name?.value)
    }

    /// Leaves an event to be delivered. Called in the order of revisions.
    func publish(_ event: CacheEvent) { leave(.event(event)) }

    /// Leaves the time, for bookmarks and deadlines.
    func tick(now: Timestamp, revision: Int64) {
        if count > 0 { leave(.tick(now, revision)) }
    }

    /// Ends all watches.
    func end() {
        for watcher in all() { watcher.finish() }
    }

    /// Delivers here and now if much has been left. Not to be called with a lock held.
    func catchUp() {
        if pending.withLock({ $0.items.count > Self.backlog }) { deliver() }
    }

    private func leave(_ item: Item) {
        let mustStart = pending.withLock { pending in
            pending.items.append(item)
            defer { pending.isDelivering = true }
            return !pending.isDelivering
        }
        // lint: the task ends as soon as nothing is left.
        if mustStart { Task { self.deliver() } }
    }

    private func deliver() {
        delivery.withLock { _ in
            while true {
                let items = pending.withLock { pending in
                    defer { pending.items = [] }
                    if pending.items.isEmpty { pending.isDelivering = false }
                    return pending.items
                }
                if items.isEmpty { return }
                for item in items { deliver(item) }
            }
        }
    }

    private func deliver(_ item: Item) {
        switch item {
        case .event(let event): deliver(event)
        case .tick(let now, let revision):
            for watcher in all() where watcher.tick(now: now, revision: revision) == .lagging { onLag() }
        }
    }

    private func deliver(_ event: CacheEvent) {
        let frames = SharedFrames()
        let (namespace, name) = (event.object.namespace, event.object.name)
        for scope in [
            Scope(), Scope(namespace: namespace), Scope(name: name), Scope(namespace: namespace, name: name),
        ] {
            for (interest, members) in watchers.withLock({ $0.groups[scope] ?? [:] }) {
                guard let sighting = Sighting(event, as: interest, frames: frames) else { continue }
                for watcher in members.values where watcher.deliver(sighting) == .lagging { onLag() }
            }
        }
    }

    private func all() -> [Watcher] {
        watchers.withLock { watchers in watchers.groups.values.flatMap { $0.values.flatMap(\.values) } }
    }
}
