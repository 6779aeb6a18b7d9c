import CLinux
import Glibc

/// The processes below this one, as /proc shows them.
enum ProcessTree {
    /// All descendants. Processes come and go meanwhile, so one look proves nothing.
    static func descendants() -> [pid_t] {
        var children: [pid_t: [pid_t]] = [:]
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let pid = pid_t(name), let parent = parent(of: pid) else { continue }
            children[parent, default: []].append(pid)
        }
        var result: [pid_t] = []
        var pending = [getpid()]
        while let pid = pending.popLast() {
            let below = children[pid] ?? []
            result += below
            pending += below
        }
        return result
    }

    /// The fourth field of /proc/PID/stat; the second, the name, may contain anything, even parentheses.
    private static func parent(of pid: pid_t) -> pid_t? {
        let file = open("/proc/\(pid)/stat", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = read(file, &buffer, buffer.count)
        guard count > 0, let name = buffer[..<count].lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = buffer[(name + 1)..<count].split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard fields.count > 1 else { return nil }
        return pid_t(String(decoding: fields[1], as: UTF8.self))
    }
}

/// Writes all of it, however often the descriptor is busy. False if nobody can take it any more.
@discardableResult
func write(bytes: [UInt8], to descriptor: Int32) -> Bool {
    var start = 0
    while start < bytes.count {
        let count = bytes[start...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count > 0 {
            start += count
        } else if errno != EINTR {
            return false
        }
    }
    return true
}
