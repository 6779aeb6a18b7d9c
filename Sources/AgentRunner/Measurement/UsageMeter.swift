import APIMachinery
import Glibc

/// Adds up samples of a job's process tree. Pure: samples come in, a usage comes out.
struct UsageMeter {
    private var start: Int64?
    private var peak: Int64 = 0
    private(set) var last: Int64 = 0
    private var threads: Int64 = 0
    /// The last time seen of each process, by id and start; ended processes keep theirs.
    private var ticks: [ProcessIdentity: Int64] = [:]

    private struct ProcessIdentity: Hashable {
        var pid: pid_t
        var start: Int64
    }

    /// Takes one look at the tree. Nothing is learned from a tree that has ended.
    mutating func add(_ members: [ProcessEntry], pageSize: Int64) {
        guard !members.isEmpty else { return }
        let resident = members.reduce(0) { $0 + $1.residentPages } * pageSize
        // A process that is just ending has given its memory back and would read as 0.
        if resident > 0 {
            if start == nil { start = resident }
            peak = max(peak, resident)
            last = resident
        }
        threads = max(threads, members.reduce(0) { $0 + $1.threads })
        for member in members { ticks[ProcessIdentity(pid: member.pid, start: member.startTicks)] = member.cpuTicks }
    }

    /// Takes a peak that the kernel kept, which sees what happened between two looks.
    mutating func add(peakBytes: Int64) { peak = max(peak, peakBytes) }

    /// Takes an estimate where no sample was to be had.
    mutating func add(only bytes: Int64) {
        start = bytes
        last = bytes
        peak = max(peak, bytes)
    }

    /// Processor time as the samples have it.
    func sampledCPU(ticksPerSecond: Double) -> Duration {
        .bounded(seconds: Double(ticks.values.reduce(0, &+)) / ticksPerSecond)
    }

    /// The job's usage at its end.
    ///
    /// - Parameters:
    ///   - collected: processor time from `wait4`: exact, but without descendants that their parents did not wait for. The
    ///     samples have those, so the greater of the two is nearer the truth.
    func usage(collected: Duration, ticksPerSecond: Double) -> ResourceUsage {
        ResourceUsage(
            memoryStartBytes: start ?? 0,
            memoryPeakBytes: peak,
            memoryEndBytes: last,
            cpu: max(collected, sampledCPU(ticksPerSecond: ticksPerSecond)),
            threads: max(threads, 1)
        )
    }
}
