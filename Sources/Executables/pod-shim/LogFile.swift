import CLinux
import Glibc

/// A container's log in the format of Kubernetes' container runtime interface, one line for each line of output:
/// `2026-01-02T03:04:05.123456789Z stdout F text`, with `P` for a part of a line too long for one.
///
/// When a file is full it becomes `FILE.1`, the one before `FILE.2`, and so on.
struct LogFile {
    /// The longest piece of a line that is written as one.
    static let lineLimit = 16 * 1024

    private let path: String
    private let maximumSize: Int
    private let maximumFiles: Int
    private var descriptor: Int32
    private var size = 0

    init?(_ options: Options) {
        guard let log = options.log else { return nil }
        path = log
        maximumSize = options.logSize
        maximumFiles = options.logFiles
        descriptor = cl_open_append(path)
        if descriptor < 0 { return nil }
        size = max(Int(lseek(descriptor, 0, SEEK_END)), 0)
    }

    /// Writes lines, already formatted.
    mutating func append(_ lines: [UInt8]) {
        guard !lines.isEmpty else { return }
        if size > 0, size + lines.count > maximumSize { rotate() }
        // A full disk loses log lines; the container must not stand still for that.
        if write(bytes: lines, to: descriptor) { size += lines.count }
    }

    private mutating func rotate() {
        for index in stride(from: maximumFiles - 2, through: 1, by: -1) {
            rename("\(path).\(index)", "\(path).\(index + 1)")
        }
        if maximumFiles > 1 { rename(path, "\(path).1") } else { unlink(path) }
        let next = cl_open_append(path)
        guard next >= 0 else { return }
        close(descriptor)
        descriptor = next
        size = 0
    }
}

/// Makes log lines of one output stream's bytes.
struct LineFormatter {
    private let stream: String
    private var pending: [UInt8] = []

    init(stream: String) { self.stream = stream }

    /// The lines that are complete now.
    mutating func append(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        let prefix = Self.timestamp() + " \(stream) "
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                flush(prefix, "F", into: &result)
            } else {
                pending.append(byte)
                if pending.count >= LogFile.lineLimit { flush(prefix, "P", into: &result) }
            }
        }
        return result
    }

    /// What was left without an end of line.
    mutating func finish() -> [UInt8] {
        var result: [UInt8] = []
        if !pending.isEmpty { flush(Self.timestamp() + " \(stream) ", "F", into: &result) }
        return result
    }

    private mutating func flush(_ prefix: String, _ tag: String, into result: inout [UInt8]) {
        result += prefix.utf8
        result += tag.utf8
        result.append(UInt8(ascii: " "))
        result += pending
        result.append(UInt8(ascii: "\n"))
        pending.removeAll(keepingCapacity: true)
    }

    /// RFC 3339 with nanoseconds, in UTC.
    private static func timestamp() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        var date = tm()
        gmtime_r(&time.tv_sec, &date)
        func pad(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        let day = "\(pad(Int(date.tm_year) + 1900, 4))-\(pad(Int(date.tm_mon) + 1, 2))-\(pad(Int(date.tm_mday), 2))"
        let clock = "\(pad(Int(date.tm_hour), 2)):\(pad(Int(date.tm_min), 2)):\(pad(Int(date.tm_sec), 2))"
        return "\(day)T\(clock).\(pad(time.tv_nsec, 9))Z"
    }
}
