import APIMachinery
import BuiltInKinds
import HTTPServing
import Synchronization

/// Gives the API server the logs and the usage of Pods, which the node knows: the node starts after the server.
final class PodRuntimeBridge: PodLogSource, PodMetricsSource {
    /// What a node can tell.
    protocol Source: PodLogSource, PodMetricsSource {}

    private let source = Mutex<(any Source)?>(nil)

    func connect(_ node: any Source) { source.withLock { $0 = node } }

    func log(of pod: Unstructured, options: PodLogOptions, to sink: any ResponseSink) async throws {
        guard let source = source.withLock({ $0 }) else {
            throw Status.serviceUnavailable("the node is not up yet; try again", retryAfterSeconds: 1)
        }
        try await source.log(of: pod, options: options, to: sink)
    }

    func podMetrics(namespace: String?) async -> [JSONValue] {
        await source.withLock { $0 }?.podMetrics(namespace: namespace) ?? []
    }

    func nodeMetrics() async -> [JSONValue] { await source.withLock { $0 }?.nodeMetrics() ?? [] }
}

/// The options of the API server's module, which has a type of its own name and so cannot be named through it.
typealias ServedLogOptions = PodLogOptions
