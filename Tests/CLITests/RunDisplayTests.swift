import APIMachinery
import KubeYAML
import Testing

@testable import CLI

/// What is drawn of a run while it goes on.
@Suite struct RunDisplayTests {
    static let now = Timestamp(rfc3339: "2026-01-01T00:00:10Z") ?? .init(seconds: 0)
    static let wide = Terminal.Size(columns: 200, rows: 40)

    static func run(_ phase: String, _ steps: String...) throws -> Unstructured {
        let list = try YAML.parse("[\(steps.joined(separator: ", "))]")
        return Unstructured([
            "metadata": ["name": "r-1"],
            "status": ["phase": .string(phase), "startedAt": "2026-01-01T00:00:08Z", "steps": list],
        ])
    }

    @Test func treesShowEveryStep() throws {
        let run = try Self.run(
            "Running",
            "{id: a, phase: Succeeded, startedAt: 2026-01-01T00:00:08Z, metrics: {execution_time_ms: 740.2}, runner: p-1}",
            "{id: b, phase: Running, startedAt: 2026-01-01T00:00:09Z, attempts: 2}",
            "{id: c, phase: Failed, error: {reason: E, message: \"two\\nlines\"}}",
            "{id: d, phase: Pending}"
        )
        #expect(
            RunDisplay.tree(of: run, now: Self.now, size: Self.wide).map(plain) == [
                "r-1  Running  2.00s",
                "├─ ✔ a                    Succeeded  740ms  p-1",
                "├─ ● b                    Running    1.00s  attempt 2",
                "├─ ✖ c                    Failed       two lines",
                "└─ · d                    Pending    ",
            ]
        )
    }

    @Test("No line is wider than the terminal, so that none takes two rows")
    func widths() throws {
        let run = try Self.run("Running", "{id: a-rather-long-name-of-a-step, phase: Running, runner: some-pool-xyz}")
        for columns in [10, 20, 40] {
            let lines = RunDisplay.tree(of: run, now: Self.now, size: .init(columns: columns, rows: 40))
            #expect(lines.allSatisfy { plain($0).count <= columns })
        }
    }

    @Test("A tree that is too high shows what happens, and how much it leaves out")
    func heights() throws {
        var steps = (0..<50).map { "{id: done\($0), phase: Succeeded}" }
        steps.insert("{id: busy, phase: Running}", at: 30)
        steps.append("{id: bad, phase: Failed}")
        let list = try YAML.parse("[\(steps.joined(separator: ", "))]")
        let run = Unstructured(["metadata": ["name": "r"], "status": ["phase": "Running", "steps": list]])
        let lines = RunDisplay.tree(of: run, now: Self.now, size: .init(columns: 80, rows: 10)).map(plain)
        #expect(lines.count <= 9)
        #expect(lines.contains { $0.contains("busy") } && lines.contains { $0.contains("bad") })
        #expect(lines.last == "└─ and \(52 - (lines.count - 2)) more steps")
    }

    @Test func framesTakeBackTheOneBefore() throws {
        var display = RunDisplay(isLive: true)
        let run = try Self.run("Running", "{id: a, phase: Running}")
        #expect(display.frame(of: run, now: Self.now, size: Self.wide).hasPrefix("\u{1B}[2A") == false)
        #expect(display.frame(of: run, now: Self.now, size: Self.wide).hasPrefix("\u{1B}[2A\u{1B}[J"))
    }

    @Test("Elsewhere than on a terminal every change is one line, and nothing is said twice")
    func changes() throws {
        var display = RunDisplay(isLive: false)
        let pending = try Self.run("Pending", "{id: a, phase: Pending}")
        let running = try Self.run("Running", "{id: a, phase: Running}")
        let ended = try Self.run("Succeeded", "{id: a, phase: Succeeded}")
        let said = [pending, running, running, ended, ended].map { plain(display.changes(of: $0, now: Self.now)) }
        #expect(said[0] == "run r-1  Pending  2.00s\n")
        #expect(said[1].contains("a ") && said[1].hasSuffix("run r-1  Running  2.00s\n"))
        #expect(said[2].isEmpty && said[4].isEmpty)
        #expect(said[3].split(separator: "\n").count == 2)
    }
}
