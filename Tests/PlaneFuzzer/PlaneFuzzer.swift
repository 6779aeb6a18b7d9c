import APIMachinery
import FoundationEssentials
import Glibc
import Synchronization
public import TestSupport

/// Asks a real plane for thousands of things that are valid, nearly valid and not valid at all. What must hold: the
/// plane lives, answers every request without an internal error, every run ends, and every list can be read, also after
/// the plane was stopped or killed and started again.
public final class PlaneFuzzer {
    /// How long, and with what.
    public struct Options: Sendable {
        /// The same seed makes the same requests.
        public var seed: UInt64
        /// How many requests at most.
        public var requests = Int.max
        /// For how long at most, ends of runs and restarts included.
        public var duration: Duration?
        /// After so many requests the runs are ended, everything is read, and the plane is started again.
        public var requestsEachRound = 6000
        /// Requests of a saved file, asked one by one in place of new ones.
        public var replay: [FuzzRequest] = []

        /// A run without an end of its own.
        public init(seed: UInt64) { self.seed = seed }
    }

    /// A plane that died so often is not started again.
    private static let mostDeaths = 8

    let plane: Plane
    let report = FuzzReport()
    let client: FuzzClient
    private let options: Options
    private let deadline: ContinuousClock.Instant?
    private var next = 0
    private var deaths = 0
    /// Where the present process's lines begin in the log.
    private var logStart = 0
    private let log: (String) -> Void

    private init(_ plane: Plane, _ options: Options, _ log: @escaping (String) -> Void) {
        self.plane = plane
        self.options = options
        self.log = log
        deadline = options.duration.map { .now + $0 }
        client = FuzzClient(plane, report)
    }

    /// Asks until the requests are through, the time is up, or too much was found.
    ///
    /// - Parameter log: is told how it goes.
    /// - Returns: what was done and found; the last requests before a finding are in `.build/fuzz/found`.
    public static func run(
        _ plane: Plane,
        _ options: Options,
        log: @escaping (String) -> Void = { _ in }
    ) async throws -> FuzzSummary {
        let fuzzer = PlaneFuzzer(plane, options, log)
        try await fuzzer.prepare()
        let requests = FuzzRequests(seed: options.seed, targets: try await fuzzer.targets())
        for request in options.replay { _ = await fuzzer.client.ask([request]) }
        while !fuzzer.isDone {
            let known = fuzzer.report.summary.findings.count
            try await fuzzer.round(requests)
            let summary = fuzzer.report.summary
            log("\(summary)")
            for finding in summary.findings.dropFirst(known) { log("FOUND \(finding)") }
        }
        if !options.replay.isEmpty { try await fuzzer.finishRound(requests) }
        return fuzzer.report.summary
    }

    private var isDone: Bool {
        !options.replay.isEmpty || next >= options.requests || deadline.map { .now >= $0 } ?? false || report.isFull
            || deaths >= Self.mostDeaths
    }

    /// A pool and a workflow that are always there.
    private func prepare() async throws {
        for object in [FuzzExamples.pool, FuzzExamples.workflow] {
            try await plane.kubectl("apply", "-f", "-", input: object.text)
        }
    }

    private func round(_ requests: FuzzRequests) async throws {
        let start = ContinuousClock.now
        let count = min(options.requestsEachRound, options.requests - next)
        let numbers = Mutex(next..<next + count)
        next += count
        let deadline = deadline
        await client.storm(requests) {
            numbers.withLock { numbers in
                if let deadline, .now >= deadline { return nil }
                guard let first = numbers.first else { return nil }
                let size = min(1 + first % 8, numbers.count)
                numbers = first + size..<numbers.upperBound
                return first..<first + size
            }
        }
        let seconds = start.duration(to: .now) / .seconds(1)
        report.update { $0.seconds += seconds }
        try await finishRound(requests)
    }

    private func finishRound(_ requests: FuzzRequests) async throws {
        let found = report.summary.findings.count
        if client.isAlive { await endRuns() }
        if client.isAlive { await readEverything(requests.targets) }
        if client.isAlive { await deleteEverything(requests.targets) }
        noteErrors()
        try await restart()
        if client.isAlive {
            await readEverything(requests.targets)
            try await prepare()
        }
        if report.summary.findings.count > found || found > 0 { try save() }
    }

    // MARK: Death and return

    /// Stops the plane, as systemd would or as a power cut would, and starts it again.
    private func restart() async throws {
        if client.isAlive {
            let isGentle = report.summary.restarts.isMultiple(of: 2)
            plane.controller.signal(isGentle ? SIGTERM : SIGKILL)
            let controller = plane.controller
            let ended: ChildProcess.ExitStatus
            do {
                ended = try await eventually("the plane ends", within: .seconds(150)) { controller.status }
            } catch {
                report.note(FuzzFinding(property: "SIGTERM does not end the plane", detail: logTail()))
                controller.signal(SIGKILL)
                ended = try await controller.wait()
            }
            if isGentle, ended != .code(0), ended != .signal(SIGKILL) {
                noteDeath("died while it was stopped: \(ended)")
            }
        } else {
            noteDeath("the plane died")
        }
        while deaths < Self.mostDeaths {
            logStart = plane.log.utf8.count
            try plane.relaunch()
            client.replace(plane.controller)
            do {
                try await plane.waitUntilReady()
                report.update { $0.restarts += 1 }
                return
            } catch {
                if client.isAlive {
                    report.note(FuzzFinding(property: "the plane does not get ready", detail: "\(error)"))
                    plane.controller.signal(SIGKILL)
                    try await plane.controller.wait()
                    deaths += 1
                } else {
                    noteDeath("the plane died at its start")
                }
            }
        }
    }

    private func noteDeath(_ property: String) {
        deaths += 1
        report.note(FuzzFinding(property: property, detail: logTail()))
    }

    /// What the present process said last: of a trap, the message and where it was.
    private func logTail() -> String {
        let text = String(decoding: plane.log.utf8.dropFirst(logStart), as: UTF8.self)
        let lines = text.split(separator: "\n")
        guard let first = lines.firstIndex(where: { $0.contains("Fatal error") || $0.hasPrefix("*** ") }) else {
            return lines.suffix(20).joined(separator: "\n")
        }
        return lines[first...].prefix(120).joined(separator: "\n")
    }

    /// Errors that the plane logged: what it accepts, it must be able to work with. That an object has gone meanwhile, or
    /// that the node cannot find a program, is not its fault.
    private func noteErrors() {
        for line in plane.log.utf8.dropFirst(logStart).split(separator: UInt8(ascii: "\n")) {
            // Lines of backtraces are no JSON.
            guard let json = try? JSONValue(parsing: Array(line)), let level = json["level"]?.stringValue,
                ["error", "critical"].contains(level)
            else { continue }
            let error = json["error"]?.stringValue ?? ""
            if error.hasSuffix("not found") || error.contains("the object has been modified") { continue }
            let message = "\(json["msg"]?.stringValue ?? ""): \(error.suffix(300))"
            report.note(FuzzFinding(property: "logged as \(level)", detail: message))
        }
    }

    /// Saves what was asked last, to be asked again with `--replay`.
    private func save() throws {
        let folder = "\(Files.root)/.build/fuzz/found"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let base = "\(folder)/plane-\(options.seed)"
        try Data(report.recentLines()).write(to: URL(filePath: "\(base)-\(next).jsonl"))
        let texts = report.summary.findings.map(\.description).joined(separator: "\n\n")
        try Data(Array(texts.utf8)).write(to: URL(filePath: "\(base).txt"))
        log("the last requests and the findings: \(base)-\(next).jsonl, \(base).txt")
    }
}
