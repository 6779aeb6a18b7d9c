public import Basics
import Metrics
private import Synchronization

/// A queue of keys for several workers: the driver of `WorkQueueState`, with controller-runtime's usual metrics.
public final class WorkQueue<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var queue: WorkQueueState<Key>
        var workers: [Int: CheckedContinuation<Key?, Never>] = [:]
        var nextWorker = 0
    }

    /// The queue's name in metrics.
    public let name: String
    private let time: any TimeSource
    private let state: Mutex<State>
    private let metrics: WorkQueueMetrics
    /// Says that the earliest delayed key may have changed.
    private let wake = Notifier()

    /// An empty queue.
    public init(
        name: String,
        rateLimit: WorkQueueState<Key>.RateLimit = .init(),
        time: any TimeSource = .system
    ) {
        self.name = name
        self.time = time
        state = Mutex(State(queue: WorkQueueState(rateLimit: rateLimit)))
        metrics = WorkQueueMetrics(name: name)
    }

    /// Makes the key ready.
    public func add(_ key: Key) {
        update { queue, now in
            if queue.add(key, now: now) { metrics.adds.increment() }
        }
    }

    /// Makes the key ready later, unless it is ready or due before that anyway.
    public func add(_ key: Key, after delay: Duration) {
        update { queue, now in queue.add(key, after: delay, now: now) }
    }

    /// Makes the key ready after a pause that grows with each failure until `forget`.
    public func addRateLimited(_ key: Key) {
        metrics.retries.increment()
        update { queue, now in queue.addRateLimited(key, now: now) }
    }

    /// The key has succeeded.
    public func forget(_ key: Key) { update { queue, _ in queue.forget(key) } }

    /// The worker is done with the key that it got from `next`.
    public func finish(_ key: Key) {
        update { queue, now in
            if let took = queue.finish(key, now: now) { metrics.work.recordDuration(took) }
        }
    }

    /// How many keys are ready.
    public var depth: Int { state.withLock { $0.queue.depth } }

    /// Nothing is ready, delayed or in progress.
    public var isIdle: Bool { state.withLock { $0.queue.isIdle } }

    /// Ends the queue: `next` answers `nil`, `run` returns.
    public func shutDown() {
        update { queue, _ in queue.shutDown() }
        wake.notify()
    }

    /// The next key, when there is one; `nil` when the queue has been shut down or the task is cancelled.
    public func next() async -> Key? {
        let id = state.withLock { state in
            defer { state.nextWorker += 1 }
            return state.nextWorker
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                state.withLock { $0.workers[id] = continuation }
                if Task.isCancelled { dismiss(id) } else { update { _, _ in } }
            }
        } onCancel: {
            dismiss(id)
        }
    }

    private func dismiss(_ id: Int) {
        state.withLock { $0.workers.removeValue(forKey: id) }?.resume(returning: nil)
    }

    /// Promotes delayed keys when they are due; runs beside the workers until shutdown or cancellation.
    public func run() async {
        while !Task.isCancelled {
            let (due, isShutDown) = state.withLock { ($0.queue.nextDue, $0.queue.isShutDown) }
            if isShutDown { return }
            await wake.wait(atMost: due.map { $0 - time.instant }, time)
            update { queue, now in queue.promote(now: now) }
        }
    }

    /// Changes the queue, then hands ready keys to waiting workers.
    private func update(_ change: (inout WorkQueueState<Key>, Duration) -> Void) {
        let now = time.instant
        var isSooner = false
        let handed = state.withLock { state in
            let dueBefore = state.queue.nextDue
            change(&state.queue, now)
            if let due = state.queue.nextDue, dueBefore.map({ due < $0 }) ?? true { isSooner = true }
            var handed: [(CheckedContinuation<Key?, Never>, Key?)] = []
            while let id = state.workers.keys.min() {
                if let (key, waited) = state.queue.take(now: now) {
                    metrics.wait.recordDuration(waited)
                    state.workers.removeValue(forKey: id).map { handed.append(($0, key)) }
                } else if state.queue.isShutDown {
                    state.workers.removeValue(forKey: id).map { handed.append(($0, nil)) }
                } else {
                    break
                }
            }
            metrics.record(depth: state.queue.depth, startTimes: state.queue.startTimes, now: now)
            return handed
        }
        for (continuation, key) in handed { continuation.resume(returning: key) }
        if isSooner { wake.notify() }
    }
}

/// The metrics that every work queue has, named as in client-go so that existing dashboards work.
struct WorkQueueMetrics: Sendable {
    let depth: Gauge
    let adds: Counter
    let retries: Counter
    let wait: Timer
    let work: Timer
    let unfinished: Gauge
    let longest: Gauge

    init(name: String) {
        let dimensions = [("name", name), ("controller", name)]
        depth = Gauge(label: "workqueue_depth", dimensions: dimensions)
        adds = Counter(label: "workqueue_adds_total", dimensions: dimensions)
        retries = Counter(label: "workqueue_retries_total", dimensions: dimensions)
        wait = Timer(
            label: "workqueue_queue_duration_seconds",
            dimensions: dimensions,
            preferredDisplayUnit: .seconds
        )
        work = Timer(
            label: "workqueue_work_duration_seconds",
            dimensions: dimensions,
            preferredDisplayUnit: .seconds
        )
        unfinished = Gauge(label: "workqueue_unfinished_work_seconds", dimensions: dimensions)
        longest = Gauge(label: "workqueue_longest_running_processor_seconds", dimensions: dimensions)
        adds.increment(by: 0)
        retries.increment(by: 0)
    }

    func record(depth: Int, startTimes: [Duration], now: Duration) {
        self.depth.record(depth)
        let ages = startTimes.map { (now - $0) / .seconds(1) }
        // lint: seconds are floating-point numbers, which do not overflow
        unfinished.record(ages.reduce(0, +))
        longest.record(ages.max() ?? 0)
    }
}

extension Timer {
    /// Records a duration of any length; negative ones count as zero.
    func recordDuration(_ duration: Duration) {
        let (seconds, attoseconds) = max(duration, .zero).components
        recordNanoseconds(min(seconds, 1_000_000_000) * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
