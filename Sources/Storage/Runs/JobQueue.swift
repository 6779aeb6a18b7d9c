public import APIMachinery

// A queue holds the jobs of one worker pool, in two lanes.
//
//     enqueue ──▶ delayed ──readyAt──▶ ready ──lease──▶ leased ──▶ removed
//                                        ▲                │
//                                        └─── update ─────┤ the lease is cleared: released, revoked or expired
//                                                         └──▶ dead letter
//
// A job is identified by its step, which has at most one; enqueueing the next attempt replaces it. Within a lane jobs
// are ordered by `readyAt`, then by step. Between lanes, `LaneOrder` decides. The functions here only change rows:
// which transition is allowed when, is up to the caller.

/// Reads of the job queues.
public protocol JobQueueReader {
    /// The step's job, leased or not.
    func job(_ step: StepKey) throws -> JobRecord?
    /// Jobs of one lane that are ready, the longest waiting first: up to `limit`, and no more than fit
    /// into `maximumBytes` of payload. The first one always fits.
    func readyJobs(
        _ queue: QueueName,
        express: Bool,
        now: Timestamp,
        limit: Int,
        maximumBytes: Int
    ) throws -> [JobRecord]
    /// When the next delayed job becomes ready.
    func nextReady(_ queue: QueueName, after now: Timestamp) throws -> Timestamp?
    /// Every leased job, by the end of its lease. There are at most as many as runners have slots.
    func leasedJobs() throws -> [JobRecord]
    /// Every queue that has held a job.
    func queues() throws -> [QueueName]
    func counts(_ queue: QueueName, now: Timestamp) throws -> QueueCounts
    /// Dead letters, the oldest first.
    func deadLetters(_ queue: QueueName, limit: Int) throws -> [DeadLetter]
    /// All dead letters of the queue without their jobs' payloads, which may be megabytes each.
    func briefDeadLetters(_ queue: QueueName) throws -> [DeadLetter]
    func deadLetter(_ step: StepKey) throws -> DeadLetter?
}

/// Writes to the job queues.
public protocol JobQueueTransaction: JobQueueReader {
    /// Enqueues a job, in place of the one that the step may have.
    func enqueue(_ job: JobRecord) throws
    /// Stores the lease, the deliveries and `readyAt` of a job.
    func update(_ job: JobRecord) throws
    /// Removes the step's job, if it has one.
    func removeJob(_ step: StepKey) throws
    /// Moves the end of a lease, without reading the job.
    ///
    /// - Returns: the renewed lease; `nil` if the job has no lease with that token.
    func renew(_ step: StepKey, token: Int64, expiresAt: Timestamp) throws -> JobLease?

    /// Inserts a dead letter. The caller removes the job from the queue.
    func insert(_ letter: DeadLetter) throws
    func removeDeadLetter(_ step: StepKey) throws
    func nextSequence() throws -> Int64
}

extension JobQueueTransaction {
    /// Leases up to `limit` jobs of the queue.
    ///
    /// The express lane goes first, but every fifth turn belongs to the job that waited longest in the normal lane,
    /// so that a busy express lane slows the others down and never stops them.
    ///
    /// - Parameters:
    ///   - maximumBytes: the payloads of all the jobs together; one job is leased whatever its size.
    ///   - turn: how many jobs of this queue were leased before.
    public func lease(
        _ queue: QueueName,
        limit: Int,
        maximumBytes: Int = .max,
        turn: Int,
        runner: String,
        now: Timestamp,
        expiresAt: Timestamp
    ) throws -> [JobRecord] {
        guard limit > 0 else { return [] }
        let express = try readyJobs(queue, express: true, now: now, limit: limit, maximumBytes: maximumBytes)
        // With nothing in the express lane the order is simply that of the normal one.
        let normalLimit = express.count < limit ? limit : LaneOrder.normalTurns(from: turn, count: limit)
        let normal =
            normalLimit == 0
            ? []
            : try readyJobs(queue, express: false, now: now, limit: normalLimit, maximumBytes: maximumBytes)
        let merged = LaneOrder.merge(express: express, normal: normal, turn: turn, limit: limit)
        var room = ByteRoom(maximumBytes)
        var jobs = Array(merged.prefix { room.takes($0.payload.count) })
        for index in jobs.indices {
            let token = try nextSequence()
            jobs[index].deliveries += 1
            jobs[index].lease = JobLease(token: token, runner: runner, leasedAt: now, expiresAt: expiresAt)
            try update(jobs[index])
        }
        return jobs
    }
}

/// Room for items of different sizes in one answer. The first item always has room, or it could never be delivered.
public struct ByteRoom: Sendable {
    private var left: Int
    private var isEmpty = true

    /// Room for that many bytes.
    public init(_ bytes: Int) { left = max(0, bytes) }

    /// Takes an item of that many bytes in; false if it does not fit, and then nothing after it does either.
    public mutating func takes(_ bytes: Int) -> Bool {
        guard isEmpty || bytes <= left else {
            left = 0
            return false
        }
        isEmpty = false
        left = max(0, left - max(0, bytes))
        return true
    }
}

/// The rule by which two lanes share a queue's runners.
public enum LaneOrder {
    /// Every fifth turn belongs to the normal lane.
    public static let normalEvery = 5

    /// How many of the next turns belong to the normal lane.
    public static func normalTurns(from turn: Int, count: Int) -> Int {
        (turn + count) / normalEvery - turn / normalEvery
    }

    /// Takes jobs from both lanes by turns until there are enough; an empty lane's turns go to the other.
    public static func merge<Job>(express: [Job], normal: [Job], turn: Int, limit: Int) -> [Job] {
        var result: [Job] = []
        var nextExpress = express.startIndex
        var nextNormal = normal.startIndex
        while result.count < limit {
            let isNormalTurn = (turn + result.count + 1) % normalEvery == 0
            let takeNormal = nextNormal < normal.endIndex && (isNormalTurn || nextExpress == express.endIndex)
            if takeNormal {
                result.append(normal[nextNormal])
                nextNormal += 1
            } else if nextExpress < express.endIndex {
                result.append(express[nextExpress])
                nextExpress += 1
            } else {
                break
            }
        }
        return result
    }
}
