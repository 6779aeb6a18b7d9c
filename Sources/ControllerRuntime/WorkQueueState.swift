import Basics
private import HeapModule

/// Which key is worked on next: the decisions of a `WorkQueue`, without waiting and without a clock.
///
/// A key waits at most once, however often it is added. A key that is added while it is in progress waits until it is
/// finished, so that no key is ever in progress twice. Instants are durations since an arbitrary start.
public struct WorkQueueState<Key: Hashable & Sendable>: Sendable {
    /// How failing keys are slowed down, each for itself.
    public struct RateLimit: Sendable, Hashable {
        public var base: Duration
        public var cap: Duration

        /// Waiting times of `base`, twice that, four times that, up to `cap`.
        public init(base: Duration = .milliseconds(5), cap: Duration = .seconds(60)) {
            self.base = base
            self.cap = cap
        }
    }

    private struct Waiting: Sendable {
        var key: Key
        var since: Duration
    }

    private struct Due: Sendable, Comparable {
        var at: Duration
        var key: Key

        static func < (lhs: Due, rhs: Due) -> Bool { lhs.at < rhs.at }
    }

    private let rateLimit: RateLimit
    /// Ready keys in order; `head` is the first that has not been taken, so that taking does not shift the rest.
    private var ready: [Waiting] = []
    private var head = 0
    private var isReady: Set<Key> = []
    private var inProgress: [Key: Duration] = [:]
    /// Keys that were added while in progress.
    private var again: Set<Key> = []
    private var delayed: [Key: Duration] = [:]
    /// The times of `delayed`, earliest first. An entry that `delayed` contradicts has been overtaken and is skipped.
    private var due = Heap<Due>()
    private var failures: [Key: Int] = [:]
    public private(set) var isShutDown = false

    /// An empty queue.
    public init(rateLimit: RateLimit = RateLimit()) { self.rateLimit = rateLimit }

    /// How many keys could be taken now.
    public var depth: Int { ready.count - head }

    /// How many keys are being worked on.
    public var inProgressCount: Int { inProgress.count }

    /// Nothing is ready, delayed or in progress.
    public var isIdle: Bool { depth == 0 && inProgress.isEmpty && delayed.isEmpty }

    /// When each key in progress was taken.
    public var startTimes: [Duration] { Array(inProgress.values) }

    /// How often the key has failed since it last succeeded.
    public func failureCount(_ key: Key) -> Int { failures[key] ?? 0 }

    /// Makes the key ready. Answers whether it was not already.
    @discardableResult
    public mutating func add(_ key: Key, now: Duration) -> Bool {
        guard !isShutDown else { return false }
        delayed[key] = nil
        if inProgress[key] != nil { return again.insert(key).inserted }
        guard isReady.insert(key).inserted else { return false }
        ready.append(Waiting(key: key, since: now))
        return true
    }

    /// Makes the key ready later. The earliest of several times holds; a key that is ready already stays so.
    public mutating func add(_ key: Key, after delay: Duration, now: Duration) {
        guard !isShutDown else { return }
        guard delay > .zero else {
            add(key, now: now)
            return
        }
        if isReady.contains(key) || again.contains(key) { return }
        let at = now + delay
        if let earlier = delayed[key], earlier <= at { return }
        delayed[key] = at
        due.insert(Due(at: at, key: key))
    }

    /// Makes the key ready after a pause that grows with each of its failures; answers the pause.
    @discardableResult
    public mutating func addRateLimited(_ key: Key, now: Duration) -> Duration {
        let count = failures[key, default: 0]
        failures[key] = count + 1
        let delay = Backoff(base: rateLimit.base, cap: rateLimit.cap).delay(after: count)
        add(key, after: delay, now: now)
        return delay
    }

    /// The key has succeeded: its next failure waits for the base time again.
    public mutating func forget(_ key: Key) { failures[key] = nil }

    /// Makes those keys ready whose time has come.
    public mutating func promote(now: Duration) {
        while let first = due.min, first.at <= now || delayed[first.key] != first.at {
            due.removeMin()
            if delayed[first.key] == first.at { add(first.key, now: now) }
        }
    }

    /// The earliest time at which something may be due.
    public var nextDue: Duration? { due.min?.at }

    /// The next key and how long it waited; `nil` if none is ready. It is in progress until `finish`.
    public mutating func take(now: Duration) -> (key: Key, waited: Duration)? {
        guard head < ready.count else { return nil }
        let next = ready[head]
        head += 1
        if head > 64, head * 2 > ready.count {
            ready.removeFirst(head)
            head = 0
        }
        isReady.remove(next.key)
        inProgress[next.key] = now
        return (next.key, now - next.since)
    }

    /// The key is no longer in progress; if it was added meanwhile it is ready now. Answers how long it took.
    @discardableResult
    public mutating func finish(_ key: Key, now: Duration) -> Duration? {
        guard let started = inProgress.removeValue(forKey: key) else { return nil }
        if again.remove(key) != nil { add(key, now: now) }
        return now - started
    }

    /// Forgets everything that waits and accepts nothing more; what is in progress may finish.
    public mutating func shutDown() {
        isShutDown = true
        ready = []
        head = 0
        isReady = []
        again = []
        delayed = [:]
        due = []
    }
}
