import Basics
import CSpawn
import Glibc

/// Runs one program to its end on a thread of its own: feeds it, reads it, samples it, and stops it with all its
/// descendants when it must.
///
/// All of it is one loop around `poll`, so that nothing about a job happens concurrently with anything else.
struct Supervisor {
    private let request: ProcessRequest
    private let control: StopControl
    private let live: LiveUsage
    private let pid: pid_t
    private var pipes: ProcessPipes
    private var tree: ProcessTree
    private var meter = UsageMeter()
    private let clock = ContinuousClock()
    private let started: ContinuousClock.Instant
    private var sampling: SamplingSchedule
    private var stop: StopCause?
    private var killAt: ContinuousClock.Instant?
    private var forced = false
    private var exit: (status: Int32, usage: rusage, at: ContinuousClock.Instant)?

    /// How long output may still come, from descendants about to end, after the program itself has ended.
    private static let afterglow: Duration = .milliseconds(200)

    /// Starts the program.
    private init(
        _ request: ProcessRequest,
        control: StopControl,
        live: LiveUsage
    ) throws(ProcessStartError) {
        let ends = try ProcessPipes.make(withInput: request.input != nil)
        started = clock.now
        let spawned = ChildProcesses.start(
            path: request.path,
            arguments: request.arguments,
            environment: request.environment.map { "\($0.key)=\($0.value)" },
            directory: request.workingDirectory,
            input: ends.child.input,
            output: ends.child.output,
            log: ends.child.log
        )
        ends.child.close()
        switch spawned {
        case .failure(let error):
            ends.own.close()
            throw .spawn(error)
        case .success(let pid): self.pid = pid
        }
        self.request = request
        self.control = control
        self.live = live
        pipes = ProcessPipes(ends.own, request: request)
        // If the system itself runs out of memory, it is to take a job rather than the runner with all of them.
        ProcFS.preferAsVictim(pid)
        tree = ProcessTree(leader: pid, marker: request.marker)
        sampling = SamplingSchedule(start: started)
    }

    /// Runs the program; returns when it and all its descendants are gone.
    static func run(
        _ request: ProcessRequest,
        control: StopControl,
        live: LiveUsage
    ) throws(ProcessStartError) -> ProcessEnd {
        var supervisor = try Supervisor(request, control: control, live: live)
        supervisor.loop()
        return supervisor.finish()
    }

    private mutating func loop() {
        sample()
        while !isOver {
            pipes.poll(wake: stop == nil ? control.descriptor : -1, until: nextWake)
            if exit == nil, let (status, usage) = ChildProcesses.collect(pid) { exit = (status, usage, clock.now) }
            if let excess = pipes.excess { begin(excess) }
            // What has ended by itself can no longer be stopped: its result counts.
            if control.isStopped, exit == nil { begin(.requested) }
            let now = clock.now
            if exit == nil, sampling.isDue(now) { sample() }
            if let wall = request.limits.wall, now - started >= wall, exit == nil { begin(.wall) }
            if let killAt, now >= killAt {
                forced = forced || exit == nil
                tree.signal(SIGKILL)
                self.killAt = now + .milliseconds(50)
            }
        }
    }

    /// The program has ended and nothing more is to be expected from its pipes.
    private var isOver: Bool {
        guard let exit else { return false }
        return pipes.outputsEnded || stop != nil || clock.now - exit.at >= Self.afterglow
    }

    private var nextWake: Duration {
        let now = clock.now
        if let exit { return min(Self.afterglow - (now - exit.at), .milliseconds(20)) }
        var wait = sampling.next - now
        if let killAt { wait = min(wait, killAt - now) }
        // Both outputs closed usually means that the program is just ending, and its end does not wake this loop.
        return pipes.outputsEnded ? min(wait, .milliseconds(2)) : wait
    }

