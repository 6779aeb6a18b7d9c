public import APIMachinery
import FoundationEssentials
import Glibc
public import Logging
import Metrics
import Synchronization

/// Keeps one poisoned object from ending the plane for good.
///
/// A Swift trap ends the process and cannot be caught. So everything that works on an object, a run or a request marks
/// it first, in a file that survives the process. The next start reads what was marked when the process died; what it
/// died over twice is put aside: its workers skip it until it is released (`ctl quarantine release`).
///
/// Marking makes no system call.
public final class Containment: Sendable {
    /// Whose work a mark covers.
    public enum Scope: Sendable {
        /// Work that does not suspend: until the mark ends, it stays on this thread.
        case thread
        /// Work of the present task, which may suspend and go on elsewhere.
        case task
    }

    private typealias Release = @Sendable (WorkSubject) async -> Void
    private typealias Change = @Sendable () -> Void

    private struct State {
        var record = QuarantineRecord()
        var releases: [Release] = []
        var changes: [Change] = []
    }

    /// Marks nothing and quarantines nothing; for what runs without a data directory.
    public static let disabled = Containment()

    private let note: CrashNote?
    private let path: String
    private let logger: Logger
    private let state = Mutex(State())
    /// How many subjects are put aside: nearly always none, which is found out without a lock.
    private let count = Atomic<Int>(0)
    #if DEBUG
        /// How the subjects begin that tests have the process trap over.
        private let traps: [String]
    #endif

    private init() {
        note = nil
        path = ""
        logger = Logger(label: "containment") { _ in SwiftLogNoOpLogHandler() }
        #if DEBUG
            traps = []
        #endif
    }

    /// Reads how the last process with that directory ended, draws the consequences, and begins to note what this one
    /// does.
    ///
    /// - Throws: `CrashNoteError` if the directory's files cannot be written.
    public init(directory: String, logger: Logger, now: Timestamp = .now()) throws {
        let note = try CrashNote(path: "\(directory)/crash-note")
        self.note = note
        self.logger = logger
        path = "\(directory)/quarantine.json"
        #if DEBUG
            traps = (ProcessInfo.processInfo.environment["MARTINET_TEST_TRAP"] ?? "").split(separator: ",").map(
                String.init
            )
        #endif
        var record = Self.read(path, logger)
        let end = note.previousEnd
        let before = record
        let added = record.assess(end, now: now)
        // Before the note is wiped: a process that dies in between finds the same end again.
        if record != before { try Self.write(record, path) }
        note.start()
        let deaths = Counter(label: "martinet_process_faults_total")
        deaths.increment(by: 0)
        if let signal = end.signal, !end.isOrderly {
            deaths.increment()
            let work = end.culprit.map { [$0] } ?? end.underWay
            logger.error(
                "the previous process crashed; what it crashes on twice is quarantined",
                metadata: [
                    "signal": "\(QuarantineRecord.name(of: signal))", "culprit": "\(end.culprit != nil)",
                    "underWay": "\(work.prefix(20).map(\.description))",
                ]
            )
        }
        for entry in added { logger.critical("\(entry.message)", metadata: ["quarantine": "\(entry.subject.id)"]) }
        let initial = record
        state.withLock { $0.record = initial }
        count.store(record.entries.count, ordering: .releasing)
        measure(initial.entries.values.map(\.subject.kind), initial)
    }

    /// Says that the process stops in order; nothing that was under way is suspect then.
    public func stop() { note?.stop() }

    // MARK: Marks

    /// Marks the subject as being worked on. End the mark when the work is done, however it ended.
    public func mark(
        _ kind: WorkKind,
        _ namespace: String,
        _ name: String,
        uid: String = "",
        scope: Scope
    ) -> WorkMark {
        guard let note else { return WorkMark(note: nil, slot: -1) }
        let slot = note.begin(kind.rawValue, namespace, name, uid, isOnThread: scope == .thread)
        #if DEBUG
            if !traps.isEmpty {
                let text = "\(WorkSubject(kind, namespace: namespace, name: name)) \(uid)"
                precondition(!traps.contains { text.hasPrefix($0) }, "the trap that a test asked for, over \(text)")
            }
        #endif
        return WorkMark(note: note, slot: slot)
    }

    /// Marks the subject as being worked on.
    public func mark(_ subject: WorkSubject, scope: Scope) -> WorkMark {
        mark(subject.kind, subject.namespace, subject.name, uid: subject.uid, scope: scope)
    }

    /// Marks the subject as being worked on, unless it is put aside.
    ///
    /// - Throws: `Status` (422) with the reason and what to do.
    public func admit(
        _ kind: WorkKind,
        _ namespace: String,
        _ name: String,
        uid: String = "",
        scope: Scope
    ) throws(Status) -> WorkMark {
        if let entry = entry(kind, namespace, name, uid: uid) { throw entry.refusal }
        return mark(kind, namespace, name, uid: uid, scope: scope)
    }

