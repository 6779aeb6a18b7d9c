import APIMachinery

/// Why a container that used more memory than its limit was ended.
struct MemoryExcess {
    /// By which variable a runner marks the processes of a job.
    static let jobVariable = "MARTINET_JOB"

    /// Bytes.
    let used: Int64
    let limit: Int64
    /// The container's processes.
    let processes: [ProcessEntry]

    /// The message of the container's end. It names the job that used most, if that is known, so that only this one is
    /// charged with it.
    var message: String {
        let text = "the container used \(used >> 20) MB of memory; its limit is \(limit >> 20) MB"
        guard let (job, bytes) = largestJob else { return text }
        return "\(text). Job \(job) used most (\(bytes >> 20) MB)"
    }

    private var largestJob: (job: String, bytes: Int64)? {
        var jobs: [String: Int64] = [:]
        for process in processes {
            guard let job = ProcFS.variable(Self.jobVariable, of: process.pid) else { continue }
            let bytes = process.residentPages.saturatingMultiply(ProcFS.pageSize)
            jobs[job] = (jobs[job] ?? 0).saturatingAdd(bytes)
        }
        return jobs.max { ($0.value, $0.key) < ($1.value, $1.key) }.map { ($0.key, $0.value) }
    }
}
