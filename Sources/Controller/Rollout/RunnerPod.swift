public import APIMachinery

/// A pool's Pod as a rollout sees it: what the API says of it, and what its runner said.
public struct RunnerPod: Sendable, Hashable {
    public var name: String
    /// The hash of the revision it was made from.
    public var revision: String
    public var createdAt: Timestamp
    /// Since when its readiness probe answers; `nil` while it does not.
    public var readySince: Timestamp?
    /// Whether it ended by itself and will not run again.
    public var isFinished: Bool
    /// Whether it has been deleted and is on its way out.
    public var isTerminating: Bool
    /// Since when it gets no new jobs.
    public var drainRequestedAt: Timestamp?
    /// The jobs it works on; `nil` where its runner has not been heard of.
    public var leasedJobs: Int?
    /// How often its containers were started again.
    public var restarts: Int
    /// What a container waits for, such as `CrashLoopBackOff`.
    public var waitingReason: String?
    /// What is known besides, for messages.
    public var waitingMessage: String?
    /// The image of the container that waits.
    public var image: String?
    /// How the run of a container before this one ended, such as `OOMKilled (exit code 137)`.
    public var lastTermination: String?
    /// Why no node takes it.
    public var unschedulable: String?

    /// A Pod that has just been made.
    public init(name: String, revision: String, createdAt: Timestamp) {
        self.name = name
        self.revision = revision
        self.createdAt = createdAt
        isFinished = false
        isTerminating = false
        restarts = 0
    }

    public var isReady: Bool { readySince != nil }

    /// Whether it runs, or will run, and may get jobs.
    public var isActive: Bool { !isFinished && !isTerminating && drainRequestedAt == nil }

    /// Whether it finishes what it has.
    public var isDraining: Bool { !isFinished && !isTerminating && drainRequestedAt != nil }

    /// Whether ending it might interrupt a job.
    ///
    /// A runner that is ready and has not been heard of may have work: after a restart of the controller, all are so
    /// until their next heartbeat.
    public var mayBeBusy: Bool { leasedJobs.map { $0 > 0 } ?? isReady }

    /// Whether it is ready, and has been for long enough.
    public func isAvailable(minReadySeconds: Int, now: Timestamp) -> Bool {
        guard isActive, let readySince else { return false }
        return now >= readySince.advanced(by: .seconds(minReadySeconds))
    }
}

extension RunnerPod {
    /// The order in which Pods go: those that are of no use, then idle ones, then those with the least to finish; of
    /// equals the youngest, whose caches are the coldest.
    static func goesBefore(_ a: RunnerPod, _ b: RunnerPod) -> Bool {
        if a.isReady != b.isReady { return !a.isReady }
        if a.mayBeBusy != b.mayBeBusy { return !a.mayBeBusy }
        let (jobsA, jobsB) = (a.leasedJobs ?? 1, b.leasedJobs ?? 1)
        if jobsA != jobsB { return jobsA < jobsB }
        if a.createdAt != b.createdAt { return a.createdAt > b.createdAt }
        return a.name < b.name
    }
}
