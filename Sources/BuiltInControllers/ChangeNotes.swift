import APIMachinery
import Storage
import Synchronization

/// What the garbage collector must know of an object beyond its present state: whom its changes concern. The documents
/// stay behind, so that a large deletion does not hold on to everything that it deletes.
struct ChangeNote: Sendable, Hashable {
    var reference: OwnerGraph.Reference
    var namespace = ""
    /// The uids of the objects that went from that place.
    var deleted: Set<String> = []
    /// The uids of the owners that the changed objects name.
    var owners: Set<String> = []
    /// The uids of owners that are gone for sure, even if their kind is not served any more.
    var absent: Set<String> = []
    /// Whether the object itself changed, rather than one of its owners.
    var isChanged = false

    /// A note of nothing yet.
    init(_ reference: OwnerGraph.Reference) { self.reference = reference }

    /// Takes note of a change; `nil` if the collector has nothing to do with it.
    ///
    /// - Parameter hadOwners: whether the object at that place had owners before, as far as is known.
    init?(_ change: ObjectChange, hadOwners: (OwnerGraph.Reference) -> Bool) {
        let object = (change.attachment as? JSONValue).map { Unstructured($0) }
        let isGone = change.kind == .deleted
        self.init(OwnerGraph.Reference(storageKey: change.key.resource, path: change.key.path))
        isChanged = true
        namespace = object?.namespace ?? ""
        if isGone { deleted = [object?.uid ?? ""] }
        let hasOwners = object?.metadata("ownerReferences") != nil
        if hasOwners { owners = Set(object?.ownerReferences.map(\.uid) ?? []) }
        // An object that stays, and neither has owners nor had any, concerns nobody.
        guard
            isGone || object == nil || hasOwners || object?.metadata("deletionTimestamp") != nil
                || change.kind == .updated && hadOwners(reference)
        else { return nil }
    }

    /// Adds a later note on the same place. The collector looks at what is there now, so the last state is enough,
    /// together with everybody who was ever concerned.
    mutating func add(_ later: ChangeNote) {
        if !later.namespace.isEmpty { namespace = later.namespace }
        deleted.formUnion(later.deleted)
        owners.formUnion(later.owners)
        absent.formUnion(later.absent)
        isChanged = isChanged || later.isChanged
    }
}

/// The notes that wait for the garbage collector: one for each place, however often something changes there.
final class ChangeNotes: Sendable {
    private let notes = Mutex<[OwnerGraph.Reference: ChangeNote]>([:])

    init() {}

    /// Adds a note to what is noted of its place.
    func add(_ note: ChangeNote) {
        notes.withLock { notes in
            if notes[note.reference]?.add(note) == nil { notes[note.reference] = note }
        }
    }

    /// How many places have notes.
    var count: Int { notes.withLock { $0.count } }

    /// Takes what is noted of a place; an empty note if nothing is.
    func take(_ reference: OwnerGraph.Reference) -> ChangeNote {
        notes.withLock { $0.removeValue(forKey: reference) } ?? ChangeNote(reference)
    }
}
