import APIMachinery
import Storage
import Synchronization

/// What the built-in controllers must know of a committed change: where it was and whom it concerns. The documents stay
/// behind, so that a large deletion does not hold on to everything that it deletes.
struct ChangeNote: Sendable, Hashable {
    var reference: OwnerGraph.Reference
    var namespace: String
    /// The uids of the objects that went from that place.
    var deleted: Set<String> = []
    /// The uids of the owners that the changed objects name.
    var owners: Set<String> = []
    /// Whether the object has owners, is being deleted, or was changed: whether the garbage collector looks at it.
    var concernsCollector: Bool

    /// Takes note of a change; `nil` if it is nobody's concern.
    init?(_ change: ObjectChange) {
        let object = (change.attachment as? JSONValue).map { Unstructured($0) }
        let isGone = change.kind == .deleted
        reference = OwnerGraph.Reference(storageKey: change.key.resource, path: change.key.path)
        namespace = object?.namespace ?? ""
        if isGone { deleted = [object?.uid ?? ""] }
        if object?.metadata("ownerReferences") != nil { owners = Set(object?.ownerReferences.map(\.uid) ?? []) }
        concernsCollector =
            isGone || change.kind == .updated || !owners.isEmpty || object?.metadata("ownerReferences") != nil
            || object?.metadata("deletionTimestamp") != nil
        guard concernsCollector || Self.watched.contains(reference.storageKey) else { return nil }
    }

    /// Kinds whose every change matters to a controller.
    private static let watched: Set<String> = [
        "namespaces", CustomResourceDefinitions.storageKey, RoleIndex.Resource.clusterRoles.rawValue,
    ]

    /// Adds a later change at the same place. The controllers look at what is there now, so the last state is enough,
    /// together with everybody who was ever concerned.
    mutating func add(_ later: ChangeNote) {
        if !later.namespace.isEmpty { namespace = later.namespace }
        deleted.formUnion(later.deleted)
        owners.formUnion(later.owners)
        concernsCollector = concernsCollector || later.concernsCollector
    }
}

/// The notes that wait for the controllers: one for each place, however often something changes there.
final class ChangeNotes: Sendable {
    private struct State {
        var notes: [OwnerGraph.Reference: ChangeNote] = [:]
        var order: [OwnerGraph.Reference] = []
    }

    private let state = Mutex(State())
    private let bell: AsyncStream<Void>.Continuation
    /// Rings when there is something to take.
    let arrivals: AsyncStream<Void>

    init() { (arrivals, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Takes note of changes; called by the store's writer.
    func leave(_ changes: [ObjectChange]) {
        let notes = changes.compactMap { ChangeNote($0) }
        guard !notes.isEmpty else { return }
        state.withLock { state in
            for note in notes {
                if state.notes[note.reference] == nil {
                    state.notes[note.reference] = note
                    state.order.append(note.reference)
                } else {
                    state.notes[note.reference]?.add(note)
                }
            }
        }
        bell.yield()
    }

    /// How many wait.
    var count: Int { state.withLock { $0.order.count } }

    /// Takes the oldest notes, up to `limit`.
    func take(_ limit: Int) -> [ChangeNote] {
        state.withLock { state in
            let taken = state.order.prefix(limit).compactMap { state.notes.removeValue(forKey: $0) }
            state.order.removeFirst(min(limit, state.order.count))
            return taken
        }
    }
}
