import Glibc

/// What `/proc` tells about one process at one moment.
struct ProcessEntry: Sendable, Equatable {
    var pid: pid_t
    var parent: pid_t
    var session: pid_t
    var isZombie: Bool
    /// User and system time of the process itself, in clock ticks.
    var cpuTicks: UInt64
    var threads: Int64
    /// Ticks from boot to the start. Together with the id this tells a process from a later one with its number.
    var startTicks: UInt64
    var residentPages: Int64
}

/// Reads `/proc`. Every question may find the process gone; that is an answer, not an error.
enum ProcFS {
    static let ticksPerSecond = Double(max(1, sysconf(Int32(_SC_CLK_TCK))))
    static let pageSize = Int64(getpagesize())

    /// Whether the kernel lists children (`CONFIG_PROC_CHILDREN`), which spares looking at every process.
    static let listsChildren: Bool = bytes(of: "/proc/self/task/\(getpid())/children") != nil

    static func entry(_ pid: pid_t) -> ProcessEntry? { bytes(of: "/proc/\(pid)/stat").flatMap { parse($0, pid: pid) } }

    /// Parses a line of `/proc/PID/stat`; the command in brackets may hold blanks and brackets itself.
    static func parse(_ line: [UInt8], pid: pid_t) -> ProcessEntry? {
        guard let bracket = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        var state: UInt8 = 0
        var numbers: [Int64] = []
        numbers.reserveCapacity(24)
        var index = bracket + 1
        // proc(5): the third field, the first after the bracket, is the state; numbers follow.
        while index < line.count, numbers.count < 22 {
            let byte = line[index]
            if byte == UInt8(ascii: " ") {
                index += 1
            } else if byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) {
                var value: Int64 = 0
                let negative = byte == UInt8(ascii: "-")
                if negative { index += 1 }
                while index < line.count, (0x30...0x39).contains(line[index]) {
                    value = value &* 10 &+ Int64(line[index] - 0x30)
                    index += 1
                }
                numbers.append(negative ? -value : value)
            } else {
                if numbers.isEmpty { state = byte }
                index += 1
            }
        }
        guard numbers.count >= 21 else { return nil }
        return ProcessEntry(
            pid: pid,
            parent: pid_t(truncatingIfNeeded: numbers[0]),
            session: pid_t(truncatingIfNeeded: numbers[2]),
            isZombie: state == UInt8(ascii: "Z") || state == UInt8(ascii: "X"),
            cpuTicks: UInt64(bitPattern: numbers[10] &+ numbers[11]),
            threads: numbers[16],
            startTicks: UInt64(bitPattern: numbers[18]),
            residentPages: numbers[20]
        )
    }

    /// Direct children of a process, zombies included.
    static func children(of pid: pid_t, threads: Int64) -> [pid_t] {
        guard listsChildren else { return all().filter { $0.parent == pid }.map(\.pid) }
        // The kernel keeps children by the thread that made them.
        let tasks = threads == 1 ? [pid] : numbers(in: "/proc/\(pid)/task")
        return tasks.flatMap { task in
            (bytes(of: "/proc/\(pid)/task/\(task)/children") ?? []).split(separator: 0x20).compactMap { digits in
                pid_t(String(decoding: digits, as: UTF8.self))
            }
        }
    }

    /// Every process of the machine that this one may see.
    static func all() -> [ProcessEntry] { numbers(in: "/proc").compactMap(entry) }

    /// The most memory the process ever had resident (`VmHWM`), in bytes.
    static func peakBytes(_ pid: pid_t) -> Int64? {
        guard let status = bytes(of: "/proc/\(pid)/status") else { return nil }
        for line in status.split(separator: 0x0A) where line.starts(with: "VmHWM:".utf8) {
            let digits = line.filter { (0x30...0x39).contains($0) }
            return Int64(String(decoding: digits, as: UTF8.self)).map { $0 * 1024 }
        }
        return nil
    }

    /// Has the kernel kill that process, and what it starts from now on, before others when memory runs out. A process
    /// may always be made a likelier victim; one that is gone needs nothing.
    static func preferAsVictim(_ pid: pid_t) {
        let file = open("/proc/\(pid)/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = write(file, victimScore, victimScore.utf8.count)
    }

    /// Half of what marks a process as the first to go.
    private static let victimScore = "500"

    /// Whether the environment with which the process was started has that entry (`NAME=value`).
    static func environment(of pid: pid_t, contains entry: String) -> Bool {
        guard let environment = bytes(of: "/proc/\(pid)/environ") else { return false }
        return environment.split(separator: 0).contains { $0.elementsEqual(entry.utf8) }
    }

    private static func numbers(in directory: String) -> [pid_t] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var result: [pid_t] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let number = pid_t(name) { result.append(number) }
        }
        return result
    }

    /// The whole file, or `nil` if it cannot be opened.
    static func bytes(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var size = 1024
        while true {
            // Files in /proc have no size: read until nothing more comes, in growing steps.
            let chunk = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                count = max(0, read(descriptor, buffer.baseAddress, size))
            }
            if chunk.isEmpty { return result }
            if result.isEmpty { result = chunk } else { result.append(contentsOf: chunk) }
            size = min(size * 4, 1 << 20)
        }
    }
}
