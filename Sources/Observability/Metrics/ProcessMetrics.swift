import Glibc

/// The `process_*` metrics that Prometheus' client libraries agree on, read from `/proc/self`.
public enum ProcessMetrics {
    /// What they mean, for the registry.
    public static let descriptions: [MetricDescription] = [
        MetricDescription("process_cpu_seconds_total", help: "User and system CPU time spent by the process."),
        MetricDescription("process_resident_memory_bytes", help: "Resident memory."),
        MetricDescription("process_virtual_memory_bytes", help: "Virtual memory."),
        MetricDescription("process_open_fds", help: "Open file descriptors."),
        MetricDescription("process_max_fds", help: "Limit of open file descriptors."),
        MetricDescription("process_start_time_seconds", help: "Start of the process, seconds since 1970."),
        MetricDescription("process_threads", help: "Operating system threads of the process."),
    ]

    /// Describes and collects them in that registry.
    public static func register(in registry: PrometheusRegistry) {
        registry.describe(descriptions)
        let started = startTime()
        registry.collect { samples in collect(into: &samples, started: started) }
    }

    static func collect(into samples: inout SampleCollection, started: Double?) {
        var usage = rusage()
        if getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 {
            let micros = Double(usage.ru_utime.tv_usec) + Double(usage.ru_stime.tv_usec)
            let seconds = Double(usage.ru_utime.tv_sec) + Double(usage.ru_stime.tv_sec)
            samples.counter("process_cpu_seconds_total", seconds + micros / 1_000_000)
        }
        if let stat = ProcStat.current() {
            samples.gauge("process_resident_memory_bytes", Double(stat.residentPages) * Double(getpagesize()))
            samples.gauge("process_virtual_memory_bytes", Double(stat.virtualBytes))
            samples.gauge("process_threads", Double(stat.threads))
        }
        if let open = countOpenFiles() { samples.gauge("process_open_fds", Double(open)) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            samples.gauge("process_max_fds", Double(limit.rlim_cur))
        }
        if let started { samples.gauge("process_start_time_seconds", started) }
    }

    /// Seconds since 1970: the kernel tells ticks since boot, and `/proc/stat` the time of boot.
    static func startTime() -> Double? {
        guard let stat = ProcStat.current(), let system = readFile("/proc/stat"),
            let line = system.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let boot = Double(line.dropFirst(6))
        else { return nil }
        return boot + Double(stat.startTicks) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func countOpenFiles() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Less `.`, `..`, and the descriptor of this very listing.
        return max(0, count - 3)
    }

    static func readFile(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count <= 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The fields of `/proc/self/stat` that the metrics need.
struct ProcStat: Equatable {
    var threads: Int64
    var startTicks: UInt64
    var virtualBytes: UInt64
    var residentPages: Int64

    static func current() -> ProcStat? { ProcessMetrics.readFile("/proc/self/stat").flatMap { ProcStat(parsing: $0) } }

    /// Parses the line. The command in brackets may itself hold blanks and brackets: fields count from the last one.
    init?(parsing line: String) {
        guard let bracket = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: bracket)...].split(whereSeparator: { $0 == " " || $0 == "\n" })
        // proc(5) numbers fields from 1 and the state, the first one here, is its third.
        guard fields.count > 21, let threads = Int64(fields[17]), let start = UInt64(fields[19]),
            let virtual = UInt64(fields[20]), let resident = Int64(fields[21])
        else { return nil }
        self.threads = threads
        startTicks = start
        virtualBytes = virtual
        residentPages = resident
    }
}
