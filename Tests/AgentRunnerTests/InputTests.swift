import APIMachinery
import Spec
import Testing

@testable import AgentRunner

@Suite("What comes in: durations, steps, jobs, answers")
struct InputTests {
    @Test(
        "Durations in Go's form",
        arguments: [
            ("1m30s", 90_000), ("90s", 90_000), ("1.5s", 1500), ("250ms", 250), ("1h2m3s4ms", 3_723_004), ("0", 0),
            ("0s", 0), (".5s", 500), ("1.s", 1000), ("500us", 0.5), ("1µs", 0.001), ("", nil), ("5", nil), ("s", nil),
            ("-1s", nil), ("1d", nil), ("1 s", nil), ("1..5s", nil), (".s", nil), ("1e3s", nil), ("99999999999h", nil),
            ("1m30", nil), ("+1s", nil),
        ] as [(String, Double?)]
    )
    func durations(_ text: String, _ milliseconds: Double?) {
        let parsed = GoDuration.parse(text).map { $0 / .milliseconds(1) }
        #expect(parsed == milliseconds)
    }

    @Test(
        "sleep takes seconds or a duration, not both, not neither",
        arguments: [
            (["seconds": 2], 2), (["seconds": 0.25], 0.25), (["seconds": "3"], 3), (["duration": "1m"], 60),
            (["seconds": 0], 0), ([:], nil), (["seconds": -1], nil), (["seconds": "x"], nil), (["duration": 5], nil),
            (["duration": "soon"], nil), (["seconds": 1, "duration": "1s"], nil), (["seconds": .null], nil),
        ] as [(JSONValue, Double?)]
    )
    func sleep(_ with: JSONValue, _ seconds: Double?) {
        #expect((try? SleepExecutor.duration(with))?.inSeconds == seconds)
    }

    @Test("An exec step with everything in it")
    func step() throws {
        let step = try ExecStep([
            "command": ["prog", 5, 1.5, true, ["a": 1]],
            "input": ["x": 1],
            "env": ["A": "1", "B": 2, "C": .null],
            "workingDirectory": "/tmp",
            "output": "json-document",
            "successExitCodes": [1, "2"],
            "limits": ["memoryMB": 64, "cpuSeconds": 1.5, "outputBytes": 1000, "wall": "1m"],
        ])
        #expect(step.command == ["prog", "5", "1.5", "true", #"{"a":1}"#])
        #expect(step.input == ["x": 1])
        #expect(step.environment == ["A": "1", "B": "2", "C": nil])
        #expect(step.workingDirectory == "/tmp")
        #expect(step.outputMode == .document)
        #expect(step.successExitCodes == [0, 1, 2])
        #expect(step.limits.memoryBytes == 64 << 20)
        #expect(step.limits.cpu == .milliseconds(1500))
        #expect(step.limits.outputBytes == 1000)
        #expect(step.limits.wall == .seconds(60))
    }

    @Test(
        "The limit of the memory is a quantity, or a number of mebibytes, however large",
        arguments: [
            (["memory": "50Mi"], 52_428_800), (["memory": "2G"], 2_000_000_000), (["memory": 1_048_576], 1_048_576),
            (["memoryMB": 1.5], 1_572_864), (["memoryMB": "64"], 67_108_864), (["memoryMB": 1e300], .max),
            (["memory": "1e300"], .max), (["memory": .null], nil), ([:], nil),
        ] as [(JSONValue, Int64?)]
    )
    func memory(_ limits: JSONValue, _ bytes: Int64?) throws {
        #expect(try ExecStep(["command": ["a"], "limits": limits]).limits.memoryBytes == bytes)
    }

    @Test("Limits of any size are read without a trap", arguments: [1e-300, 0.1, 1, 1e18, 1e19, 1e300])
    func extremes(_ number: Double) {
        for name in ["memoryMB", "cpuSeconds", "outputBytes", "wall", "memory"] {
            _ = try? ExecStep(["command": ["a"], "limits": [name: .double(number)]])
        }
        _ = try? SleepExecutor.duration(["seconds": .double(number)])
        _ = try? Job(["id": "1.0.1", "token": "1", "actor": "noop", "timeoutSeconds": .double(number)])
    }

    @Test("A runner takes as many jobs at once as a pool may ask for, and no more")
    func workers() throws {
        func options(_ workers: Int) throws -> RunnerOptions {
            var flags = RunnerOptions.Flags()
            flags.controller = "http://127.0.0.1:1"
            flags.pool = "p"
            flags.workers = workers
            return try RunnerOptions(flags, environment: [:], hostname: "h", processID: 1)
        }
        for workers in [Bounds.concurrency.lowerBound, Bounds.concurrency.upperBound] {
            #expect(try options(workers).workers == workers)
        }
        for workers in [Bounds.concurrency.lowerBound - 1, Bounds.concurrency.upperBound + 1] {
            #expect(throws: RunnerOptionError.self) { try options(workers) }
        }
    }

