import APIMachinery
import KubeClient
import Spec

/// Waits until a pool's runners are what its specification says.
struct RolloutWaiter {
    var client: KubeClient
    var namespace: String
    var name: String

    /// Returns when the rollout of the pool as it was written, or of a later state, is complete.
    ///
    /// - Throws: `Failure` if the rollout has failed, or was rolled back.
    func wait(for written: Unstructured) async throws {
        var interruptions = Interruptions()
        while true {
            do {
                let pool = try await client.get(WorkerPool.resource, namespace: namespace, name: name)
                interruptions.reset()
                if try Self.isComplete(pool, since: written) { return }
                let stream = try await client.watch(
                    WorkerPool.resource,
                    namespace: namespace,
                    WatchOptions(fieldSelector: "metadata.name=\(name)", resourceVersion: pool.resourceVersion)
                )
                for try await event in stream {
                    switch event {
                    case .added(let object), .modified(let object):
                        if try Self.isComplete(object, since: written) { return }
                    case .deleted: throw Failure(.failed, "workerpool/\(name) was deleted")
                    case .bookmark, .error: continue
                    }
                }
            } catch let error where Interruptions.isOne(error) {
                try await interruptions.pause(after: error)
            }
        }
    }

    /// Whether all runners are what the pool asks for.
    static func isComplete(_ pool: Unstructured, since written: Unstructured) throws(Failure) -> Bool {
        // A controller that went back by itself has made a later state, whose rollout is no success of this one.
        let from = pool.annotations[Rollback.fromAnnotation]
        if let from, from != written.annotations[Rollback.fromAnnotation] {
            let reason = pool.annotations[Rollback.reasonAnnotation] ?? "the rollout failed"
            throw Failure(
                .failed,
                "workerpool/\(pool.name) was rolled back from \(pool.name)-\(from): \(reason); see ctl history "
                    + "workerpool/\(pool.name)"
            )
        }
        let status = pool.json["status"]
        guard (status?["observedGeneration"]?.intValue ?? 0) >= written.generation else { return false }
        let progressing = status?["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == "Progressing" }
        if let progressing, progressing["status"]?.stringValue == "False" {
            let reason = progressing["reason"]?.stringValue ?? ""
            let message = progressing["message"]?.stringValue ?? ""
            throw Failure(
                .failed,
                "workerpool/\(pool.name): \(reason): \(message); see kubectl describe workerpool \(pool.name)"
            )
        }
        func number(_ name: String) -> Int64 { status?[name]?.intValue ?? 0 }
        let wanted = number("desiredReplicas")
        return number("updatedReplicas") >= wanted && number("replicas") == number("updatedReplicas")
            && number("readyReplicas") >= wanted
    }
}

/// How long a plane that cannot be reached is waited for: it may be restarting.
struct Interruptions {
    private static let limit = 30
    private var count = 0

    /// The plane answers again.
    mutating func reset() { count = 0 }

    /// Waits a second. Throws the error itself when that has been tried often enough.
    mutating func pause(after error: any Error) async throws {
        count += 1
        guard count <= Self.limit else { throw error }
        try await Task.sleep(for: .seconds(1))
    }

    /// Whether trying again may help: no connection, or a history that is lost.
    static func isOne(_ error: any Error) -> Bool {
        if let status = error as? Status { return status.isConnectionFailure || status.isExpired }
        return error is TransportError
    }
}
