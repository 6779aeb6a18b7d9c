import APIMachinery
import Glibc
import Testing

@testable import AgentRunner

@Suite("exec: processes and limits")
struct ExecProcessTests {
    @Test("A program that is killed is reported so")
    func killed() async throws {
        let result = try await Exec.run(Exec.shell("kill -9 $$"))
        #expect(result.error?.reason == "Killed" && result.error?.exitCode == 137)
        #expect(result.error?.message.contains("signal 9") == true)
    }

    @Test("Cancelling stops a program that obeys SIGTERM")
    func cancelled() async throws {
        let result = try await Exec.cancel("echo ready >&2; exec sleep 300")
        #expect(result.outcome == .cancelled)
    }

    @Test("Cancelling kills a program that ignores SIGTERM once the grace is over")
    func stubborn() async throws {
        let result = try await Exec.cancel("trap '' TERM; echo ready >&2; while :; do sleep 300; done")
        #expect(result.outcome == .cancelled)
    }

    @Test("A program may clean up when it is stopped")
    func cleanUp() async throws {
        let script = "trap 'echo cleaned >&2; exit 0' TERM; echo ready >&2; while :; do sleep 0.01; done"
        let result = try await Exec.cancel(script, grace: .seconds(60))
        #expect(result.outcome == .cancelled)
        #expect(result.logTail?.contains("cleaned") == true)
    }

    @Test("Every descendant goes with its job: children, new sessions, double forks")
    func descendants() async throws {
        let script = """
            sleep 301 & echo "pid $!" >&2
            setsid sh -c 'echo "pid $$" >&2; sleep 302' &
            (setsid sh -c '(sleep 303 & echo "pid $!" >&2)' &) &
            sh -c 'trap "" TERM; echo "pid $$" >&2; while :; do sleep 304; done' &
            sleep 0.2
            echo ready >&2
            sleep 305
            """
        let result = try await Exec.cancel(script)
        #expect(result.outcome == .cancelled)
        let pids = (result.logTail ?? "").split(separator: "\n").compactMap { line in
            line.hasPrefix("pid ") ? Int32(line.dropFirst(4)) : nil
        }
        #expect(pids.count == 4)
        for pid in pids { #expect(!Exec.isAlive(pid), "process \(pid) is left over") }
    }

    @Test("What a program leaves in the background ends with it and does not hold its result up")
    func background() async throws {
        let result = try await Exec.run(Exec.shell("sleep 300 & echo \"pid $!\" >&2; setsid sleep 300 & echo 1"))
        #expect(result.outcome == .succeeded && result.output == 1)
        let pid = (result.logTail ?? "").split(separator: "\n").first.flatMap { Int32($0.dropFirst(4)) }
        #expect(!Exec.isAlive(try #require(pid)))
    }

    @Test("Zombies of grandchildren hold nothing up")
    func zombies() async throws {
        let result = try await Exec.run(Exec.shell("true & exec sh -c 'sleep 0.1; echo 1'"))
        #expect(result.output == 1)
    }

    @Test("The wall clock's limit is a time-out")
    func wall() async throws {
        let result = try await Exec.run(Exec.shell("sleep 300", ["limits": ["wall": "100ms"]]))
        #expect(result.outcome == .timedOut && result.error?.reason == "WallTimeExceeded")
    }

    @Test("A loud program is stopped at its output limit")
    func output() async throws {
        let result = try await Exec.run(Exec.shell("yes", ["limits": ["outputBytes": 100_000]]))
        #expect(result.error?.reason == "OutputLimitExceeded" && result.error?.retryable == false)
        #expect(result.error?.message.contains("100000") == true)
    }

    @Test("A greedy tree is stopped at its memory limit")
    func memory() async throws {
        // `tail` keeps what has no line feed.
        let result = try await Exec.run(
            Exec.shell("head -c 2000000000 /dev/zero | tail", ["limits": ["memoryMB": 64]])
        )
        #expect(result.error?.reason == "MemoryLimitExceeded", "\(String(describing: result.error))")
        #expect((result.usage?.memoryPeakBytes ?? 0) > 64 << 20)
    }

    @Test("A busy tree is stopped at its CPU limit")
    func cpu() async throws {
        let result = try await Exec.run(
            Exec.shell("while :; do :; done & while :; do :; done", ["limits": ["cpuSeconds": 0.2]])
        )
        #expect(result.error?.reason == "CPULimitExceeded")
    }

    @Test("Usage is that of the whole tree")
    func usage() async throws {
        // The memory is in a grandchild, the time in another one. What exceeds this process's own peak is known
        // to the kernel in any case, however short it was.
        let bytes = OwnUsage.peakBytes() + 50_000_000
        let script = """
            sh -c 'head -c \(bytes) /dev/zero | tail | wc -c'
            sh -c 'i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done'
            echo 1
            """
        let result = try await Exec.run(Exec.shell(script))
        let usage = try #require(result.usage)
        #expect(usage.memoryPeakBytes > bytes * 9 / 10)
        #expect(usage.memoryStartBytes > 0 && usage.memoryStartBytes < usage.memoryPeakBytes)
        #expect(usage.memoryEndBytes > 0 && usage.memoryEndBytes <= usage.memoryPeakBytes)
        #expect(usage.cpu > .milliseconds(50))
        #expect(usage.threads >= 2)
    }

    @Test("A tiny program's figures are its own, not the runner's")
    func tiny() async throws {
        let result = try await Exec.run(["command": ["true"], "output": "text"])
        let usage = try #require(result.usage)
        #expect(usage.memoryPeakBytes > 0 && usage.memoryPeakBytes < 16 << 20)
        #expect(usage.threads == 1)
    }

    @Test("Many at once, none left over, no descriptor lost")
    func many() async throws {
        try await withThrowingTaskGroup(of: JSONValue?.self) { group in
            for index in 0..<40 {
                group.addTask { try await Exec.run(Exec.shell("echo \(index)")).output }
            }
            var seen: Set<Int64> = []
            for try await output in group { seen.insert(output?.intValue ?? -1) }
            #expect(seen == Set(0..<40))
        }
    }
}
