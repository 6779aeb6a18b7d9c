import APIMachinery
import KubeAPI
import Spec

/// Finds the recorded revision that an object asks for, and says what must be recorded. Pure.
struct RevisionResolver {
    /// What there is to do before the revision can be used.
    enum Step: Equatable {
        /// It is recorded, and the newest.
        case none
        /// It must be recorded.
        case create(ControllerRevision)
        /// It was recorded before: going back makes it the newest.
        case renumber(name: String, revision: Int64)
    }

    /// What an object asks for and how to go on about it.
    struct Answer {
        var hash: String
        var step: Step
        /// How often the name was found taken by another content.
        var collisions: Int
    }

    /// The object whose revisions these are.
    let owner: Unstructured
    /// What the object asks for.
    let data: JSONValue
    /// The labels of a revision of that hash.
    let labels: (_ hash: String) -> [String: String]
    let revisions: [ControllerRevision]

    /// What to do about the revision that is asked for.
    func answer(collisions: Int) -> Answer {
        let sorted = revisions.sorted(by: ControllerRevision.isOlder)
        let next = (sorted.last?.revision ?? 0) + 1
        if let found = sorted.last(where: { $0.data == data }) {
            let isNewest = found.metadata.name == sorted.last?.metadata.name
            let step: Step = isNewest ? .none : .renumber(name: found.metadata.name ?? "", revision: next)
            return Answer(hash: found.revisionHash, step: step, collisions: collisions)
        }
        var collisions = collisions
        func hash() -> String { RevisionHash.name(of: data.bytes, collisions: collisions) }
        while sorted.contains(where: { $0.metadata.name == name(hash()) }) { collisions += 1 }
        let metadata = ObjectMeta(
            name: name(hash()),
            namespace: owner.namespace,
            labels: labels(hash()),
            ownerReferences: [Self.reference(to: owner)]
        )
        let revision = ControllerRevision(metadata: metadata, data: data, revision: next)
        return Answer(hash: hash(), step: .create(revision), collisions: collisions)
    }

    /// The names of recorded revisions that nothing needs any more, beyond the limit; the oldest first.
    static func superfluous(_ revisions: [ControllerRevision], inUse: Set<String>, limit: Int) -> [String] {
        let old = revisions.filter { !inUse.contains($0.revisionHash) }.sorted(by: ControllerRevision.isOlder)
        return old.prefix(max(0, old.count - max(0, limit))).compactMap(\.metadata.name)
    }

    /// The reference by which an object owns what is made for it.
    static func reference(to owner: Unstructured) -> OwnerReference {
        OwnerReference(
            apiVersion: owner.apiVersion,
            kind: owner.kind,
            name: owner.name,
            uid: owner.uid,
            controller: true,
            blockOwnerDeletion: true
        )
    }

    /// The owner's name with the hash; an owner may have a name that is too long for that.
    private func name(_ hash: String) -> String {
        "\(PoolRevision.shortened(owner.name, to: Self.longestName - hash.utf8.count - 1))-\(hash)"
    }

    private static let longestName = 253
}
