import RunTestSupport
import Storage
import Synchronization

/// Runs tasks one at a time, on the thread that calls `drain`. A seed decides which of those that could go on does: the
/// same seed gives the same order, whatever the machine does meanwhile.
///
/// Tasks belong to it by preference (`Task(executorPreference:)`); their children inherit that. Nothing in them may wait
/// for something outside, such as a real clock.
final class SeededExecutor: TaskExecutor {
    private enum Item {
        case job(UnownedJob)
        case pause(CheckedContinuation<Void, Never>)
    }

    private struct State {
        var ready: [Item] = []
        var steps = 0
    }

    private let state = Mutex(State())
    private let random: SeededRandom

    init(seed: UInt64) { random = SeededRandom(seed) }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.ready.append(.job(job)) }
    }

    /// A place at which others may go on before the caller does.
    func pause() async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.ready.append(.pause(continuation)) }
        }
    }

    /// Runs until nothing can go on any more, or for that many steps.
    func drain(maximumSteps: Int = 2_000_000) {
        for _ in 0..<maximumSteps {
            let item = state.withLock { state -> Item? in
                guard !state.ready.isEmpty else { return nil }
                state.steps += 1
                return state.ready.remove(at: random.below(state.ready.count))
            }
            switch item {
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .pause(let continuation): continuation.resume()
            case nil: return
            }
        }
    }

    /// How many steps have been taken.
    var steps: Int { state.withLock { $0.steps } }
}

/// A run store before and after each access to which others may go on. Accesses themselves are atomic, as in every store.
final class ScheduledStore: RunStore {
    private let store = MemoryRunStore()
    private let executor: SeededExecutor

    init(_ executor: SeededExecutor) { self.executor = executor }

    var changes: RunChangeFeed { store.changes }

    func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any RunTransaction) throws -> Result
    ) async throws -> Result {
        await executor.pause()
        let result = try await store.transaction(body)
        await executor.pause()
        return result
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (any RunReader) throws -> Result
    ) async throws -> Result {
        await executor.pause()
        let result = try await store.read(body)
        await executor.pause()
        return result
    }
}