    private mutating func sample() {
        let members = tree.members(withOrphans: sampling.looksForOrphans)
        meter.add(members, pageSize: ProcFS.pageSize)
        // Of large trees only the sum is interesting, and reading every peak would cost too much.
        for member in members.prefix(8) {
            if let peak = ProcFS.memory("VmHWM", of: member.pid) { meter.add(peakBytes: peak) }
        }
        let cpu = meter.sampledCPU(ticksPerSecond: Double(ProcFS.ticksPerSecond))
        live.set(LiveUsage.Sample(cpu: cpu, memoryBytes: meter.last), for: request.marker, job: request.job)
        sampling.done(at: clock.now)
        // The job's own limit comes first: its author knows of it.
        if let limit = request.limits.memoryBytes, meter.last > limit { begin(.memory(bytes: meter.last)) }
        if stop == nil, let limit = live.memoryLimit, live.mustEnd(request.marker) {
            begin(.containerMemory(bytes: meter.last, limit: limit))
        }
        if let limit = request.limits.cpu, cpu > limit { begin(.cpu) }
    }

    /// Starts stopping the program. A request and the wall clock leave it time to clean up; a runaway gets none.
    private mutating func begin(_ cause: StopCause) {
        guard stop == nil else { return }
        stop = cause
        switch cause {
        case .requested, .wall:
            tree.signal(SIGTERM)
            // A stopped process would never see the signal.
            tree.signal(SIGCONT)
            killAt = clock.now + request.grace
        case .memory, .containerMemory, .cpu, .output, .log:
            tree.signal(SIGKILL)
            forced = true
            killAt = clock.now + .milliseconds(50)
        }
    }

    /// Ends what outlived the program, as a container does when its first process ends.
    private mutating func finish() -> ProcessEnd {
        let leftOver = tree.signal(SIGKILL)
        var alive = leftOver
        var rounds = 0
        // Killed processes need a moment to go, and may have had children meanwhile.
        while alive > 0, rounds < 500 {
            pipes.poll(wake: -1, until: .milliseconds(2))
            ChildProcesses.reapOrphans()
            alive = tree.signal(SIGKILL)
            rounds += 1
        }
        ChildProcesses.reapOrphans()
        pipes.poll(wake: -1, until: .zero)
        pipes.finish()
        live.set(nil, for: request.marker, job: request.job)
        let (status, usage) = exit.map { ($0.status, $0.usage) } ?? (0, rusage())
        // The kernel counts the runner's own memory into a child's peak, for the moment before it became another
        // program; the figure means something only if it is greater than all that the runner had until now.
        let peak = Int64(usage.ru_maxrss) * 1024
        if peak > OwnUsage.peakBytes() { meter.add(peakBytes: peak) }
        // Over before anybody could look. What it touched is known: every page came with a fault.
        if meter.last == 0 { meter.add(only: min(peak, Int64(usage.ru_minflt) * ProcFS.pageSize)) }
        return ProcessEnd(
            status: status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal: status & 0x7F),
            output: pipes.output,
            logTail: pipes.log.text,
            logBytes: pipes.log.total,
            usage: meter.usage(collected: usage.cpu, ticksPerSecond: Double(ProcFS.ticksPerSecond)),
            stop: stop,
            leftOver: stop == nil ? leftOver : 0,
            forced: forced
        )
    }
}

/// When to look at a job's processes: often at first, for short jobs, then every 20 ms, in long jobs less often.
struct SamplingSchedule {
    private let start: ContinuousClock.Instant
    private(set) var next: ContinuousClock.Instant
    private var count = 0

    init(start: ContinuousClock.Instant) {
        self.start = start
        next = start
    }

    func isDue(_ now: ContinuousClock.Instant) -> Bool { now >= next }

    /// Orphans are rare and looking for them is a little work, so not every sample does.
    var looksForOrphans: Bool { count % 5 == 4 }

    mutating func done(at now: ContinuousClock.Instant) {
        count += 1
        let interval: Duration =
            switch now - start {
            case ..<(.milliseconds(20)): .milliseconds(2)
            case ..<(.seconds(10)): .milliseconds(20)
            default: .milliseconds(50)
            }
        next = now + interval
    }
}
