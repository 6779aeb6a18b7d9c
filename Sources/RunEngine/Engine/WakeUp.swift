import Synchronization

/// Lets one loop sleep until a moment or until someone has news for it.
final class WakeUp: Sendable {
    private struct State {
        var isNotified = false
        var sleeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Ends the sleep, or keeps the next from beginning.
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

    /// Sleeps for that long, until poked, or until the task is cancelled.
    func wait(atMost duration: Duration, clock: EngineTime) async {
        await withTaskGroup(of: Void.self) { group in
            // The sleep only fails when it is cancelled: the call came first.
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
