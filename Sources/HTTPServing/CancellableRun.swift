import Synchronization

/// Something that runs in a streaming answer and can be called off from outside.
package final class CancellableRun: Sendable {
    private struct State {
        var isCancelled = false
        var stop: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    package init() {}

    /// Calls off the run, or keeps it from beginning.
    package func cancel() {
        let stop = state.withLock { state -> (@Sendable () -> Void)? in
            state.isCancelled = true
            return state.stop
        }
        stop?()
    }

    /// Runs the operation in a child task that ``cancel()`` cancels.
    package func run(_ operation: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (signal, stop) = AsyncStream<Void>.makeStream()
            let isCancelled = state.withLock { state -> Bool in
                state.stop = { stop.finish() }
                return state.isCancelled
            }
            if isCancelled { return }
            group.addTask {
                try await operation()
            }
            group.addTask {
                for await _ in signal {}
            }
            // Whichever ends first ends the other.
            try await group.next()
            stop.finish()
            group.cancelAll()
        }
    }
}
