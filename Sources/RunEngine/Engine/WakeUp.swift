import Synchronization

/// Lets one loop sleep until a moment or until someone has news for it.
final class WakeUp: Sendable {
    private struct State {
        var isPoked = false
        var sleeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Ends the sleep, or keeps the next from beginning.
    func poke() {
        let sleeper = state.withLock { state in
            guard let sleeper = state.sleeper else {
                state.isPoked = true
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
            group.addTask { await self.poked() }
            await group.next()
            group.cancelAll()
        }
    }

    private func poked() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    if state.isPoked || Task.isCancelled {
                        state.isPoked = false
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
