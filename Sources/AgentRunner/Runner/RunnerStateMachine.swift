import APIMachinery

/// Everything that a runner knows about its work, and every decision about it. No clock, no network, no task:
/// events go in, what to do comes out.
///
/// A job is *held* from the answer that leased it until the controller has taken the report (or the job was
/// handed back, or lost). Held jobs are what heartbeats renew.
struct RunnerStateMachine: Sendable {
    /// Why a running job is being stopped.
    enum StopReason: Sendable, Equatable {
        /// The controller cancelled it: report that.
        case cancelled
        /// The lease is another's: say nothing.
        case lost
        /// The runner stops: hand the job back.
        case drained
    }

    private enum Phase: Sendable, Equatable {
        case running(StopReason?)
        case finished
    }

    private struct Held: Sendable {
        var job: Job
        var phase: Phase
        var isInline: Bool
    }

    /// What to do with the jobs of an answer.
    struct Intake: Sendable, Equatable {
        /// To run in the slots, each concurrently.
        var start: [Job] = []
        /// To run here and now, one after the other.
        var inline: [Job] = []
        /// More than there is room for: to hand back at once.
        var surplus: [Job] = []
        /// Running jobs whose older lease the same answer has replaced: to stop.
        var replaced: [JobKey] = []
    }

    /// A request that may bring jobs.
    struct Ask: Sendable, Equatable {
        /// How many jobs the answer may bring.
        var capacity: Int
        /// How many slots are kept free for them.
        var slots: Int
    }

    let slots: Int
    private let inlineActors: Set<String>
    /// The most jobs taken in one answer while all of them turn out to be inline ones.
    private let largestBatch: Int
    private var held: [JobKey: Held] = [:]
    private var unsent: [OutgoingReport] = []
    private var sending: [OutgoingReport] = []
    private var leasing: Ask?
    private var reportingSlots = 0
    /// Surplus jobs whose release is under way.
    private var handingBack = 0
    /// Jobs to ask for. Beyond the slots only as long as the work is of the kind that needs none.
    private var appetite: Int
    private(set) var isDraining = false
    private(set) var isStopping = false
    /// The intervals that the controller wants.
    private(set) var timing = Registration(.object([:]))
    /// Set until the controller knows the runner.
    private(set) var needsRegistration = true

    init(slots: Int, inlineActors: Set<String>, largestBatch: Int = 256) {
        self.slots = max(1, slots)
        self.inlineActors = inlineActors
        self.largestBatch = max(largestBatch, self.slots)
        appetite = self.slots
    }

    // MARK: What is so

    var running: Int { held.values.count { $0.phase != .finished && !$0.isInline } }
    var heldJobs: [Job] { held.values.map(\.job).sorted { ($0.queueTimeMs, $0.id) > ($1.queueTimeMs, $1.id) } }
    var unsentReports: Int { unsent.count + sending.count }
    /// Nothing runs and nothing is left to report.
    var isIdle: Bool { held.isEmpty && unsent.isEmpty && sending.isEmpty }
    /// A poll that waits is to be given up.
    var mustNotPoll: Bool { isStopping || needsRegistration }
    /// No request is out that the controller could still answer with jobs, or that gives some back.
    var isQuiet: Bool { leasing == nil && unsentReports == 0 && handingBack == 0 }
    private var takesJobs: Bool { !isDraining && !isStopping && !needsRegistration }
    private var freeSlots: Int { max(0, slots - running - (leasing?.slots ?? 0) - reportingSlots) }

    private var ask: Ask? {
        guard takesJobs, freeSlots > 0 else { return nil }
        return Ask(capacity: freeSlots + max(0, appetite - slots), slots: freeSlots)
    }

    // MARK: Registration

    /// The jobs to register with, once registering is due. Requests that may bring jobs are over by then: the
    /// controller takes back what a registration does not name.
    func beginRegistration() -> [Job]? {
        needsRegistration && leasing == nil && sending.isEmpty ? heldJobs : nil
    }

    mutating func registered(_ registration: Registration) {
        needsRegistration = false
        timing = registration
        isDraining = registration.drain
    }

    /// The controller does not know the runner (any more), or cannot be reached and may not when it comes back.
    mutating func lostController() { needsRegistration = true }

    // MARK: Leasing

    /// A long poll to make now, if there should be one. Reports come first: their answers bring jobs as well.
    mutating func beginLease() -> Ask? {
        guard leasing == nil, unsent.isEmpty, sending.isEmpty, let ask else { return nil }
        leasing = ask
        return ask
    }

    mutating func endLease(jobs: [Job], draining: Bool) -> Intake {
        let asked = leasing?.capacity ?? 0
        leasing = nil
        isDraining = draining
        return take(jobs, asked: asked)
    }

