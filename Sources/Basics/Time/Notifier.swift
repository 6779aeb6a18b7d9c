private import Synchronization

/// Wakes one waiting task. A notification is never lost: one that comes before anyone waits makes the next `wait` return
/// at once. Several of them in a row count as one.
///
///                notify              wait
///     idle ───────────────▶ notified ─────▶ idle (returns at once)
///     idle ──wait──▶ waiting ──notify, or cancellation──▶ idle (returns)
///
/// Unlike an `AsyncStream`, it survives the cancellation of a waiter. It has one waiter at a time: a second one takes
/// the place of the first, which returns.
public final class Notifier: Sendable {
    private enum State {
        case idle
        case notified
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.idle)

    /// A notifier that has not been notified.
    public init() {}

    /// Wakes the waiter, now or when it comes.
    public func notify() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if case .waiting(let continuation) = state {
                state = .idle
                return continuation
            }
            state = .notified
            return nil
        }
        waiter?.resume()
    }

    /// Returns when it is notified, or when the task is cancelled.
    public func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let previous = state.withLock { state -> State in
                    defer { if case .notified = state { state = .idle } else { state = .waiting(continuation) } }
                    return state
                }
                switch previous {
                case .idle: break
                case .notified: continuation.resume()
                case .waiting(let other): other.resume()
                }
                // A cancellation before this point found no waiter.
                if Task.isCancelled { cancel() }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Returns when it is notified, when the delay has passed (if one is given), or when the task is cancelled.
    public func wait(atMost delay: Duration?, _ time: any TimeSource) async {
        guard let delay else { return await wait() }
        guard delay > .zero else { return }
        await withTaskGroup(of: Void.self) { group in
            // The sleep only fails when it is cancelled: the notification came first.
            group.addTask { try? await time.sleep(for: delay) }
            group.addTask { await self.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func cancel() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard case .waiting(let continuation) = state else { return nil }
            state = .idle
            return continuation
        }
        waiter?.resume()
    }
}
