import APIMachinery
import ControllerRuntime
import KubeAPI
import KubeClient
import Spec

/// Recording revisions.
extension PoolLook {
    /// Sees to it that the revision which the pool asks for is recorded as the newest; returns its hash.
    mutating func ensureRevision(_ memory: inout PoolMemory) async throws -> String {
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
    func prune(_ updateRevision: String, _ plan: RolloutPlan) async throws {
        var inUse = Set(pods.compactMap { $0.metadata.labels?[PoolRevision.revisionLabel] })
        inUse.insert(updateRevision)
        if let current = plan.status.currentRevision { inUse.insert(current) }
        // What a failure goes back to must stay, and counts as one of the old revisions.
        var limit = spec.revisionHistoryLimit ?? 10
        if let previous = plan.progress.previousRevision, inUse.insert(previous).inserted { limit -= 1 }
        try await recorder.prune(revisions, inUse: inUse, limit: max(0, limit))
    }
}
