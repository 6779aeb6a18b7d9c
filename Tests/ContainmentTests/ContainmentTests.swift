import APIMachinery
import FoundationEssentials
import Glibc
import Logging
import Synchronization
import Testing

@testable import Containment

/// The note and what is kept of it in the directory.
@Suite("Containment") struct ContainmentTests {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let path = FileManager.default.temporaryDirectory.path + "/martinet-containment-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try await body(path)
    }

    @Test("What is marked is in the note of the next process until its mark ends")
    func note() async throws {
        try await Self.withDirectory { directory in
            let path = "\(directory)/crash-note"
            let note = try CrashNote(path: path)
            #expect(note.previousEnd.isOrderly, "a new note says nothing about anybody")
            note.start()
            let first = note.begin("run", "default", "r1", "", isOnThread: true)
            let second = note.begin("request", "", String(repeating: "x", count: 1000), "", isOnThread: false)
            #expect(first >= 0 && second >= 0 && first != second)
            note.end(first)
            // Another mapping of the same file, as a process after this one has it.
            let end = try CrashNote(path: path).previousEnd
            #expect(!end.isOrderly && end.signal == nil && end.culprit == nil)
            #expect(end.underWay.map(\.kind) == [.request])
            #expect((end.underWay.first?.name.utf8.count ?? 0) < 1000, "a key is cut to the slot")
            note.stop()
            #expect(try CrashNote(path: path).previousEnd.isOrderly)
        }
    }

    @Test("A file that is no note is begun anew")
    func damaged() async throws {
        try await Self.withDirectory { directory in
            let path = "\(directory)/crash-note"
            for size in [0, 10, 4096, 1 << 20] {
                try Data(repeating: 0xFF, count: size).write(to: URL(filePath: path))
                let end = try CrashNote(path: path).previousEnd
                #expect(end.isOrderly && end.underWay.isEmpty)
            }
        }
    }

    @Test("With all slots taken, work goes on unmarked")
    func full() async throws {
        try await Self.withDirectory { directory in
            let note = try CrashNote(path: "\(directory)/crash-note")
            note.start()
            let slots = (0..<1100).map { note.begin("run", "default", "\($0)", "", isOnThread: true) }
            #expect(Set(slots.filter { $0 >= 0 }).count == 1024)
            #expect(slots.last == -1)
            for slot in slots { note.end(slot) }
            #expect(note.begin("run", "default", "again", "", isOnThread: true) >= 0)
        }
    }

    @Test("Marks from many threads never share a slot")
    func concurrent() async throws {
        try await Self.withDirectory { directory in
            let containment = try Containment(directory: directory, logger: Self.logger)
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<16 {
                    group.addTask {
                        for index in 0..<500 {
                            let mark = containment.mark(.run, "ns-\(task)", "\(index)", scope: .task)
                            await Task.yield()
                            mark.end()
                            mark.end()
                        }
                    }
                }
            }
            #expect(try CrashNote(path: "\(directory)/crash-note").previousEnd.underWay.isEmpty)
        }
    }

    /// Leaves in the directory what a process does that died twice over a run.
    static func poison(_ directory: String, _ subject: WorkSubject) throws {
        var record = QuarantineRecord()
        for _ in 0..<2 { _ = record.assess(PreviousEnd(signal: 4, culprit: subject), now: Timestamp(seconds: 1)) }
        try Data(record.json.bytes).write(to: URL(filePath: "\(directory)/quarantine.json"))
    }

    @Test("What is put aside stays so over starts, and is released once and for all")
    func release() async throws {
        try await Self.withDirectory { directory in
            let subject = WorkSubject(.run, namespace: "default", name: "r1")
            try Self.poison(directory, subject)
            let containment = try Containment(directory: directory, logger: Self.logger)
            let entry = try #require(containment.entry(.run, "default", "r1"))
            #expect(entry.refusal.code == 422)
            #expect(entry.refusal.message?.contains("ctl quarantine release \(subject.id)") == true)
            #expect(containment.entry(.run, "default", "r2") == nil)
            let released = Mutex<[WorkSubject]>([])
            containment.onRelease { subject in released.withLock { $0.append(subject) } }
            #expect(try await containment.release(id: "run-0") == nil)
            #expect(try await containment.release(id: subject.id) == entry)
            #expect(try await containment.release(id: subject.id) == nil)
            #expect(released.withLock { $0 } == [subject])
            #expect(containment.isEmpty)
            let next = try Containment(directory: directory, logger: Self.logger)
            #expect(next.isEmpty)
        }
    }

    @Test("Another object of the name is not put aside; where one of the uids is not known, the name decides")
    func uids() async throws {
        try await Self.withDirectory { directory in
            let old = WorkSubject("workerpool", namespace: "default", name: "p", uid: "old")
            try Self.poison(directory, old)
            let containment = try Containment(directory: directory, logger: Self.logger)
            func isQuarantined(_ uid: String) -> Bool {
                containment.entry("workerpool", "default", "p", uid: uid) != nil
            }
            #expect(isQuarantined("old") && isQuarantined("") && !isQuarantined("new"))
            #expect(throws: Never.self) {
                try containment.admit("workerpool", "default", "p", uid: "new", scope: .thread).end()
            }
            await containment.forget("workerpool", "default", "p", uid: "new")
            #expect(isQuarantined("old"))
            await containment.forget("workerpool", "default", "p", uid: "old")
            #expect(containment.isEmpty)
        }
        try await Self.withDirectory { directory in
            // As versions before the uid was recorded wrote it.
            try Self.poison(directory, WorkSubject("workerpool", namespace: "default", name: "p"))
            let containment = try Containment(directory: directory, logger: Self.logger)
            #expect(containment.entry("workerpool", "default", "p", uid: "any") != nil)
            await containment.forget("workerpool", "default", "p", uid: "any")
            #expect(containment.isEmpty)
        }
    }

    @Test("The note's key has the uid where it is known")
    func keys() {
        for subject in [
            WorkSubject(.run, namespace: "n", name: "r"), WorkSubject(.run, namespace: "n", name: "r", uid: "u"),
        ] {
            var key = "run\u{0}n\u{0}r"
            if !subject.uid.isEmpty { key += "\u{0}\(subject.uid)" }
            #expect(WorkSubject(key: Array(key.utf8)) == subject)
        }
        let ids = ["", "u", "v"].map { WorkSubject(.run, namespace: "n", name: "r", uid: $0).id }
        #expect(Set(ids).count == 3)
    }

    @Test("A release that cannot be made durable is refused, and the subject stays put aside")
    func readOnly() async throws {
        try await Self.withDirectory { directory in
            let subject = WorkSubject(.run, namespace: "default", name: "r1")
            try Self.poison(directory, subject)
            let containment = try Containment(directory: directory, logger: Self.logger)
            // In the way of the file that is written aside; a mode would not stop the superuser.
            try FileManager.default.createDirectory(
                atPath: "\(directory)/.quarantine.json.\(getpid()).new",
                withIntermediateDirectories: false
            )
            await #expect(throws: CrashNoteError.self) { try await containment.release(id: subject.id) }
            #expect(containment.entry(subject) != nil)
        }
    }

    @Test("A record that is no JSON is no reason not to start")
    func unreadable() async throws {
        try await Self.withDirectory { directory in
            try Data("{\"quaran".utf8).write(to: URL(filePath: "\(directory)/quarantine.json"))
            #expect(try Containment(directory: directory, logger: Self.logger).isEmpty)
        }
    }
}
