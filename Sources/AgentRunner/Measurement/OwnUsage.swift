import Basics
import Glibc

/// What the runner itself uses, for jobs that run inside it.
enum OwnUsage {
    struct Sample: Sendable {
        var memoryBytes: Int64
        var threads: Int64
        var cpu: Duration
    }

    static func sample() -> Sample {
        let entry = ProcFS.entry(getpid())
        return Sample(
            memoryBytes: (entry?.residentPages ?? 0) * ProcFS.pageSize,
            threads: entry?.threads ?? 1,
            cpu: cpu(of: Int32(RUSAGE_SELF.rawValue))
        )
    }

    /// Processor time of the runner and of all its children that have ended.
    static func cpuWithEndedChildren() -> Duration {
        cpu(of: Int32(RUSAGE_SELF.rawValue)) + cpu(of: Int32(RUSAGE_CHILDREN.rawValue))
    }

    /// The most memory the runner ever had resident.
    static func peakBytes() -> Int64 {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return Int64(usage.ru_maxrss) * 1024
    }

    static func usage(from start: Sample, to end: Sample) -> ResourceUsage {
        ResourceUsage(
            memoryStartBytes: start.memoryBytes,
            memoryPeakBytes: max(start.memoryBytes, end.memoryBytes),
            memoryEndBytes: end.memoryBytes,
            cpu: max(.zero, end.cpu - start.cpu),
            threads: max(start.threads, end.threads)
        )
    }

    private static func cpu(of who: Int32) -> Duration {
        var usage = rusage()
        getrusage(who, &usage)
        return usage.cpu
    }
}

extension rusage {
    /// User and system time.
    var cpu: Duration {
        .seconds(Int64(ru_utime.tv_sec) + Int64(ru_stime.tv_sec))
            + .microseconds(Int64(ru_utime.tv_usec) + Int64(ru_stime.tv_usec))
    }
}
