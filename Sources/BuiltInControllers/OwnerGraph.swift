import APIMachinery
import GenericAPIServer

/// Who depends on whom, by uid; kept up to date from the committed changes.
struct OwnerGraph: Sendable {
    /// Where an object is.
    struct Reference: Sendable, Hashable {
        var storageKey: String
        var path: String
    }

    private var dependents: [String: Set<Reference>] = [:]
    private var owners: [Reference: Set<String>] = [:]
    /// Objects that are deleted in the foreground and wait for their dependents, by uid.
    private var waiting: [String: Reference] = [:]

    /// Notes an object's owners; `nil` for an object that is gone.
    mutating func note(_ reference: Reference, _ object: CachedObject?) {
        if let object, object.isDeleting, object.finalizers.contains("foregroundDeletion") {
            waiting[object.uid] = reference
        }
        let now = Set((object?.owners ?? []).map(\.uid))
        let before = owners[reference] ?? []
        guard now != before else { return }
        for uid in before.subtracting(now) {
            dependents[uid]?.remove(reference)
            if dependents[uid]?.isEmpty == true { dependents[uid] = nil }
        }
        for uid in now.subtracting(before) { dependents[uid, default: []].insert(reference) }
        owners[reference] = now.isEmpty ? nil : now
    }

    /// Whether the object had owners when it was last looked at.
    func hasOwners(_ reference: Reference) -> Bool { owners[reference] != nil }

    func dependents(of uid: String) -> [Reference] { Array(dependents[uid] ?? []) }

    /// The owners of these uids that wait for their dependents.
    func waiting(among uids: Set<String>) -> [Reference] { uids.compactMap { waiting[$0] } }

    /// An owner that is gone waits for nobody.
    mutating func forget(owner uid: String) { waiting[uid] = nil }
}
