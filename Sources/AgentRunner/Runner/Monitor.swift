import Synchronization

/// A value that several tasks change and wait on: each waits until its question to the value has an answer.
///
/// This is what a condition variable is to threads. All decisions stay in the value, which is a plain struct and
/// tested as one; the tasks around it only carry them out.
final class Monitor<State: Sendable>: Sendable {
    private struct Inside {
        var state: State
        /// Grows with every change; a task that saw an older one must not go to sleep.
        var version: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0

        mutating func changed() -> [CheckedContinuation<Void, Never>] {
            version += 1
            defer { waiters = [:] }
            return Array(waiters.values)
        }
    }

    private let inside: Mutex<Inside>

    init(_ state: State) { inside = Mutex(Inside(state: state)) }

    /// Changes the value and lets everyone who waits ask again.
    @discardableResult
    func update<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let (result, waiters) = inside.withLock { (body(&$0.state), $0.changed()) }
        for waiter in waiters { waiter.resume() }
        return result
    }

    /// Looks at the value.
    func read<Result: Sendable>(_ body: (State) -> Result) -> Result { inside.withLock { body($0.state) } }

    /// Asks now and after every change, until the answer is not `nil`. Asking may change the value, but only
    /// together with an answer.
    ///
    /// - Throws: `CancellationError` if the task is cancelled first.
    func wait<Answer: Sendable>(_ question: (inout State) -> Answer?) async throws -> Answer {
        while true {
            try Task.checkCancellation()
            let (answer, version, others) = inside.withLock { inside in
                let answer = question(&inside.state)
                let others = answer == nil ? [] : inside.changed()
                return (answer, inside.version, others)
            }
            for other in others { other.resume() }
            if let answer { return answer }
            await change(after: version)
        }
    }

    /// Returns once the value is newer than that version, or the task is cancelled.
    private func change(after version: UInt64) async {
        let id = inside.withLock { inside in
            inside.nextWaiter += 1
            return inside.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = inside.withLock { inside in
                    // A cancellation before this point found no waiter.
                    if inside.version != version || Task.isCancelled { return true }
                    inside.waiters[id] = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            inside.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
