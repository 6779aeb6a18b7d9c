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
        do {
            let history = try await recorder.record(revisions, collisions: memory.collisions)
            revisions = history.revisions
            memory.collisions = history.collisions
            return history.hash
        } catch let collision as RevisionRecorder.Collision {
            memory.collisions = collision.collisions
            throw Status.conflict(
                ControllerRevision.resource.groupResource,
                name: pool.name,
                "the name of the new revision is taken by another object; the next attempt uses another name"
            )
        }
    }

    private var recorder: RevisionRecorder {
        let revision = PoolRevision(of: pool)
        return RevisionRecorder(client: client, owner: pool, data: revision.data) { [pool] hash in
            revision.labels(pool: pool.name, hash: hash)
        }
    }

    /// Deletes old revisions beyond `spec.revisionHistoryLimit`.
    func prune(_ updateRevision: String, _ status: RolloutStatus) async throws {
        var inUse = Set(pods.compactMap { $0.metadata.labels?[PoolRevision.revisionLabel] })
        inUse.insert(updateRevision)
        if let current = status.currentRevision { inUse.insert(current) }
        try await recorder.prune(revisions, inUse: inUse, limit: spec.revisionHistoryLimit ?? 10)
    }

    /// Keeps the token of the pool's runners in the namespace's Secret, if that is ours to do.
    func keepSecret() async throws {
        guard let token = reconciler.settings.runnerToken?(pool.namespace, pool.name) else { return }
        let name = reconciler.settings.tokenSecret
        let key = reconciler.settings.tokenKey(ofPool: pool.name)
        guard reconciler.secretsKept.insert("\(pool.namespace)/\(pool.name)", token) else { return }
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
            reconciler.secretsKept.forget("\(pool.namespace)/\(pool.name)")
            throw error
        }
    }
}
