import Basics
import Glibc
import Testing

@Suite struct ProcFSTests {
    @Test("A command with blanks and brackets does not shift the fields of /proc/PID/stat")
    func parsing() throws {
        let line =
            "77 (a) b (c)) Z 5 77 70 0 -1 4194560 1 2 3 4 100 20 7 3 20 0 9 0 999 2048 33 18446744073709551615 0\n"
        let entry = try #require(ProcessEntry(parsing: Array(line.utf8), pid: 77))
        #expect(entry.pid == 77 && entry.parent == 5 && entry.session == 70 && entry.isZombie)
        #expect(entry.cpuTicks == 120 && entry.collectedTicks == 10 && entry.threads == 9)
        #expect(entry.startTicks == 999 && entry.virtualBytes == 2048 && entry.residentPages == 33)
    }

    @Test(
        "What is no such line is refused",
        arguments: ["", "77 (a", "77 (x) R 1 2", "77 (x) R 9223372036854775808 -"]
    )
    func malformed(_ line: String) { #expect(ProcessEntry(parsing: Array(line.utf8), pid: 77) == nil) }

    @Test("Amounts of memory are read from a process's status")
    func memory() throws {
        let status = Array("Name:\tRssAnon: 7\nRssAnon:\t    1234 kB\nVmHWM:\t 9223372036854775807 kB\nVmRSS:\n".utf8)
        #expect(ProcFS.memory("RssAnon", in: status) == Int64(1234 * 1024))
        #expect(ProcFS.memory("VmHWM", in: status) == .max)
        #expect(ProcFS.memory("VmRSS", in: status) == nil)
        #expect(ProcFS.memory("Rss", in: status) == nil)
        #expect(try #require(ProcFS.memory("VmHWM", of: getpid())) > 0)
        #expect(ProcFS.memory("VmHWM", of: .max) == nil)
    }

    @Test("This process is found with its parent, children's lists and environment")
    func own() throws {
        let entry = try #require(ProcFS.entry(getpid()))
        #expect(entry.parent == getppid() && entry.threads >= 1 && entry.residentPages > 0 && !entry.isZombie)
        #expect(ProcFS.all().contains { $0.pid == getpid() && $0.startTicks == entry.startTicks })
        if let parent = ProcFS.entry(getppid()), parent.parent > 0 {
            #expect(ProcFS.children(of: getppid(), threads: parent.threads).contains(getpid()))
        }
        let path = try #require(ProcFS.variable("PATH", of: getpid()))
        #expect(ProcFS.environment(of: getpid(), contains: "PATH=\(path)"))
        #expect(!ProcFS.environment(of: getpid(), contains: "PATH"))
        #expect(ProcFS.variable("PAT", of: getpid()) == nil)
    }

    @Test("A process that is gone has nothing")
    func gone() {
        #expect(ProcFS.entry(.max) == nil)
        #expect(ProcFS.children(of: .max, threads: 2).isEmpty)
        #expect(!ProcFS.environment(of: .max, contains: "A=b"))
        #expect(ProcFS.numbers(in: "/proc/\(Int32.max)/task").isEmpty)
        #expect(ProcFS.bytes(of: "/proc/\(Int32.max)/stat") == nil)
        ProcFS.preferAsVictim(.max)
    }

    @Test("A file longer than any buffer is read to its end")
    func long() throws {
        let lines = try #require(ProcFS.text(of: "/proc/kallsyms") ?? ProcFS.text(of: "/proc/self/maps"))
        #expect(lines.utf8.count > 1024 && lines.hasSuffix("\n"))
    }
}