    mutating func failLease() { leasing = nil }

    private mutating func take(_ jobs: [Job], asked: Int) -> Intake {
        var intake = Intake()
        var free = freeSlots
        for job in jobs where held[job.key] == nil {
            for (key, old) in held where key.id == job.id && old.phase == .running(nil) && !old.isInline {
                held[key]?.phase = .running(.lost)
                intake.replaced.append(key)
            }
            let isInline = inlineActors.contains(job.actor)
            if isStopping || (!isInline && free == 0) {
                intake.surplus.append(job)
                continue
            }
            held[job.key] = Held(job: job, phase: .running(nil), isInline: isInline)
            if isInline {
                intake.inline.append(job)
            } else {
                intake.start.append(job)
                free -= 1
            }
        }
        handingBack += intake.surplus.count
        if !intake.start.isEmpty || !intake.surplus.isEmpty {
            appetite = slots
        } else if !intake.inline.isEmpty, jobs.count >= asked {
            // As many as asked for, and all trivial: there are probably more of them.
            appetite = min(max(asked, 1) * 2, largestBatch)
        }
        return intake
    }

    /// So many surplus jobs are no longer this runner's business.
    mutating func handedBack(_ count: Int) { handingBack -= count }

    // MARK: Finishing and reporting

    /// A job came to its end.
    ///
    /// - Returns: whether the job is to be handed back now instead of reported.
    mutating func finish(_ report: OutgoingReport) -> Bool {
        guard case .running(let reason)? = held[report.job.key]?.phase else { return false }
        switch reason {
        case .lost:
            held[report.job.key] = nil
            return false
        // A job that was over before it could be stopped is simply over.
        case .drained where report.outcome == .cancelled:
            held[report.job.key] = nil
            return true
        case nil, .cancelled, .drained:
            held[report.job.key]?.phase = .finished
            unsent.append(report)
            return false
        }
    }

    /// Reports to send now, with room for jobs in the answer. One request at a time: what finishes meanwhile
    /// goes with the next one, together.
    mutating func beginReport(limit: Int = 512) -> (reports: [OutgoingReport], ask: Ask?)? {
        guard sending.isEmpty, !unsent.isEmpty, !needsRegistration else { return nil }
        var bytes = 0
        let fitting = unsent.prefix(limit).prefix { report in
            bytes += report.size
            return bytes <= OutgoingReport.mostBytes
        }
        // One that is too large by itself is for the controller to refuse.
        sending = Array(fitting.isEmpty ? unsent.prefix(1) : fitting)
        unsent.removeFirst(sending.count)
        let ask = unsent.isEmpty ? ask : nil
        reportingSlots = ask?.slots ?? 0
        return (sending, ask)
    }

    mutating func endReport(asked: Ask?, jobs: [Job], draining: Bool) -> Intake {
        for report in sending { held[report.job.key] = nil }
        sending = []
        reportingSlots = 0
        isDraining = draining
        return take(jobs, asked: asked?.capacity ?? 0)
    }

    /// The reports were not taken: they are to be sent again, `replaced` by others if the controller refused them.
    mutating func failReport(with replacement: [OutgoingReport]? = nil) {
        unsent = (replacement ?? sending) + unsent
        sending = []
        reportingSlots = 0
    }

    /// Gives up on reports that the controller will never take; their leases will run out.
    mutating func dropReports() {
        for report in sending { held[report.job.key] = nil }
        sending = []
        reportingSlots = 0
    }

    // MARK: Heartbeats and stopping

    mutating func heard(draining: Bool) { isDraining = draining }

    /// The controller wants these jobs stopped.
    ///
    /// - Returns: the jobs to stop now.
    mutating func stop(jobs ids: Set<String>, because reason: StopReason) -> [JobKey] {
        var result: [JobKey] = []
        for (key, entry) in held where ids.contains(key.id) {
            switch entry.phase {
            case .running(nil):
                held[key]?.phase = .running(reason)
                result.append(key)
            case .running where reason == .lost:
                held[key]?.phase = .running(.lost)
            case .running, .finished: continue
            }
        }
        return result
    }

    /// Takes no more jobs, for good.
    mutating func beginStopping() { isStopping = true }

    /// The time to finish is over: every running job is to be stopped and handed back.
    mutating func abandonRunning() -> [JobKey] {
        stop(jobs: Set(held.keys.map(\.id)), because: .drained)
    }

    /// Why that job is being stopped, if it is.
    func stopReason(_ key: JobKey) -> StopReason? {
        if case .running(let reason)? = held[key]?.phase { reason } else { nil }
    }
}
