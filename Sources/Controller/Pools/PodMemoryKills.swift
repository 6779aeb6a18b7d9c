import APIMachinery
import KubeAPI
public import KubeClient
public import RunEngine

/// Tells the run engine which runners were killed for their memory: it stands in the status of their Pods.
public struct PodMemoryKills: RunnerEndings {
    private let client: KubeClient

    /// Reads Pods through that client.
    public init(client: KubeClient) { self.client = client }

    public func memoryKill(namespace: String, runner: String, podUID: String) async -> MemoryKill? {
        // Runners name themselves. What is no name of a Pod would be another path of the API.
        guard Validation.dns1123Subdomain(runner).isEmpty, Validation.dns1123Subdomain(namespace).isEmpty else {
            return nil
        }
        // A server that does not answer leaves it unknown, and the loss counts as any other.
        guard let pod = try? await client.find(Pod.self, namespace: namespace, name: runner),
            podUID.isEmpty || podUID == pod.metadata.uid
        else { return nil }
        return Self.kill(in: pod)
    }

    /// The last kill that the Pod's status tells of.
    static func kill(in pod: Pod) -> MemoryKill? {
        let kills = (pod.status?.containerStatuses ?? []).flatMap { status in
            [status.state?.terminated, status.lastState?.terminated].compactMap { end -> MemoryKill? in
                guard let end, end.reason == "OOMKilled", let at = end.finishedAt else { return nil }
                let container = pod.spec?.containers.first { $0.name == status.name }
                let limit = container?.resources?.limits?["memory"].map(\.description) ?? ""
                return MemoryKill(at: at, limit: limit, message: end.message ?? "")
            }
        }
        return kills.max { $0.at < $1.at }
    }
}
