import Synchronization

/// Lets one loop sleep for a time, or until it is notified.
final class WakeUp: Sendable {
    private struct State {
        var isNotified = false
        var sleeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Ends the current wait, or the next one if the loop is not waiting.
    func notify() {
        let sleeper = state.withLock { state in
            guard let sleeper = state.sleeper else {
                state.isNotified = true
                return nil as CheckedContinuation<Void, Never>?
            }
            state.sleeper = nil
            return sleeper
        }
        sleeper?.resume()
    }

    /// Waits for that long, until notified, or until the task is cancelled.
    func wait(atMost duration: Duration, clock: EngineTime) async {
        await withTaskGroup(of: Void.self) { group in
            // The sleep only fails by cancellation, when the notification came first.
            group.addTask { try? await clock.sleep(for: duration) }
            group.addTask { await self.notified() }
            await group.next()
            group.cancelAll()
        }
    }

    private func notified() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    if state.isNotified || Task.isCancelled {
                        state.isNotified = false
                        return false
                    }
                    state.sleeper = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                defer { state.sleeper = nil }
                return state.sleeper
            }
            sleeper?.resume()
        }
    }
}
