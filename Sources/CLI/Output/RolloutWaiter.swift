import APIMachinery
import KubeClient
import Spec

/// Waits until a pool's runners are what its specification says.
struct RolloutWaiter {
    var client: KubeClient
    var namespace: String
    var name: String

    /// Returns when the rollout of that generation, or of a later one, is complete; throws when it has failed.
    func wait(generation: Int64) async throws {
        while true {
            let pool = try await client.get(WorkerPool.resource, namespace: namespace, name: name)
            if try isComplete(pool, generation) { return }
            let stream = try await client.watch(
                WorkerPool.resource,
                namespace: namespace,
                WatchOptions(fieldSelector: "metadata.name=\(name)", resourceVersion: pool.resourceVersion)
            )
            for try await event in stream {
                switch event {
                case .added(let object), .modified(let object):
                    if try isComplete(object, generation) { return }
                case .deleted: throw Failure(.failed, "workerpool/\(name) was deleted")
                case .bookmark, .error: continue
                }
            }
        }
    }

    private func isComplete(_ object: Unstructured, _ generation: Int64) throws -> Bool {
        let status = object.json["status"]
        guard (status?["observedGeneration"]?.intValue ?? 0) >= generation else { return false }
        let conditions = status?["conditions"]?.arrayValue ?? []
        if let progressing = conditions.first(where: { $0["type"]?.stringValue == "Progressing" }),
            progressing["status"]?.stringValue == "False"
        {
            throw Failure(
                .failed,
                "workerpool/\(name): \(progressing["reason"]?.stringValue ?? ""): \(progressing["message"]?.stringValue ?? "")"
            )
        }
        let wanted = status?["desiredReplicas"]?.intValue ?? 0
        return status?["updatedReplicas"]?.intValue ?? 0 >= wanted
            && status?["replicas"]?.intValue ?? 0 == status?["updatedReplicas"]?.intValue ?? 0
            && status?["readyReplicas"]?.intValue ?? 0 >= wanted
    }
}
