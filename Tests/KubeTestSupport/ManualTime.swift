public import Basics
private import Synchronization

/// Time that stands still until a test advances it.
public final class ManualTime: TimeSource {
    private struct Sleeper {
        var due: Duration
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var instant: Duration = .zero
        var sleepers: [Int: Sleeper] = [:]
        var nextID = 0
        var observers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let epoch: Timestamp
    private let state = Mutex(State())

    /// Time that begins at that moment.
    public init(epoch: Timestamp = Timestamp(seconds: 1_767_225_600)) { self.epoch = epoch }

    public var instant: Duration { state.withLock { $0.instant } }

    public var now: Timestamp { epoch.advanced(by: instant) }

    public func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        guard duration > .zero else { return }
        let id = state.withLock { state in
            defer { state.nextID += 1 }
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let observers = state.withLock { state in
                    state.sleepers[id] = Sleeper(due: state.instant + duration, continuation: continuation)
                    return Self.satisfied(&state)
                }
                for observer in observers { observer.resume() }
                if Task.isCancelled { wake(id) }
            }
        } onCancel: {
            wake(id)
        }
    }

    private func wake(_ id: Int) {
        state.withLock { $0.sleepers.removeValue(forKey: id) }?.continuation.resume(throwing: CancellationError())
    }

    private static func satisfied(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let count = state.sleepers.count
        let ready = state.observers.filter { $0.count <= count }.map(\.continuation)
        state.observers.removeAll { $0.count <= count }
        return ready
    }

    /// Returns when that many tasks are sleeping.
    public func waitForSleepers(_ count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.sleepers.count >= count { return true }
                state.observers.append((count, continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
    }

    /// How long each sleeper still has to sleep, shortest first.
    public var remaining: [Duration] {
        state.withLock { state in state.sleepers.values.map { $0.due - state.instant }.sorted() }
    }

    /// Lets time pass and wakes whom it is time for.
    public func advance(by duration: Duration) {
        let woken = state.withLock { state in
            state.instant += duration
            let due = state.sleepers.filter { $0.value.due <= state.instant }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.sorted { $0.due < $1.due }
        }
        for sleeper in woken { sleeper.continuation.resume() }
    }

    /// Waits for a sleeper and lets time pass until the first one wakes.
    public func advanceToNextSleeper() async {
        await waitForSleepers()
        if let first = remaining.first { advance(by: first) }
    }
}
