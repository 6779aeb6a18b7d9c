public import APIMachinery

/// A run with all that belongs to it, as it is put into a backup.
public struct RunArchive: Sendable, Hashable {
    public var run: RunRecord
    public var steps: [StepRecord]
    /// The logs of attempts, by the step's place.
    public var logs: [Int: [AttemptLog]] = [:]
    public var jobs: [JobRecord] = []
    public var deadLetters: [DeadLetter] = []

    /// Reads everything of a run.
    public init(_ run: RunRecord, from reader: any RunReader) throws {
        self.run = run
        steps = try reader.steps(run: run.id)
        for step in steps {
            let attempts = try reader.logs(step.key)
            if !attempts.isEmpty { logs[step.key.index] = attempts }
            if let job = try reader.job(step.key) { jobs.append(job) }
            if let letter = try reader.deadLetter(step.key) { deadLetters.append(letter) }
        }
    }

    /// The run under another number, with its jobs queued: leases are not restored, so runners that held them have lost
    /// them.
    public func renumbered(_ id: Int64) -> RunArchive {
        var copy = self
        copy.run.id = id
        for index in steps.indices {
            copy.steps[index].key.run = id
            if steps[index].phase == .running { copy.steps[index].phase = .queued }
        }
        for index in jobs.indices {
            copy.jobs[index].step.run = id
            copy.jobs[index].lease = nil
        }
        for index in deadLetters.indices {
            copy.deadLetters[index].job.step.run = id
            copy.deadLetters[index].job.lease = nil
        }
        return copy
    }

    /// Whether both have the same run, apart from its numbers and its leases.
    public func isEquivalent(to other: RunArchive) -> Bool {
        var mine = renumbered(0)
        var others = other.renumbered(0)
        mine.run.resourceVersion = 0
        others.run.resourceVersion = 0
        return mine == others
    }
}

extension RunArchive {
    /// The run as JSON.
    public var json: JSONValue {
        var logTexts: JSONObject = [:]
        for (index, attempts) in logs { logTexts[String(index)] = .array(attempts.map(\.archived)) }
        return [
            "run": run.archived,
            "steps": .array(steps.map(\.archived)),
            "logs": .object(logTexts),
            "jobs": .array(jobs.map(\.archived)),
            "deadLetters": .array(
                deadLetters.map { letter in
                    [
                        "job": letter.job.archived, "reason": .string(letter.reason),
                        "diedAt": .int(letter.diedAt.microseconds),
                    ]
                }
            ),
        ]
    }

    /// Reads what `json` says.
    ///
    /// - Throws: `BackupError` naming the field that is missing or wrong.
    public init(_ json: JSONValue) throws(BackupError) {
        let root = ArchiveReader(json, "run entry")
        let id = try root.member("run").integer("id")
        run = try RunRecord(archived: root.member("run"))
        steps = try root.list("steps").enumerated().map { index, reader throws(BackupError) in
            try StepRecord(archived: reader, key: StepKey(run: id, index: index))
        }
        for (name, value) in json["logs"]?.objectValue ?? [:] {
            guard let index = Int(name), steps.indices.contains(index) else {
                throw BackupError(
                    "the backup has a log of step \"\(name)\" of run \"\(run.name)\", which has no such step"
                )
            }
            if value.arrayValue != nil {
                logs[index] = try ArchiveReader(json["logs"] ?? .null, "run entry.logs").list(name)
                    .map { reader throws(BackupError) in try AttemptLog(archived: reader) }
            } else if let log = value.archivedBytes {
                // Backups of earlier versions have the log of the last attempt only.
                let step = steps[index]
                logs[index] = [
                    AttemptLog(
                        attempt: max(1, step.attempts),
                        runner: step.runner,
                        finishedAt: step.finishedAt ?? run.createdAt,
                        failure: step.failure,
                        log: log
                    )
                ]
            } else {
                throw BackupError("the log of step \"\(name)\" of run \"\(run.name)\" cannot be read")
            }
        }
        jobs = try root.list("jobs").map { reader throws(BackupError) in try JobRecord(archived: reader, run: id) }
        deadLetters = try root.list("deadLetters").map { reader throws(BackupError) in
            DeadLetter(
                job: try JobRecord(archived: try reader.member("job"), run: id),
                reason: try reader.text("reason"),
                diedAt: Timestamp(microseconds: try reader.integer("diedAt"))
            )
        }
    }
}