    /// Marks a request as being worked on by the present task, unless it is put aside.
    ///
    /// - Throws: `Status` (422) with the reason and what to do.
    public func admitRequest(method: String, uri: String, body: some Collection<UInt8>) throws(Status) -> WorkMark {
        // Without a note the digest of the request would not be used.
        guard note != nil else { return WorkMark(note: nil, slot: -1) }
        let subject = WorkSubject.request(method: method, uri: uri, body: body)
        return try admit(subject.kind, subject.namespace, subject.name, scope: .task)
    }

    // MARK: Quarantine

    /// Whether nothing at all is put aside.
    public var isEmpty: Bool { count.load(ordering: .acquiring) == 0 }

    /// Why the object is put aside, or `nil`. Another object of the name is not; without a uid, any of the name is meant.
    public func entry(_ kind: WorkKind, _ namespace: String, _ name: String, uid: String = "") -> QuarantineEntry? {
        guard !isEmpty else { return nil }
        return state.withLock { state in
            state.record.entries[WorkSubject(kind, namespace: namespace, name: name, uid: uid)]
                ?? state.record.entries.values.first { $0.subject.concerns(kind, namespace, name, uid) }
        }
    }

    /// Why the subject is put aside, or `nil`.
    public func entry(_ subject: WorkSubject) -> QuarantineEntry? {
        entry(subject.kind, subject.namespace, subject.name, uid: subject.uid)
    }

    /// Everything that is put aside, by id.
    public var entries: [QuarantineEntry] {
        state.withLock { Array($0.record.entries.values) }.sorted { $0.subject.id < $1.subject.id }
    }

    /// Lets the plane work on the subject again.
    ///
    /// - Returns: what it was put aside for; `nil` if nothing of that id is.
    /// - Throws: `CrashNoteError` if that cannot be made durable; it stays put aside then.
    @discardableResult
    public func release(id: String) async throws -> QuarantineEntry? {
        let (entry, listeners, changes) = try state.withLock {
            state throws -> (QuarantineEntry?, [Release], [Change]) in
            guard let entry = state.record.entries.values.first(where: { $0.subject.id == id }) else {
                return (nil, [], [])
            }
            var record = state.record
            record.entries[entry.subject] = nil
            try Self.write(record, path)
            state.record = record
            count.store(record.entries.count, ordering: .releasing)
            measure([entry.subject.kind], record)
            return (entry, state.releases, state.changes)
        }
        guard let entry else { return nil }
        logger.warning("released from quarantine", metadata: ["subject": "\(entry.subject)", "quarantine": "\(id)"])
        for listener in listeners { await listener(entry.subject) }
        for change in changes { change() }
        return entry
    }

    /// Forgets an object that is gone; without a uid, all that had the name.
    public func forget(_ kind: WorkKind, _ namespace: String, _ name: String, uid: String = "") async {
        for entry in entries where entry.subject.concerns(kind, namespace, name, uid) { await forget(entry) }
    }

    private func forget(_ entry: QuarantineEntry) async {
        do {
            try await release(id: entry.subject.id)
        } catch {
            logger.error(
                "quarantine of a deleted object stays",
                metadata: ["id": "\(entry.subject.id)", "error": "\(error)"]
            )
        }
    }

    /// Has the closure called with every subject that is released, so that its worker takes it up again.
    public func onRelease(_ listener: @escaping @Sendable (WorkSubject) async -> Void) {
        state.withLock { $0.releases.append(listener) }
    }

    /// Has the closure called whenever the entries have changed.
    public func onChange(_ listener: @escaping @Sendable () -> Void) {
        state.withLock { $0.changes.append(listener) }
    }

    private func measure(_ kinds: [WorkKind], _ record: QuarantineRecord) {
        for kind in Set(kinds) {
            Gauge(label: "martinet_quarantined", dimensions: [("kind", kind.rawValue)])
                .record(record.entries.keys.count { $0.kind == kind })
        }
    }

    // MARK: The file

    private static func read(_ path: String, _ logger: Logger) -> QuarantineRecord {
        guard let data = FileManager.default.contents(atPath: path) else { return QuarantineRecord() }
        do {
            return QuarantineRecord(json: try JSONValue(parsing: [UInt8](data)))
        } catch {
            // Better to try again what was put aside than not to start; after two deaths it is known again.
            logger.error(
                "the record of quarantined objects cannot be read; starting a new one",
                metadata: ["file": "\(path)", "error": "\(error)"]
            )
            return QuarantineRecord()
        }
    }

    /// A crash leaves the old record or the new one.
    private static func write(_ record: QuarantineRecord, _ path: String) throws {
        do { try PrivateFiles.write(record.json.bytes, to: path) } catch {
            throw CrashNoteError(description: error.description)
        }
    }
}

/// Something that is being worked on, until the mark ends.
public final class WorkMark: Sendable {
    private let note: CrashNote?
    private let slot: Atomic<Int32>

    init(note: CrashNote?, slot: Int32) {
        self.note = note
        self.slot = Atomic(slot)
    }

    deinit { end() }

    /// The work is done. Ending twice does nothing.
    public func end() {
        let slot = slot.exchange(-1, ordering: .relaxed)
        if slot >= 0 { note?.end(slot) }
    }
}

extension QuarantineEntry {
    /// The answer to a request that concerns what is put aside.
    public var refusal: Status { Status(code: 422, reason: .invalid, message: message) }
}
