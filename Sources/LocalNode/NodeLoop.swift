import Basics
import ControllerRuntime
import KubeClient
import Logging
import Metrics

/// Keeps one of the node's loops going: none of them may end for a failure of its own while the Node says that it is
/// ready.
struct NodeLoop: Sendable {
    /// The name in logs and metrics.
    let name: String
    let time: any TimeSource
    let logger: Logger

    /// How long a loop that failed waits before it begins again.
    static let pause = Duration.seconds(1)

    /// Runs the loop until it returns or is cancelled. A failure is logged and counted, and the loop begins again.
    func run(_ loop: @Sendable () async throws -> Void) async {
        while !Task.isCancelled {
            do {
                return try await loop()
            } catch is CancellationError {
                return
            } catch {
                Counter(label: "martinet_node_loop_failures_total", dimensions: [("loop", name)]).increment()
                logger.error(
                    "a loop of the node failed and is restarted",
                    metadata: ["loop": "\(name)", "error": "\(error)"]
                )
            }
            do { try await time.sleep(for: Self.pause) } catch { return }
        }
    }
}
