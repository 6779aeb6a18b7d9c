public import APIMachinery

/// What a Lease says about who leads (`coordination.k8s.io/v1`).
public struct LeaseRecord: Sendable, Hashable {
    /// Empty after a release.
    public var holder: String
    public var duration: Duration
    public var acquireTime: MicroTime?
    public var renewTime: MicroTime?
    public var transitions: Int64

    /// A record as one holder writes it.
    public init(
        holder: String,
        duration: Duration,
        acquireTime: MicroTime?,
        renewTime: MicroTime?,
        transitions: Int64
    ) {
        self.holder = holder
        self.duration = duration
        self.acquireTime = acquireTime
        self.renewTime = renewTime
        self.transitions = transitions
    }

    /// Reads the record of a Lease object.
    public init(_ lease: Unstructured) {
        let spec = lease.json["spec"]
        func time(_ field: String) -> MicroTime? {
            spec?[field]?.stringValue.flatMap(Timestamp.init(rfc3339:)).map(MicroTime.init)
        }
        holder = spec?["holderIdentity"]?.stringValue ?? ""
        duration = .seconds(spec?["leaseDurationSeconds"]?.intValue ?? 0)
        acquireTime = time("acquireTime")
        renewTime = time("renewTime")
        transitions = spec?["leaseTransitions"]?.intValue ?? 0
    }

    /// Writes the record into a Lease object.
    public func write(to lease: inout Unstructured) {
        var spec: JSONValue = lease.json["spec"] ?? .object([:])
        spec["holderIdentity"] = .string(holder)
        spec["leaseDurationSeconds"] = .int(duration.components.seconds)
        spec["acquireTime"] = acquireTime.map { .string($0.timestamp.rfc3339Micro) }
        spec["renewTime"] = renewTime.map { .string($0.timestamp.rfc3339Micro) }
        spec["leaseTransitions"] = .int(transitions)
        lease.json["spec"] = spec
    }
}

/// Whether to take, renew or leave alone a Lease. Pure.
///
/// Clocks of different machines are never compared: a lease counts as expired when this candidate has *seen* it
/// unchanged for its whole duration. So a leader that stops renewing leads on for `renewDeadline` at most, and that
/// must be shorter than the duration after which others take over.
public struct LeaderElectionState: Sendable {
    /// What to do with the record that was read.
    public enum Action: Sendable, Hashable {
        /// Write this record, on condition that nobody else wrote meanwhile.
        case write(LeaseRecord)
        /// Another one leads.
        case follow(leader: String)
    }

    /// The name that this candidate writes into the Lease.
    public let identity: String
    private let duration: Duration
    private var observed: LeaseRecord?
    private var observedAt: Duration = .zero

    /// A candidate that has seen nothing yet.
    public init(identity: String, duration: Duration) {
        self.identity = identity
        self.duration = duration
    }

    /// Who leads, as far as this candidate knows.
    public var leader: String { observed?.holder ?? "" }

    /// Decides about a record just read; `nil` where there is no Lease yet.
    public mutating func decide(_ record: LeaseRecord?, now: Timestamp, instant: Duration) -> Action {
        if let record, record != observed {
            observed = record
            observedAt = instant
        }
        let time = MicroTime(now)
        guard let record else {
            return .write(
                LeaseRecord(holder: identity, duration: duration, acquireTime: time, renewTime: time, transitions: 0)
            )
        }
        if record.holder == identity {
            var renewed = record
            renewed.duration = duration
            renewed.renewTime = time
            return .write(renewed)
        }
        if !record.holder.isEmpty, instant - observedAt < record.duration {
            return .follow(leader: record.holder)
        }
        return .write(
            LeaseRecord(
                holder: identity,
                duration: duration,
                acquireTime: time,
                renewTime: time,
                transitions: record.transitions + 1
            )
        )
    }

    /// A write has succeeded.
    public mutating func wrote(_ record: LeaseRecord, instant: Duration) {
        observed = record
        observedAt = instant
    }

    /// The record that hands leadership over at once instead of letting it expire.
    public func released(now: Timestamp) -> LeaseRecord? {
        guard var record = observed, record.holder == identity else { return nil }
        record.holder = ""
        record.duration = .seconds(1)
        record.renewTime = MicroTime(now)
        return record
    }
}
