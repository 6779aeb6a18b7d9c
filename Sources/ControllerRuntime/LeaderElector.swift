public import APIMachinery
public import KubeClient
public import Logging
import Metrics
public import ServiceLifecycle
private import Synchronization

/// Lets one of several processes work at a time, by a Lease: waits to become leader, runs the body, and cancels it if
/// leadership is lost.
///
/// ```
/// candidate ──lease free or expired──▶ leader ──not renewed within renewDeadline──▶ lost: LeadershipLost is thrown
///                                        └──stopped──▶ the lease is released, another one leads within a second
/// ```
public final class LeaderElector: Service {
    /// Which Lease, as whom, and how long things take.
    public struct Options: Sendable {
        public var namespace: String
        /// The Lease's name.
        public var name: String
        /// Must be different for each process, and for each start of it.
        public var identity: String
        /// After how long without renewal others take over.
        public var leaseDuration: Duration
        /// After how long without a successful renewal the leader gives up; shorter than `leaseDuration`.
        public var renewDeadline: Duration
        /// How long to wait between attempts.
        public var retryPeriod: Duration

        /// A Lease with controller-runtime's usual times.
        public init(
            namespace: String,
            name: String,
            identity: String,
            leaseDuration: Duration = .seconds(15),
            renewDeadline: Duration = .seconds(10),
            retryPeriod: Duration = .seconds(2)
        ) {
            self.namespace = namespace
            self.name = name
            self.identity = identity
            self.leaseDuration = leaseDuration
            self.renewDeadline = min(renewDeadline, leaseDuration * 0.8)
            self.retryPeriod = retryPeriod
        }
    }

    /// Another process may lead by now. The only safe thing left is to stop.
    public struct LeadershipLost: Error, Sendable, CustomStringConvertible {
        public var lease: NamespacedName

        public var description: String {
            "leadership was lost: the Lease \(lease) could not be renewed in time; stopping so that another one can lead"
        }
    }

    private static let leases = GroupVersionResource(
        group: "coordination.k8s.io",
        version: "v1",
        resource: "leases"
    )

    private let client: KubeClient
    private let options: Options
    private let body: @Sendable () async throws -> Void
    private let time: any TimeSource
    private let random: @Sendable () -> Double
    private let logger: Logger
    private let state: Mutex<(election: LeaderElectionState, isLeader: Bool)>
    private let gauge: Gauge

    /// An elector that runs the body while it leads. The body must return when it is cancelled or on graceful shutdown.
    public init(
        client: KubeClient,
        options: Options,
        time: any TimeSource = .system,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        logger: Logger = Logger(label: "leader-election"),
        body: @escaping @Sendable () async throws -> Void
    ) {
        self.client = client
        self.options = options
        self.body = body
        self.time = time
        self.random = random
        self.logger = logger
        let election = LeaderElectionState(identity: options.identity, duration: options.leaseDuration)
        state = Mutex((election, false))
        gauge = Gauge(label: "leader_election_master_status", dimensions: [("name", options.name)])
        gauge.record(0)
    }

    /// Whether the body is allowed to run now.
    public var isLeader: Bool { state.withLock { $0.isLeader } }

    /// Who leads, as far as is known; empty if nobody.
    public var leader: String { state.withLock { $0.election.leader } }

    public func run() async throws {
        guard try await campaign() else { return }
        logger.info("leadership acquired", metadata: ["identity": "\(options.identity)"])
        set(isLeader: true)
        defer { set(isLeader: false) }
        let isLost = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { [body] in
                try await body()
                return false
            }
            group.addTask { [self] in try await renewUntilLost() }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        if isLost {
            throw LeadershipLost(lease: NamespacedName(namespace: options.namespace, name: options.name))
        }
        // A cancelled task can send nothing; the lease then expires by itself.
        if !Task.isCancelled { await release() }
    }

    /// Waits to become leader; false if stopped before.
    private func campaign() async throws -> Bool {
        do {
            return try await cancelWhenGracefulShutdown { [self] in
                while true {
                    do {
                        if try await attempt() { return true }
                    } catch let status as Status {
                        logger.warning("leader election failed and is retried", metadata: ["error": "\(status)"])
                    }
                    // Spread, so that candidates do not meet again and again.
                    try await time.sleep(for: options.retryPeriod * (1 + 0.2 * random()))
                }
            }
        } catch is CancellationError {
            return false
        }
    }

    /// Renews until that has failed for too long (true) or the body has ended (cancelled).
    private func renewUntilLost() async throws -> Bool {
        var renewedAt = time.instant
        while true {
            let remaining = { [time, options] in options.renewDeadline - (time.instant - renewedAt) }
            try await time.sleep(for: min(options.retryPeriod, remaining()))
            let attemptedAt = time.instant
            guard remaining() > .zero else { return true }
            // A request may hang for longer than leadership lasts, so the attempt must end with it.
            let leads = try await withThrowingTaskGroup(of: Bool?.self) { [limit = remaining()] group in
                group.addTask { [self] in try await renew() }
                group.addTask { [time] in
                    try await time.sleep(for: limit)
                    return nil
                }
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
            switch leads {
            case true?: renewedAt = attemptedAt
            case false?: return true
            case nil: if remaining() <= .zero { return true }
            }
        }
    }

    /// Whether this process still leads; `nil` if nobody can tell.
    private func renew() async throws -> Bool? {
        do {
            return try await attempt()
        } catch let status as Status {
            logger.warning("lease could not be renewed", metadata: ["error": "\(status)"])
            return nil
        }
    }

    /// Reads the Lease and takes or renews it if that is right. Answers whether this process leads.
    private func attempt() async throws -> Bool {
        var lease: Unstructured?
        do {
            lease = try await client.get(Self.leases, namespace: options.namespace, name: options.name)
        } catch let status as Status where status.isNotFound {
            lease = nil
        }
        let action = state.withLock { state in
            state.election.decide(lease.map { LeaseRecord($0) }, now: time.now, instant: time.instant)
        }
        guard case .write(let record) = action else { return false }
        // Counted from before the write: when the answer comes late, the others have been counting, too.
        let instant = time.instant
        do {
            if var lease {
                record.write(to: &lease)
                _ = try await client.update(Self.leases, lease)
            } else {
                var lease = Unstructured([
                    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                    "metadata": ["name": .string(options.name), "namespace": .string(options.namespace)],
                ])
                record.write(to: &lease)
                _ = try await client.create(Self.leases, lease)
            }
        } catch let status as Status where (status.isConflict || status.isAlreadyExists) && !isLeader {
            // Another candidate was faster; the next look shows who. For a leader it may only be an annotation that
            // somebody wrote, so there it counts as a failed renewal.
            return false
        }
        state.withLock { $0.election.wrote(record, instant: instant) }
        return true
    }

    private func release() async {
        guard let record = state.withLock({ $0.election.released(now: time.now) }) else { return }
        do {
            var lease = try await client.get(Self.leases, namespace: options.namespace, name: options.name)
            guard LeaseRecord(lease).holder == options.identity else { return }
            record.write(to: &lease)
            _ = try await client.update(Self.leases, lease)
            logger.info("leadership released")
        } catch {
            logger.warning("lease could not be released; it expires", metadata: ["error": "\(error)"])
        }
    }

    private func set(isLeader: Bool) {
        state.withLock { $0.isLeader = isLeader }
        gauge.record(isLeader ? 1 : 0)
    }
}
