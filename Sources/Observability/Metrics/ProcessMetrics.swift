import Basics
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
        if let entry = ProcFS.entry(getpid()) {
            samples.gauge("process_resident_memory_bytes", Double(entry.residentPages) * Double(ProcFS.pageSize))
            samples.gauge("process_virtual_memory_bytes", Double(entry.virtualBytes))
            samples.gauge("process_threads", Double(entry.threads))
        }
        if let open = countOpenFiles() { samples.gauge("process_open_fds", Double(open)) }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            samples.gauge("process_max_fds", Double(limit.rlim_cur))
        }
        if let started { samples.gauge("process_start_time_seconds", started) }
    }

    /// Seconds since 1970: the kernel gives ticks since boot, and `/proc/stat` the time of boot.
    static func startTime() -> Double? {
        guard let entry = ProcFS.entry(getpid()), let system = ProcFS.text(of: "/proc/stat"),
            let line = system.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let boot = Double(line.dropFirst(6))
        else { return nil }
        return boot + Double(entry.startTicks) / Double(ProcFS.ticksPerSecond)
    }

    private static func countOpenFiles() -> Int? {
        let descriptors = ProcFS.numbers(in: "/proc/self/fd")
        // Less the descriptor of this very listing.
        return descriptors.isEmpty ? nil : descriptors.count - 1
    }
}
