import APIMachinery
import ArgumentParser
import Spec
import Testing

@testable import CLI

/// What `ctl logs` shows, and in which order.
@Suite struct LogCursorTests {
    private static func overview(_ phase: String, attempt: Int64, end: Int64 = 0) -> JSONValue {
        ["steps": [["id": "a", "phase": .string(phase), "attempt": .int(attempt), "end": .int(end)]]]
    }

    private static func entry(_ phase: String, _ attempt: Int64, _ log: String, end: Int64) -> JSONValue {
        ["id": "a", "phase": .string(phase), "attempt": .int(attempt), "log": .string(log), "end": .int(end)]
    }

    @Test("Whole lines are shown once, across attempts, and what is missing is said")
    func follows() throws {
        var cursor = LogCursor()
        #expect(cursor.due(Self.overview("Queued", attempt: 1)).isEmpty)
        #expect(cursor.due(Self.overview("Running", attempt: 1)).isEmpty)
        var request = try #require(cursor.due(Self.overview("Running", attempt: 1, end: 6)).first)
        #expect(request.parameters == ["step": "a", "attempt": "1", "after": "0"])
        #expect(cursor.take(Self.entry("Running", 1, "one\ntw", end: 6), for: request) == "one\n")
        #expect(cursor.due(Self.overview("Running", attempt: 1, end: 6)).isEmpty)
        request = try #require(cursor.due(Self.overview("Running", attempt: 1, end: 8)).first)
        #expect(request.after == 6)
        #expect(cursor.take(Self.entry("Running", 1, "o\n", end: 8), for: request) == "two\n")
        request = try #require(cursor.due(Self.overview("Running", attempt: 1, end: 20)).first)
        #expect(cursor.take(Self.entry("Running", 1, "x\n", end: 20), for: request) == "[10 bytes are left out]\nx\n")
        // The first attempt is read to its end before the second one.
        let requests = cursor.due(Self.overview("Running", attempt: 2, end: 4))
        #expect(requests.map(\.attempt.number) == [1, 2])
        var failed = Self.entry("Running", 1, "end", end: 23)
        failed["error"] = ["reason": "Broken", "message": "because"]
        #expect(cursor.take(failed, for: requests[0]) == "end\nbecause\n")
        #expect(cursor.take(Self.entry("Running", 2, "new\n", end: 4), for: requests[1]) == "new\n")
        request = try #require(cursor.due(Self.overview("Succeeded", attempt: 2)).first)
        #expect(request.after == 4 && request.isLast)
        #expect(cursor.take(Self.entry("Succeeded", 2, "", end: 4), for: request) == "")
        #expect(cursor.due(Self.overview("Succeeded", attempt: 2)).isEmpty)
    }

    @Test("An attempt without a log is asked for once")
    func nothingWritten() throws {
        var cursor = LogCursor()
        let request = try #require(cursor.due(Self.overview("Succeeded", attempt: 1)).first)
        cursor.finish(request)
        #expect(cursor.due(Self.overview("Succeeded", attempt: 1)).isEmpty)
    }

    @Test("Failures of a run carry its name; ages choose by the time of the end")
    func failures() throws {
        let run = Unstructured([
            "metadata": ["name": "r"],
            "status": [
                "steps": [
                    ["id": "a", "phase": "Failed", "finishedAt": "2026-01-02T03:04:05Z"],
                    ["id": "b", "phase": "Skipped"], ["id": "c", "phase": "Running"],
                ]
            ],
        ])
        let failures = LogsCommand.failures(of: run)
        #expect(failures.count == 1 && failures[0]["run"] == "r")
        let now = try #require(Timestamp(rfc3339: "2026-01-02T03:14:05Z"))
        let age = { (text: String) in try LogsCommand.Age(text: text).includes(failures[0], now: now) }
        #expect(try age("10m") && !age("599s") && age("1h30m"))
        for text in ["-1h", "0s", "soon", "-soon"] { #expect(throws: ValidationError.self) { _ = try age(text) } }
    }

    @Test(
        "Wrong combinations end with 64",
        arguments: ["logs", "logs --attempt 1", "logs r --attempt 0", "logs r -f --errors", "logs r --since x"]
    )
    func refused(_ line: String) {
        let error = #expect(throws: (any Error).self) {
            try Ctl.parseAsRoot(line.split(separator: " ").map(String.init))
        }
        #expect(error.map { Ctl.exitCode(for: $0).rawValue } == 64)
    }
}
