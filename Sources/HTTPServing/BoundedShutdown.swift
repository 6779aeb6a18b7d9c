import ServiceLifecycle

/// Serves until graceful shutdown, and then for no longer than `bound`: a server waits for the requests that are under
/// way, and a client may keep one open for as long as it likes.
///
/// - Parameter onShutdown: called when the shutdown begins, before the server stops accepting.
public func withBoundedShutdown(
    _ bound: Duration,
    onShutdown: @escaping @Sendable () -> Void = {},
    _ serve: @escaping @Sendable () async throws -> Void
) async throws {
    try await withGracefulShutdownHandler {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await serve() }
            group.addTask {
                // Cancelled when the server ends by itself.
                try await gracefulShutdown()
                try await Task.sleep(for: bound)
            }
            defer { group.cancelAll() }
            do {
                try await group.next()
            } catch is CancellationError where Task.isShuttingDownGracefully {
                // The bound was reached, or the server ended by its own cancellation: either is an end in order.
            }
        }
    } onGracefulShutdown: {
        onShutdown()
    }
}
