import APIMachinery
import GRDB
import Storage

extension SQLiteRunReader {
    static let jobColumns = """
        key, attempt, queue, express, enqueued_at, ready_at, deliveries, timeout, token, runner, leased_at, \
        expires_at, cancel, payload
        """

    func readJob(_ columns: inout Columns) throws -> JobRecord {
        let step = StepKey(rowID: columns.integer())
        let attempt = columns.int()
        let queue = try queueName(columns.integer())
        var job = JobRecord(
            step: step,
            attempt: attempt,
            queue: queue,
            isExpress: columns.bool(),
            enqueuedAt: columns.timestamp(),
            readyAt: columns.timestamp(),
            payload: []
        )
        job.deliveries = columns.int()
        job.timeoutSeconds = columns.optionalInteger().map(Int.init)
        if let token = columns.optionalInteger() {
            var lease = JobLease(
                token: token,
                runner: columns.text(),
                leasedAt: columns.timestamp(),
                expiresAt: columns.timestamp()
            )
            lease.cancelRequested = columns.bool()
            job.lease = lease
        } else {
            for _ in 0..<4 { columns.skip() }
        }
        job.payload = columns.bytes()
        return job
    }

    func queueName(_ number: Int64) throws -> QueueName {
        if let name = queueNames?[number] { return name }
        var names: [Int64: QueueName] = [:]
        try prepare("SELECT id, namespace, pool FROM queues").forEach { columns in
            names[columns.integer()] = QueueName(namespace: columns.text(), pool: columns.text())
            return true
        }
        queueNames = names
        guard let name = names[number] else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "queue number \(number) does not exist")
        }
        return name
    }

    func queueNumber(_ name: QueueName) throws -> Int64? {
        if let number = queueNumbers[name] { return number }
        var statement = try prepare("SELECT id FROM queues WHERE namespace = ? AND pool = ?")
        statement.bind(name.namespace)
        statement.bind(name.pool)
        let number = try statement.first { $0.integer() }
        queueNumbers[name] = number
        return number
    }

    func queues() throws -> [QueueName] {
        try prepare("SELECT namespace, pool FROM queues").all {
            QueueName(namespace: $0.text(), pool: $0.text())
        }.sorted()
    }

    func job(_ step: StepKey) throws -> JobRecord? {
        var statement = try prepare("SELECT \(Self.jobColumns) FROM jobs WHERE key = ?")
        statement.bind(step.rowID)
        return try statement.first(readJob)
    }

    func readyJobs(
        _ queue: QueueName,
        express: Bool,
        now: Timestamp,
        limit: Int,
        maximumBytes: Int
    ) throws -> [JobRecord] {
        guard let number = try queueNumber(queue) else { return [] }
        var statement = try prepare(
            """
            SELECT \(Self.jobColumns) FROM jobs WHERE queue = ? AND express = ? AND token IS NULL AND ready_at <= ? \
            ORDER BY ready_at, key LIMIT ?
            """
        )
        statement.bind(number)
        statement.bind(express)
        statement.bind(now)
        statement.bind(limit)
        var jobs: [JobRecord] = []
        var room = ByteRoom(maximumBytes)
        try statement.forEach { columns in
            let job = try readJob(&columns)
            guard room.takes(job.payload.count) else { return false }
            jobs.append(job)
            return true
        }
        return jobs
    }

    func nextReady(_ queue: QueueName, after now: Timestamp) throws -> Timestamp? {
        guard let number = try queueNumber(queue) else { return nil }
        var earliest: Timestamp?
        for isExpress in [true, false] {
            var statement = try prepare(
                """
                SELECT ready_at FROM jobs WHERE queue = ? AND express = ? AND token IS NULL AND ready_at > ? \
                ORDER BY ready_at LIMIT 1
                """
            )
            statement.bind(number)
            statement.bind(isExpress)
            statement.bind(now)
            if let time = try statement.first({ $0.timestamp() }) { earliest = min(earliest ?? time, time) }
        }
        return earliest
    }

    func leasedJobs() throws -> [JobRecord] {
        try prepare("SELECT \(Self.jobColumns) FROM jobs WHERE token IS NOT NULL ORDER BY expires_at, key").all(readJob)
    }

    func counts(_ queue: QueueName, now: Timestamp) throws -> QueueCounts {
        var counts = QueueCounts()
        guard let number = try queueNumber(queue) else { return counts }
        var waiting = try prepare(
            """
            SELECT express, ready_at > ?, count(*), min(ready_at) FROM jobs WHERE queue = ? AND token IS NULL \
            GROUP BY 1, 2
            """
        )
        waiting.bind(now)
        waiting.bind(number)
        try waiting.forEach { columns in
            let isExpress = columns.bool()
            let isDelayed = columns.bool()
            let count = columns.int()
            let oldest = columns.timestamp()
            if isDelayed {
                counts.delayed += count
            } else {
                if isExpress { counts.express = count } else { counts.ready = count }
                counts.oldestReadyAt = min(counts.oldestReadyAt ?? oldest, oldest)
            }
            return true
        }
        var leased = try prepare("SELECT count(*) FROM jobs WHERE token IS NOT NULL AND queue = ?")
        leased.bind(number)
        counts.leased = try leased.first { $0.int() } ?? 0
        var dead = try prepare("SELECT count(*) FROM dead_letters WHERE queue = ?")
        dead.bind(number)
        counts.dead = try dead.first { $0.int() } ?? 0
        return counts
    }

    private static func deadLetterColumns(payload: String = "payload") -> String {
        "key, attempt, queue, express, enqueued_at, ready_at, deliveries, timeout, \(payload), reason, died_at"
    }

    private func readDeadLetter(_ columns: inout Columns) throws -> DeadLetter {
        let step = StepKey(rowID: columns.integer())
        let attempt = columns.int()
        let queue = try queueName(columns.integer())
        var job = JobRecord(
            step: step,
            attempt: attempt,
            queue: queue,
            isExpress: columns.bool(),
            enqueuedAt: columns.timestamp(),
            readyAt: columns.timestamp(),
            payload: []
        )
        job.deliveries = columns.int()
        job.timeoutSeconds = columns.optionalInteger().map(Int.init)
        job.payload = columns.bytes()
        return DeadLetter(job: job, reason: columns.text(), diedAt: columns.timestamp())
    }

    func deadLetters(_ queue: QueueName, limit: Int) throws -> [DeadLetter] {
        guard let number = try queueNumber(queue) else { return [] }
        var statement = try prepare(
            "SELECT \(Self.deadLetterColumns()) FROM dead_letters WHERE queue = ? ORDER BY died_at, key LIMIT ?"
        )
        statement.bind(number)
        statement.bind(limit)
        return try statement.all(readDeadLetter)
    }

    func briefDeadLetters(_ queue: QueueName) throws -> [DeadLetter] {
        guard let number = try queueNumber(queue) else { return [] }
        let columns = Self.deadLetterColumns(payload: "NULL")
        var statement = try prepare("SELECT \(columns) FROM dead_letters WHERE queue = ? ORDER BY died_at, key")
        statement.bind(number)
        return try statement.all(readDeadLetter)
    }

    func deadLetter(_ step: StepKey) throws -> DeadLetter? {
        var statement = try prepare("SELECT \(Self.deadLetterColumns()) FROM dead_letters WHERE key = ?")
        statement.bind(step.rowID)
        return try statement.first(readDeadLetter)
    }
}

