import APIMachinery
import Testing

@testable import AgentRunner

@Suite("What goes out: outputs, metrics, reports")
struct OutputTests {
    @Test(
        "The last line that holds anything is the output",
        arguments: [
            ("1", 1), ("{\"a\":1}\n", ["a": 1]), ("noise\n{\"a\":1}\n", ["a": 1]), ("x\n \"y\" \n\n \r\n", "y"),
            ("a\r\n[1]\r\n", [1]), ("null", .null), ("true\n", true),
        ] as [(String, JSONValue)]
    )
    func lastLine(_ text: String, _ want: JSONValue) throws {
        #expect(try ExecOutput.value(of: Array(text.utf8), mode: .lastLine) == want)
    }

    @Test(
        "Anything else is refused with a remedy",
        arguments: [
            ("", "printed nothing"), ("\n\n", "printed nothing"), ("hello", "is not JSON"),
            ("{\n\"a\":1\n}", "is not JSON"),
            ("1 2", "is not JSON"),
        ]
    )
    func noJSON(_ text: String, _ part: String) {
        let error = #expect(throws: JobError.self) { try ExecOutput.value(of: Array(text.utf8), mode: .lastLine) }
        #expect(error?.message.contains(part) == true)
        #expect(error?.message.contains("with.output: text") == true)
        #expect(error?.retryable == false)
    }

    @Test("A document may have many lines; text is taken as it is, bad bytes replaced")
    func modes() throws {
        #expect(try ExecOutput.value(of: Array("{\n\"a\": 1\n}\n".utf8), mode: .document) == ["a": 1])
        #expect(throws: JobError.self) { try ExecOutput.value(of: Array("1\n2\n".utf8), mode: .document) }
        #expect(try ExecOutput.value(of: Array("a\nb\n".utf8), mode: .text) == "a\nb\n")
        #expect(try ExecOutput.value(of: [0x61, 0xFF, 0x62], mode: .text) == "a\u{FFFD}b")
        #expect(try ExecOutput.value(of: [], mode: .text) == "")
        #expect(throws: JobError.self) { try ExecOutput.value(of: [0x22, 0xFF, 0x22], mode: .lastLine) }
    }

    @Test("Integers of 64 bits are the same in the report as in the output, in every mode that reads JSON")
    func integers() throws {
        let job = try Job(["id": "1.0.1", "token": "1", "actor": "exec"])
        for number in [9_007_199_254_740_993, -9_007_199_254_740_993, Int64.max, .min, 1 << 62 + 1, 0] {
            for mode in [ExecStep.OutputMode.lastLine, .document] {
                let output = try ExecOutput.value(of: Array("{\"n\": [\(number)]}".utf8), mode: mode)
                let report = OutgoingReport(
                    job: job,
                    outcome: .succeeded,
                    output: output,
                    metrics: JobMetrics(queueTimeMs: 0, held: .zero, execution: .zero, usage: ResourceUsage()),
                    startedAt: Timestamp(seconds: 0),
                    finishedAt: Timestamp(seconds: 0)
                )
                let sent = try JSONValue(parsing: report.json.bytes)
                #expect(sent.value(at: "output", "n")?[0] == .int(number))
            }
        }
    }

    @Test("A tail keeps the end, from the beginning of a line")
    func tail() {
        var tail = ByteTail(limit: 10)
        func add(_ text: String) { Array(text.utf8).withUnsafeBytes { tail.append($0) } }
        add("short\n")
        #expect(tail.text == "short\n")
        add("a longer line\nend\n")
        #expect(tail.text == "end\n")
        add("one line longer than all of it")
        #expect(tail.text == "all of it".suffix(10) || tail.text == "n all of it".suffix(10))
        #expect(tail.total == 54)
    }

    @Test("Metrics follow from times and usage")
    func metrics() {
        let usage = ResourceUsage(
            memoryStartBytes: 10 << 20,
            memoryPeakBytes: 30 << 20,
            memoryEndBytes: 20 << 20,
            cpu: .milliseconds(300),
            threads: 3
        )
        let metrics = JobMetrics(queueTimeMs: 10.5, held: .milliseconds(2), execution: .milliseconds(200), usage: usage)
        #expect(
            metrics.json == [
                "queue_time_ms": 12.5, "execution_time_ms": 200.0, "total_duration_ms": 212.5, "memory_start_mb": 10.0,
                "memory_peak_mb": 30.0, "memory_end_mb": 20.0, "cpu_percent": 150.0, "thread_count": 3,
            ]
        )
        let none = JobMetrics(queueTimeMs: 0, held: .seconds(-1), execution: .zero, usage: ResourceUsage())
        #expect(none.cpuPercent == 0 && none.queueTimeMs == 0 && none.totalDurationMs == 0)
        var odd = usage
        odd.memoryPeakBytes = 0
        #expect(JobMetrics(queueTimeMs: 0, held: .zero, execution: .zero, usage: odd).memoryPeakMB == 20)
    }

    @Test("Samples add up over processes that come and go")
    func meter() {
        func entry(_ pid: Int32, _ pages: Int64, _ ticks: Int64, _ threads: Int64 = 1) -> ProcessEntry {
            ProcessEntry(
                pid: pid,
                parent: 1,
                session: 1,
                isZombie: false,
                cpuTicks: ticks,
                threads: threads,
                startTicks: 7,
                residentPages: pages
            )
        }
        var meter = UsageMeter()
        meter.add([], pageSize: 100)
        meter.add([entry(1, 0, 0)], pageSize: 100)
        meter.add([entry(1, 10, 0)], pageSize: 100)
        meter.add([entry(1, 20, 50, 2), entry(2, 30, 25, 2)], pageSize: 100)
        meter.add([entry(1, 15, 100)], pageSize: 100)
        meter.add(peakBytes: 4000)
        let usage = meter.usage(collected: .milliseconds(500), ticksPerSecond: 100)
        #expect(usage.memoryStartBytes == 1000)
        #expect(usage.memoryPeakBytes == 5000)
        #expect(usage.memoryEndBytes == 1500)
        #expect(usage.threads == 4)
        #expect(usage.cpu == .milliseconds(1250))
        meter.add(peakBytes: 6000)
        #expect(meter.usage(collected: .seconds(2), ticksPerSecond: 100).memoryPeakBytes == 6000)
        #expect(meter.usage(collected: .seconds(2), ticksPerSecond: 100).cpu == .seconds(2))
    }

    @Test("A report that is refused is sent again without what the job decides the size of")
    func reduced() throws {
        let job = try Job(["id": "a", "token": 1, "actor": "noop"])
        let metrics = JobMetrics(queueTimeMs: 0, held: .zero, execution: .zero, usage: ResourceUsage())
        let report = OutgoingReport(
            job: job,
            outcome: .succeeded,
            output: "big",
            metrics: metrics,
            startedAt: Timestamp(seconds: 0),
            finishedAt: Timestamp(seconds: 1, nanoseconds: 5),
            logTail: "log"
        )
        #expect(report.json["output"] == "big" && report.json["finishedAt"] == "1970-01-01T00:00:01.000000005Z")
        let reduced = report.reduced(because: "413").json
        #expect(reduced["outcome"] == "Failed" && reduced["output"] == nil && reduced["logTail"] == nil)
        #expect(reduced["error"]?["reason"] == "ReportRefused")
    }
}
