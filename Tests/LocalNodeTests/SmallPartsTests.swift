import APIMachinery
import ImageStore
import KubeAPI
import KubeClient
import Testing

@testable import LocalNode

struct ProbeStateTests {
    private func conclusions(_ kind: ProbeKind, _ probe: Probe, _ answers: [Bool]) -> [Bool?] {
        var state = ProbeState(kind, probe)
        return answers.map { state.answer($0) ? state.result : nil }
    }

    @Test(
        "Thresholds count answers in a row",
        arguments: [
            (ProbeKind.readiness, 1, 3, [true, true, false, false, false], [true, nil, nil, nil, false]),
            (.readiness, 2, 1, [true, true, false, true], [nil, true, false, nil]),
            (.readiness, 1, 3, [false, false, false, false], [nil, nil, nil, nil]),
            (.liveness, 1, 3, [true, false, false, true, false, false, false], [nil, nil, nil, nil, nil, nil, false]),
            (.liveness, 5, 1, [false, true], [false, true]), (.startup, 1, 2, [false, false], [nil, false]),
            (.startup, 1, 2, [false, true], [nil, true]),
        ] as [(ProbeKind, Int, Int, [Bool], [Bool?])]
    )
    func thresholds(_ kind: ProbeKind, _ success: Int, _ failure: Int, _ answers: [Bool], _ expected: [Bool?]) {
        var probe = Probe()
        (probe.successThreshold, probe.failureThreshold) = (success, failure)
        #expect(conclusions(kind, probe, answers) == expected)
    }

    @Test func defaultsAreKubernetes() {
        let state = ProbeState(.liveness, Probe())
        #expect(state.initialDelay == .zero)
        #expect(state.period == .seconds(10))
        #expect(state.timeout == .seconds(1))
    }
}

struct LogReaderTests {
    private static let lines = [
        "2026-01-02T03:04:05.000000001Z stdout F one", "2026-01-02T03:04:06.000000000Z stderr P two ",
        "2026-01-02T03:04:06.500000000Z stderr F parts", "2026-01-02T03:04:07.000000000Z stdout F ",
        "2026-01-02T03:04:08.000000000Z stdout F last",
    ].compactMap { LogLine(Array($0.utf8)[...]) }

    private func text(_ options: PodLogOptions) -> String {
        var selection = LogSelection(options, now: Timestamp(seconds: 1_767_323_049))
        let lines = LogSelection.tail(Self.lines, options.tailLines)
        return String(decoding: lines.flatMap { selection.render($0) }, as: UTF8.self)
    }

    @Test(
        "What is shown",
        arguments: [
            (PodLogOptions(), "one\ntwo parts\n\nlast\n"), (PodLogOptions(tailLines: 0), ""),
            (PodLogOptions(tailLines: 1), "last\n"), (PodLogOptions(tailLines: 3), "two parts\n\nlast\n"),
            (PodLogOptions(tailLines: 99), "one\ntwo parts\n\nlast\n"), (PodLogOptions(limitBytes: 5), "one\nt"),
            (PodLogOptions(sinceTime: "2026-01-02T03:04:07Z"), "\nlast\n"), (PodLogOptions(sinceSeconds: 1), "last\n"),
            (
                PodLogOptions(timestamps: true, tailLines: 3),
                "2026-01-02T03:04:06.000000000Z two parts\n2026-01-02T03:04:07.000000000Z \n"
                    + "2026-01-02T03:04:08.000000000Z last\n"
            ),
        ]
    )
    func selection(_ options: PodLogOptions, _ expected: String) { #expect(text(options) == expected) }

    @Test(arguments: ["", "no log line", "2026 stdout FF x", "2026-01-02T03:04:05Z stdout"])
    func otherLinesAreIgnored(_ line: String) { #expect(LogLine(Array(line.utf8)[...]) == nil) }
}

struct SmallPartsTests {
    @Test(
        arguments: [
            ("started 12", ShimReport.started(pid: 12)), ("exited 3", .exited(code: 3)), ("signaled 9", .signaled(9)),
            ("failed exec 2", .failed(stage: "exec", error: 2)), ("started x", nil), ("", nil), ("noise", nil),
        ] as [(String, ShimReport?)]
    )
    func reports(_ line: String, _ expected: ShimReport?) { #expect(ShimReport(line) == expected) }

    @Test func treesAreFollowed() {
        func process(_ pid: Int32, _ parent: Int32) -> ProcessEntry {
            ProcessEntry(pid: pid, parent: parent, session: 1)
        }
        let table = ProcessTable([process(2, 1), process(3, 2), process(4, 3), process(5, 1)])
        #expect(table.tree(2).map(\.pid).sorted() == [2, 3, 4])
        #expect(table.tree(9).isEmpty)
    }

    @Test func usageIsARate() {
        var meter = CPUMeter()
        meter.read(ticks: 1000, at: .seconds(10), ticksPerSecond: 100)
        #expect(meter.window == .zero)
        meter.read(ticks: 1100, at: .seconds(12), ticksPerSecond: 100)
        #expect(meter.nanocores == 500_000_000)
        #expect(meter.window == .seconds(2))
        meter.read(ticks: 50, at: .seconds(13), ticksPerSecond: 100)
        #expect(meter.nanocores == 0)
    }

    @Test(arguments: [(0, "0s"), (2000, "2s"), (2050, "2.05s"), (61_500, "61.5s")])
    func windows(_ milliseconds: Int, _ expected: String) {
        #expect(PodUsage.text(.milliseconds(milliseconds)) == expected)
    }

    @Test func onlyHarmlessVariablesAreHandedOn() {
        let all = ["HOME": "/h", "PATH": "/p", "AWS_SECRET_ACCESS_KEY": "x", "MARTINET_TOKEN": "y", "https_proxy": "z"]
        let environment = LocalNode.Options.inheritedEnvironment(all)
        #expect(environment == ["HOME": "/h", "PATH": "/p", "https_proxy": "z"])
    }
}
