import APIMachinery

/// Writes all runs of a store into a backup, and makes the runs of a store those of a backup.
public enum RunRestoration {
    /// Writes every run, the oldest first, and the specifications they keep to.
    public static func write(_ reader: any RunReader, to writer: BackupWriter) throws {
        var ids: [Int64] = []
        try forEachPage(reader) { runs in ids += runs.map(\.id) }
        var written: Set<String> = []
        for id in ids.reversed() {
            guard let run = try reader.run(id: id) else { continue }
            if written.insert(run.revision).inserted, let spec = try reader.workflowRevision(run.revision) {
                try writer.append(.workflowRevision(hash: run.revision, spec: spec))
            }
            try writer.append(.run(try RunArchive(run, from: reader).json.bytes))
        }
    }

    private static func forEachPage(_ reader: any RunReader, _ body: ([RunRecord]) throws -> Void) throws {
        var query = RunQuery(limit: 500)
        while true {
            let runs = try reader.runs(query)
            try body(runs)
            guard runs.count == query.limit, let last = runs.last else { return }
            query.order = .newest(before: last.id)
        }
    }

    /// What would be done; see ``apply(_:to:)``.
    public static func plan(_ backup: BackupFile, over reader: any RunReader) throws -> RestoreCount {
        try compare(backup, reader, delete: { _ in }, create: { _ in }, update: { _, _ in }, revision: { _, _ in })
    }

    /// Makes the runs of the store those of the backup. Runs that are the same already are left alone, with the leases
    /// of their jobs; in all others jobs are back in their queues, and go to runners anew.
    public static func apply(_ backup: BackupFile, to transaction: any RunTransaction) throws -> RestoreCount {
        func create(_ archive: RunArchive) throws {
            var run = archive.run
            // The run gets its number here; steps and jobs follow it.
            try transaction.insert(&run)
            let settled = archive.renumbered(run.id)
            try transaction.insert(settled.steps)
            try addParts(of: settled, transaction)
        }
        return try compare(backup, transaction) { run in
            try transaction.delete(run)
        } create: { archive in
            try create(archive)
        } update: { current, archive in
            let isKept = current.logs.allSatisfy { index, attempts in
                attempts.allSatisfy { old in archive.logs[index]?.contains { $0.attempt == old.attempt } == true }
            }
            guard isKept else {
                // A log can be replaced but not taken away.
                try transaction.delete(current.run)
                return try create(archive)
            }
            let settled = archive.renumbered(current.run.id)
            for step in settled.steps {
                try transaction.update(step)
                try transaction.removeJob(step.key)
                try transaction.removeDeadLetter(step.key)
            }
            try addParts(of: settled, transaction)
            var run = settled.run
            try transaction.update(&run)
        } revision: { hash, spec in
            try transaction.insertWorkflowRevision(hash, spec: spec)
        }
    }

    private static func addParts(of archive: RunArchive, _ transaction: any RunTransaction) throws {
        for (index, attempts) in archive.logs {
            for log in attempts { try transaction.setLog(StepKey(run: archive.run.id, index: index), log) }
        }
        for job in archive.jobs { try transaction.enqueue(job) }
        for letter in archive.deadLetters { try transaction.insert(letter) }
    }

    private static func compare(
        _ backup: BackupFile,
        _ reader: any RunReader,
        delete: (RunRecord) throws -> Void,
        create: (RunArchive) throws -> Void,
        update: (_ current: RunArchive, RunArchive) throws -> Void,
        revision: (String, [UInt8]) throws -> Void
    ) throws -> RestoreCount {
        var count = RestoreCount(resource: "workflowruns.runs.martinet.dev")
        var kept: Set<String> = []
        try backup.forEach { entry in
            guard case .run(let bytes) = entry else { return }
            kept.insert(try RunArchive(try JSONValue(parsing: bytes)).identity)
        }
        var doomed: [RunRecord] = []
        try forEachPage(reader) { runs in
            for run in runs where !kept.contains(run.identity) { doomed.append(run) }
        }
        for run in doomed {
            try delete(run)
            count.deleted += 1
        }
        try backup.forEach { entry in
            switch entry {
            case .workflowRevision(let hash, let spec): try revision(hash, spec)
            case .run(let bytes):
                let archive = try RunArchive(try JSONValue(parsing: bytes))
                let found = try reader.run(namespace: archive.run.namespace, name: archive.run.name)
                guard let stored = found, stored.uid == archive.run.uid else {
                    try create(archive)
                    count.created += 1
                    return
                }
                let current = try RunArchive(stored, from: reader)
                if current.isEquivalent(to: archive) {
                    count.unchanged += 1
                } else {
                    try update(current, archive)
                    count.updated += 1
                }
            default: break
            }
        }
        return count
    }
}

extension RunRecord {
    /// Names the run over all time.
    fileprivate var identity: String { "\(namespace)/\(name)/\(uid)" }
}

extension RunArchive {
    fileprivate var identity: String { run.identity }
}
