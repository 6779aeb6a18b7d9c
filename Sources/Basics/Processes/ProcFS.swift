private import Glibc

/// Reads `/proc`. Every question may find the process gone; that is an answer, not an error.
public enum ProcFS {
    public static let ticksPerSecond = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    public static let pageSize = Int64(max(1, getpagesize()))

    /// Whether the kernel lists children (`CONFIG_PROC_CHILDREN`), which spares looking at every process.
    public static let listsChildren: Bool = bytes(of: "/proc/self/task/\(getpid())/children") != nil

    /// What is known of a process; `nil` if it is gone.
    public static func entry(_ pid: Int32) -> ProcessEntry? {
        bytes(of: "/proc/\(pid)/stat").flatMap { ProcessEntry(parsing: $0, pid: pid) }
    }

    /// Every process of the machine that this one may see.
    public static func all() -> [ProcessEntry] { numbers(in: "/proc").compactMap(entry) }

    /// Direct children of a process, zombies included.
    ///
    /// - Parameter threads: how many it has. The kernel lists children by the thread that made them.
    public static func children(of pid: Int32, threads: Int64) -> [Int32] {
        guard listsChildren else { return all().filter { $0.parent == pid }.map(\.pid) }
        let tasks = threads == 1 ? [pid] : numbers(in: "/proc/\(pid)/task")
        return tasks.flatMap { task in
            (bytes(of: "/proc/\(pid)/task/\(task)/children") ?? []).split(separator: 0x20).compactMap { digits in
                Int32(String(decoding: digits, as: UTF8.self))
            }
        }
    }

    /// A field of `/proc/PID/status` that is an amount of memory, such as `VmHWM` (the most that was ever resident) or
    /// `RssAnon`, in bytes.
    public static func memory(_ field: String, of pid: Int32) -> Int64? {
        bytes(of: "/proc/\(pid)/status").flatMap { memory(field, in: $0) }
    }

    /// A field of a text that has lines like `VmHWM:     1234 kB`, in bytes.
    public static func memory(_ field: String, in status: [UInt8]) -> Int64? {
        let name = Array("\(field):".utf8)
        for line in status.split(separator: 0x0A) where line.starts(with: name) {
            let digits = line.dropFirst(name.count).filter { (0x30...0x39).contains($0) }
            return Int64(String(decoding: digits, as: UTF8.self)).map { $0.saturatingMultiply(1024) }
        }
        return nil
    }

    /// Whether the environment with which a process was started has that entry (`NAME=value`).
    public static func environment(of pid: Int32, contains entry: String) -> Bool {
        environment(of: pid).contains { $0.elementsEqual(entry.utf8) }
    }

    /// The value of a variable in the environment with which a process was started.
    public static func variable(_ name: String, of pid: Int32) -> String? {
        let prefix = Array("\(name)=".utf8)
        return environment(of: pid).first { $0.starts(with: prefix) }.map { entry in
            String(decoding: entry.dropFirst(prefix.count), as: UTF8.self)
        }
    }

    private static func environment(of pid: Int32) -> [ArraySlice<UInt8>] {
        (bytes(of: "/proc/\(pid)/environ") ?? []).split(separator: 0)
    }

    /// Has the kernel kill that process, and what it starts from now on, before others when memory runs out. A process
    /// may always be made a likelier victim; one that is gone needs nothing.
    public static func preferAsVictim(_ pid: Int32) {
        let file = open("/proc/\(pid)/oom_score_adj", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        defer { close(file) }
        _ = write(file, victimScore, victimScore.utf8.count)
    }

    /// Half of what marks a process as the first to go.
    private static let victimScore = "500"

    /// The entries of a directory whose names are numbers: processes, threads, descriptors. Empty if it is gone.
    public static func numbers(in directory: String) -> [Int32] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var result: [Int32] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let number = Int32(name) { result.append(number) }
        }
        return result
    }

    /// A whole file as text; `nil` if it cannot be read.
    public static func text(of path: String) -> String? {
        bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// A whole file; `nil` if it cannot be read, as when its process ends meanwhile.
    public static func bytes(of path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var size = 1024
        var hasFailed = false
        while true {
            // Files in /proc have no size: read until nothing more comes, in growing steps.
            let chunk = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                let read = read(descriptor, buffer.baseAddress, size)
                hasFailed = read < 0
                count = max(0, read)
            }
            if hasFailed { return nil }
            if chunk.isEmpty { return result }
            if result.isEmpty { result = chunk } else { result.append(contentsOf: chunk) }
            size = min(size * 4, 1 << 20)
        }
    }
}
