public import KubeClient
private import Synchronization

/// A call for one waiter that is never lost: raised before anyone waits, the next `wait` returns at once.
///
/// Unlike an `AsyncStream`, it survives the cancellation of a waiter.
public final class WakeUp: Sendable {
    private enum State {
        case quiet
        case raised
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.quiet)

    /// A call that has not been raised.
    public init() {}

    /// Wakes the waiter, now or when it comes.
    public func raise() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if case .waiting(let continuation) = state {
                state = .quiet
                return continuation
            }
            state = .raised
            return nil
        }
        waiter?.resume()
    }

    /// Returns when it is raised, or when the task is cancelled.
    public func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let previous = state.withLock { state -> State in
                    defer { if case .raised = state { state = .quiet } else { state = .waiting(continuation) } }
                    return state
                }
                switch previous {
                case .quiet: break
                case .raised: continuation.resume()
                // A second waiter takes the first one's place, which must not hang.
                case .waiting(let other): other.resume()
                }
                if Task.isCancelled { cancel() }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Returns when it is raised, when the delay has passed (if one is given), or when the task is cancelled.
    public func wait(atMost delay: Duration?, _ time: any TimeSource) async {
        guard let delay else { return await wait() }
        guard delay > .zero else { return }
        await withTaskGroup(of: Void.self) { group in
            // The sleep only fails when it is cancelled: the call came first.
            group.addTask { try? await time.sleep(for: delay) }
            group.addTask { await self.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func cancel() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard case .waiting(let continuation) = state else { return nil }
            state = .quiet
            return continuation
        }
        waiter?.resume()
    }
}
