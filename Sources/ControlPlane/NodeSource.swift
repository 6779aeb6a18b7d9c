import APIMachinery
import BuiltInKinds
import HTTPServing
import KubeClient
import LocalNode

/// The local node as the API server sees it: where logs and usage of Pods come from.
struct NodeSource: PodRuntimeBridge.Source {
    let node: LocalNode

    func log(of pod: Unstructured, options: ServedLogOptions, to sink: any ResponseSink) async throws {
        var wanted = NodeLogOptions()
        wanted.container = options.container.isEmpty ? nil : options.container
        wanted.follow = options.follow
        wanted.previous = options.previous
        wanted.timestamps = options.timestamps
        wanted.tailLines = options.tailLines
        wanted.sinceSeconds = options.sinceSeconds.map { Int($0) }
        wanted.sinceTime = options.sinceTime?.rfc3339
        wanted.limitBytes = options.limitBytes
        for try await chunk in try node.logs(of: pod, wanted) { try await sink.write(chunk) }
    }

    func podMetrics(namespace: String?) async -> [JSONValue] { node.podMetrics(namespace: namespace) }

    func nodeMetrics() async -> [JSONValue] { node.nodeMetrics() }
}
