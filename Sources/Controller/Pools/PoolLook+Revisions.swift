import APIMachinery
import ControllerRuntime
import KubeAPI
import KubeClient
import Spec

/// Recording revisions, and the Secret that runners need.
extension PoolLook {
    /// Sees to it that the revision which the pool asks for is recorded as the newest; answers its hash.
    mutating func keepRevision(_ memory: inout PoolMemory) async throws -> String {
        memory.collisions = max(memory.collisions, previous.collisionCount ?? 0)
        if spec.paused == true, let held = previous.updateRevision,
            revisions.contains(where: { $0.revisionHash == held })
        {
            // Changes wait; what is rolled out stays what it was.
            return held
        }
        var (hash, step, collisions) = RevisionResolver(pool: pool, revisions: revisions)
            .step(collisions: memory.collisions)
        if step != .none {
            // The cache may be behind what was recorded a moment ago: numbers are given by what the server has.
            revisions = try await client.list(ControllerRevision.self, namespace: pool.namespace).items
                .filter { $0.metadata.controller?.uid == pool.uid }
            (hash, step, collisions) = RevisionResolver(pool: pool, revisions: revisions)
                .step(collisions: memory.collisions)
        }
        switch step {
        case .none: break
        case .create(let revision):
            do {
                revisions.append(try await client.create(revision))
            } catch let status as Status where status.reason == .alreadyExists {
                // The name is taken by something else: the next look tries the next name.
                memory.collisions = collisions + 1
                throw status
            }
        case .renumber(let name, let number):
            let changed = try await client.patch(
                ControllerRevision.self,
                namespace: pool.namespace,
                name: name,
                .merge(["revision": .int(number)]),
                WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
            )
            revisions.removeAll { $0.metadata.name == name }
            revisions.append(changed)
        }
        memory.collisions = collisions
        return hash
    }

    /// Deletes old revisions beyond `spec.revisionHistoryLimit`.
    func prune(_ updateRevision: String, _ status: RolloutStatus) async throws {
        var inUse = Set(pods.compactMap { $0.metadata.labels?[PoolRevision.revisionLabel] })
        inUse.insert(updateRevision)
        if let current = status.currentRevision { inUse.insert(current) }
        let limit = spec.revisionHistoryLimit ?? 10
        for name in RevisionResolver(pool: pool, revisions: revisions).superfluous(inUse: inUse, limit: limit) {
            do {
                try await client.delete(ControllerRevision.resource, namespace: pool.namespace, name: name)
            } catch let status as Status where status.reason == .notFound {
                continue
            }
        }
    }

    /// Keeps the Secret with the token of the namespace's runners, if that is ours to do.
    func keepSecret() async throws {
        guard let token = reconciler.settings.runnerToken?(pool.namespace) else { return }
        let name = reconciler.settings.tokenSecret
        let key = reconciler.settings.tokenKey
        guard reconciler.secretsKept.insert(pool.namespace, token) else { return }
        let secret = Secret(
            metadata: ObjectMeta(name: name, namespace: pool.namespace),
            stringData: [key: token],
            type: "Opaque"
        )
        do {
            _ = try await client.create(secret)
        } catch let status as Status where status.reason == .alreadyExists {
            _ = try await client.patch(
                Secret.resource,
                namespace: pool.namespace,
                name: name,
                .merge(["stringData": [key: .string(token)]]),
                WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
            )
        } catch {
            reconciler.secretsKept.forget(pool.namespace)
            throw error
        }
    }
}
