import ServiceLifecycle

/// Tells watches and waiting requests the time, in a task of its own: however long anything else takes, they end when
/// their time is up. When it is stopped, all watches end.
package struct WatchClock: Service {
    package let core: ServerCore
    var interval = Duration.seconds(1)

    package init(core: ServerCore, interval: Duration = Duration.seconds(1)) {
        self.core = core
        self.interval = interval
    }

    package func run() async throws {
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                while !Task.isCancelled, !Task.isShuttingDownGracefully {
                    core.tick()
                    // Only a cancellation ends the sleep early, and the loop with it.
                    try? await Task.sleep(for: interval)
                }
            } onGracefulShutdown: {
                core.caches.endAllWatches()
            }
        } onCancel: {
            core.caches.endAllWatches()
        }
    }
}