    @Test("An output nested too deep is no output", arguments: [(200, true), (201, false), (508, false)])
    func depth(_ depth: Int, _ isValid: Bool) {
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        let output = try? ExecOutput.value(of: Array(text.utf8), mode: .lastLine)
        #expect((output != nil) == isValid)
    }

    @Test(
        "A wrong field is named with its value",
        arguments: [
            ([:], "with.command is missing"), (["command": "ls -l"], #"with.command is "ls -l""#),
            (["command": []], "with.command is empty"), (["command": [""]], "with.command is empty"),
            (["command": ["a", .null]], "with.command[1] is null"),
            (["command": ["a\u{0}b"]], "with.command[0] holds a NUL byte"),
            (["command": ["a"], "env": []], "with.env is []"),
            (["command": ["a"], "env": ["A=B": "c"]], #"with.env has the name "A=B""#),
            (["command": ["a"], "output": "xml"], #"with.output is "xml": use one of json, json-document, text"#),
            (["command": ["a"], "output": 1], "with.output is 1: it must be a string"),
            (["command": ["a"], "successExitCodes": 1], "with.successExitCodes is 1"),
            (["command": ["a"], "successExitCodes": [256]], "with.successExitCodes[0] is 256"),
            (["command": ["a"], "limits": ["memoryMB": -1]], "with.limits.memoryMB is -1"),
            (["command": ["a"], "limits": ["wall": "x"]], #"with.limits.wall is "x""#),
            (
                ["command": ["a"], "limits": ["outputBytes": 1e12]],
                "with.limits.outputBytes is 1000000000000: from 1 to 67108864"
            ),
            (["command": ["a"], "limits": ["outputBytes": 0.5]], "with.limits.outputBytes is 0.5: from 1 to"),
            (["command": ["a"], "limits": ["memory": "50"]], #"with.limits.memory is "50": it must be a quantity"#),
            (["command": ["a"], "limits": ["memory": "much"]], #"with.limits.memory is "much""#),
            (
                ["command": ["a"], "limits": ["memory": "1Gi", "memoryMB": 5]],
                "with.limits.memory and with.limits.memoryMB are both given"
            ),
            (["command": ["a"], "limits": ["ram": "1Gi"]], "with.limits.ram is not a known limit: use memory, "),
            (["command": ["a"], "limits": 5], "with.limits is 5"),
            (["command": ["a"], "workingDirectory": ["x"]], #"with.workingDirectory is ["x"]"#),
        ] as [(JSONValue, String)]
    )
    func wrong(_ with: JSONValue, _ beginning: String) {
        let error = #expect(throws: JobError.self) { try ExecStep(with) }
        #expect(error?.message.hasPrefix(beginning) == true, "\(error?.message ?? "")")
        #expect(error?.reason == "InvalidInput")
        #expect(error?.retryable == false)
    }

    @Test("A job keeps id and token as they were written")
    func job() throws {
        let job = try Job([
            "id": 17, "token": 9_007_199_254_740_993, "actor": "exec", "attempt": 2, "timeoutSeconds": 0.5,
            "queueTimeMs": 12.5, "run": ["namespace": "n", "name": "r", "uid": "u"], "future": "member",
        ])
        #expect(job.id == "17")
        #expect(job.reference == ["job": 17, "token": 9_007_199_254_740_993])
        #expect(job.timeout == .milliseconds(500))
        #expect(job.with == [:])
        #expect(job.attempt == 2)
    }

    @Test(
        "A job without what it takes is refused",
        arguments: [
            [:], ["id": "a"], ["id": "a", "token": 1], ["id": [], "token": 1, "actor": "x"],
            ["id": "a", "token": .null, "actor": "x"], ["id": "a", "token": 1, "actor": ""], "text", .null,
        ] as [JSONValue]
    )
    func badJob(_ json: JSONValue) { #expect(throws: ProtocolError.self) { try Job(json) } }

    @Test("Answers forgive what is missing and what is new")
    func answers() {
        let answer = WorkAnswer([
            "jobs": [["id": "a", "token": 1, "actor": "noop"], ["id": "b"]],
            "results": [["job": "x", "status": "Stale"], ["status": "Accepted"]],
        ])
        #expect(answer.jobs.map(\.id) == ["a"])
        #expect(answer.unreadable.count == 1)
        #expect(answer.results.map(\.job) == ["x"])
        #expect(!answer.drain)
        let beat = HeartbeatResponse(["drain": true, "cancel": ["a", 5, ["job": "c"]], "lost": .null])
        #expect(!beat.register && HeartbeatResponse(["register": true]).register)
        #expect(beat.drain && beat.cancel == ["a", "5", "c"] && beat.lost.isEmpty)
        let registration = Registration(["heartbeatSeconds": -5, "pollSeconds": 1e9])
        #expect(registration.heartbeat == .milliseconds(50) && registration.poll == .seconds(300))
    }
}
