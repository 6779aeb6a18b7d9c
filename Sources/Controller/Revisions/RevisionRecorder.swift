import APIMachinery
import ControllerRuntime
import KubeAPI
import KubeClient
import Spec

/// Keeps the numbered revisions of an object in the API.
struct RevisionRecorder {
    /// The history of an object once what it asks for is recorded.
    struct History {
        /// The hash of the revision that is asked for.
        var hash: String
        var revisions: [ControllerRevision]
        var collisions: Int

        /// The revision that is asked for.
        var wanted: ControllerRevision? { revisions.first { $0.revisionHash == hash } }
    }

    /// A revision's name was taken; the next attempt must count one more collision.
    struct Collision: Error {
        var collisions: Int
    }

    let client: KubeClient
    let owner: Unstructured
    let data: JSONValue
    let labels: (_ hash: String) -> [String: String]

    /// Sees to it that what the object asks for is recorded as its newest revision.
    ///
    /// - Throws: `Collision`, or the server's `Status`.
    func record(_ cached: [ControllerRevision], collisions: Int) async throws -> History {
        var revisions = cached
        var answer = resolver(revisions).answer(collisions: collisions)
        if answer.step != .none {
            // The cache may be behind what was recorded a moment ago: numbers are given by what the server has.
            revisions = try await client.list(ControllerRevision.self, namespace: owner.namespace).items
                .filter { $0.metadata.controller?.uid == owner.uid }
            answer = resolver(revisions).answer(collisions: collisions)
        }
        switch answer.step {
        case .none: break
        case .create(let revision):
            do {
                revisions.append(try await client.create(revision))
            } catch let status as Status where status.reason == .alreadyExists {
                throw Collision(collisions: answer.collisions + 1)
            }
        case .renumber(let name, let number):
            let changed = try await client.patch(
                ControllerRevision.self,
                namespace: owner.namespace,
                name: name,
                .merge(["revision": .int(number)]),
                WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
            )
            revisions.removeAll { $0.metadata.name == name }
            revisions.append(changed)
        }
        return History(hash: answer.hash, revisions: revisions, collisions: answer.collisions)
    }

    /// Deletes revisions that nothing needs any more, beyond the limit.
    func prune(_ revisions: [ControllerRevision], inUse: Set<String>, limit: Int) async throws {
        for name in RevisionResolver.superfluous(revisions, inUse: inUse, limit: limit) {
            do {
                try await client.delete(ControllerRevision.resource, namespace: owner.namespace, name: name)
            } catch let status as Status where status.reason == .notFound {
                continue
            }
        }
    }

    private func resolver(_ revisions: [ControllerRevision]) -> RevisionResolver {
        RevisionResolver(owner: owner, data: data, labels: labels, revisions: revisions)
    }
}