extension SQLiteRunTransaction {
    func enqueue(_ job: JobRecord) throws {
        var statement = try prepare(
            """
            INSERT OR REPLACE INTO jobs (\(Self.jobColumns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        statement.bind(job.step.rowID)
        statement.bind(job.attempt)
        statement.bind(try insertQueue(job.queue))
        statement.bind(job.isExpress)
        statement.bind(job.enqueuedAt)
        statement.bind(job.readyAt)
        statement.bind(job.deliveries)
        statement.bind(job.timeoutSeconds)
        bind(job.lease, to: &statement)
        statement.bind(job.payload)
        try statement.run()
    }

    private func bind(_ lease: JobLease?, to statement: inout PreparedStatement) {
        if let lease {
            statement.bind(lease.token)
            statement.bind(lease.runner)
            statement.bind(lease.leasedAt)
            statement.bind(lease.expiresAt)
            statement.bind(lease.cancelRequested)
        } else {
            for _ in 0..<4 { statement.bindNull() }
            statement.bind(false)
        }
    }

    /// The queue's number, which it gets with its first job.
    private func insertQueue(_ name: QueueName) throws -> Int64 {
        if let number = queueNumbers[name] { return number }
        var insertion = try prepare("INSERT OR IGNORE INTO queues (namespace, pool) VALUES (?, ?)")
        insertion.bind(name.namespace)
        insertion.bind(name.pool)
        try insertion.run()
        let number = try queueNumber(name) ?? 0
        queueNumbers[name] = number
        queueNames?[number] = name
        return number
    }

    func update(_ job: JobRecord) throws {
        var statement = try prepare(
            """
            UPDATE jobs SET ready_at = ?, deliveries = ?, token = ?, runner = ?, leased_at = ?, expires_at = ?, \
            cancel = ? WHERE key = ?
            """
        )
        statement.bind(job.readyAt)
        statement.bind(job.deliveries)
        bind(job.lease, to: &statement)
        statement.bind(job.step.rowID)
        try statement.run()
        guard database.changesCount > 0 else { throw RunStoreError(.notFound, "job \(job.id) is not stored") }
    }

    func removeJob(_ step: StepKey) throws {
        var statement = try prepare("DELETE FROM jobs WHERE key = ?")
        statement.bind(step.rowID)
        try statement.run()
    }

    func renew(_ step: StepKey, token: Int64, expiresAt: Timestamp) throws -> JobLease? {
        var statement = try prepare(
            """
            UPDATE jobs SET expires_at = ? WHERE key = ? AND token = ? RETURNING runner, leased_at, cancel
            """
        )
        statement.bind(expiresAt)
        statement.bind(step.rowID)
        statement.bind(token)
        return try statement.first { columns in
            var lease = JobLease(
                token: token,
                runner: columns.text(),
                leasedAt: columns.timestamp(),
                expiresAt: expiresAt
            )
            lease.cancelRequested = columns.bool()
            return lease
        }
    }

    func insert(_ letter: DeadLetter) throws {
        var statement = try prepare(
            """
            INSERT OR REPLACE INTO dead_letters (key, attempt, queue, express, enqueued_at, ready_at, deliveries, \
            timeout, payload, reason, died_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """
        )
        statement.bind(letter.job.step.rowID)
        statement.bind(letter.job.attempt)
        statement.bind(try insertQueue(letter.job.queue))
        statement.bind(letter.job.isExpress)
        statement.bind(letter.job.enqueuedAt)
        statement.bind(letter.job.readyAt)
        statement.bind(letter.job.deliveries)
        statement.bind(letter.job.timeoutSeconds)
        statement.bind(letter.job.payload)
        statement.bind(letter.reason)
        statement.bind(letter.diedAt)
        try statement.run()
    }

    func removeDeadLetter(_ step: StepKey) throws {
        var statement = try prepare("DELETE FROM dead_letters WHERE key = ?")
        statement.bind(step.rowID)
        try statement.run()
    }
}
