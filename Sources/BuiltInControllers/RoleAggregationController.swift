import APIMachinery
import AccessControl
import ControllerRuntime
import GenericAPIServer
import Storage

/// Gathers rules again whenever a ClusterRole changes.
final class RoleAggregationController: Sendable {
    private static let storageKey = RoleIndex.Resource.clusterRoles.rawValue
    /// All roles are looked at together, under this key: any of them may be gathered from any other.
    private static let allRoles = "clusterroles"

    private let aggregation: RoleAggregation
    private let loop: ControllerLoop<String>

    init(core: ServerCore, client: LoopbackClient) {
        aggregation = RoleAggregation(core: core, client: client)
        loop = ControllerLoop(name: "clusterroleaggregation", logger: core.logger)
        core.caches.observe { [queue = loop.queue] changes in
            if changes.contains(where: { $0.key.resource == Self.storageKey }) { queue.add(Self.allRoles) }
        }
    }

    /// Holds one key at most.
    var queue: WorkQueue<String> { loop.queue }

    /// Looks at all roles whenever one of them changes.
    func run() async {
        await loop.run { _ throws(Status) in
            try await self.aggregation.run()
            return .done
        }
    }
}
