import APIMachinery
import KubeAPI
import Spec

/// Finds the recorded revision that a pool asks for, and says what must be recorded. Pure.
struct RevisionResolver {
    /// What there is to do before the revision can be rolled out.
    enum Step: Equatable {
        /// It is recorded, and the newest.
        case none
        /// It must be recorded.
        case create(ControllerRevision)
        /// It was recorded before: going back makes it the newest.
        case renumber(name: String, revision: Int64)
    }

    let pool: Unstructured
    let revisions: [ControllerRevision]

    /// What to do about the revision that the pool asks for. `collisions` is how often its name was found taken.
    func step(collisions: Int) -> (hash: String, step: Step, collisions: Int) {
        let wanted = PoolRevision(of: pool)
        let sorted = revisions.sorted(by: ControllerRevision.isOlder)
        let next = (sorted.last?.revision ?? 0) + 1
        if let found = sorted.last(where: { PoolRevision(recorded: $0).data == wanted.data }) {
            let isNewest = found.metadata.name == sorted.last?.metadata.name
            let step: Step = isNewest ? .none : .renumber(name: found.metadata.name ?? "", revision: next)
            return (found.revisionHash, step, collisions)
        }
        var collisions = collisions
        while sorted.contains(where: { $0.metadata.name == name(wanted.hash(collisions: collisions)) }) {
            collisions += 1
        }
        let hash = wanted.hash(collisions: collisions)
        let metadata = ObjectMeta(
            name: name(hash),
            namespace: pool.namespace,
            labels: wanted.labels(pool: pool.name, hash: hash),
            ownerReferences: [PodBuilder.owner(pool)]
        )
        return (hash, .create(ControllerRevision(metadata: metadata, data: wanted.data, revision: next)), collisions)
    }

    /// The names of recorded revisions that nothing needs any more, beyond the limit.
    func superfluous(inUse: Set<String>, limit: Int) -> [String] {
        let old = revisions.filter { !inUse.contains($0.revisionHash) }.sorted(by: ControllerRevision.isOlder)
        return old.prefix(max(0, old.count - max(0, limit))).compactMap(\.metadata.name)
    }

    private func name(_ hash: String) -> String { "\(pool.name)-\(hash)" }
}
