import APIMachinery

/// What a job's processes (or the runner, for work inside it) used while the job ran.
struct ResourceUsage: Sendable, Equatable {
    var memoryStartBytes: Int64 = 0
    var memoryPeakBytes: Int64 = 0
    var memoryEndBytes: Int64 = 0
    /// User and system time.
    var cpu: Duration = .zero
    /// The most threads seen at once.
    var threads: Int64 = 0
}

/// The figures of one job, under the names that go from the report through the log line to the run's status.
public struct JobMetrics: Sendable, Equatable {
    public var queueTimeMs: Double
    public var executionTimeMs: Double
    public var totalDurationMs: Double
    public var memoryStartMB: Double
    public var memoryPeakMB: Double
    public var memoryEndMB: Double
    public var cpuPercent: Double
    public var threadCount: Int64

    /// Works the figures out.
    ///
    /// - Parameters:
    ///   - queueTimeMs: waiting until the lease, as the controller measured it.
    ///   - held: waiting inside the runner between lease and start; it counts as waiting.
    ///   - execution: wall time from start to end.
    init(queueTimeMs: Double, held: Duration, execution: Duration, usage: ResourceUsage) {
        let execution = max(execution, .zero)
        self.queueTimeMs = Self.round(queueTimeMs + max(held, .zero).inMilliseconds, places: 3)
        executionTimeMs = execution.inMilliseconds
        totalDurationMs = Self.round(self.queueTimeMs + executionTimeMs, places: 3)
        memoryStartMB = Self.mebibytes(usage.memoryStartBytes)
        memoryPeakMB = Self.mebibytes(max(usage.memoryPeakBytes, usage.memoryStartBytes, usage.memoryEndBytes))
        memoryEndMB = Self.mebibytes(usage.memoryEndBytes)
        cpuPercent = execution > .zero ? Self.round(usage.cpu / execution * 100, places: 2) : 0
        threadCount = usage.threads
    }

    /// Name and value, in the order in which people read them.
    var named: [(name: String, value: JSONValue)] {
        [
            ("queue_time_ms", .double(queueTimeMs)), ("execution_time_ms", .double(executionTimeMs)),
            ("total_duration_ms", .double(totalDurationMs)), ("memory_start_mb", .double(memoryStartMB)),
            ("memory_peak_mb", .double(memoryPeakMB)), ("memory_end_mb", .double(memoryEndMB)),
            ("cpu_percent", .double(cpuPercent)), ("thread_count", .int(threadCount)),
        ]
    }

    var json: JSONValue { .object(JSONObject(named.map { ($0.name, $0.value) })) }

    /// The value to one decimal place, as heartbeats have it.
    static func tenths(_ value: Double) -> Double { (value * 10).rounded() / 10 }

    private static func mebibytes(_ bytes: Int64) -> Double { round(Double(bytes) / 1_048_576, places: 3) }

    private static func round(_ value: Double, places: Int) -> Double {
        let factor: Double = places == 2 ? 100 : 1000
        return (value * factor).rounded() / factor
    }
}
