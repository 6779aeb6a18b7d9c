public import APIMachinery

/// One piece of work as the controller leases it.
public struct Job: Sendable, Hashable {
    /// The run that a job belongs to.
    public struct Run: Sendable, Hashable {
        public var namespace: String
        public var name: String
        public var uid: String
    }

    /// The job's id as text.
    public var id: String
    /// Id and token as the controller wrote them, whatever their JSON type: they are sent back unread.
    public var wireID: JSONValue
    /// The lease's fencing token.
    public var token: JSONValue
    public var run: Run
    public var workflow: String
    public var step: String
    /// 1 for the first attempt.
    public var attempt: Int64
    /// Which executor runs it.
    public var actor: String
    /// The step's input, expressions already expanded.
    public var with: JSONValue
    /// How long this attempt may take; `nil` is unbounded.
    public var timeout: Duration?
    /// How long the job had waited when it was leased, in milliseconds.
    public var queueTimeMs: Double
    /// W3C trace context of the run.
    public var traceparent: String?

    /// Reads a job from the controller's answer. Members not known are ignored: the controller may be newer.
    ///
    /// - Throws: `ProtocolError` naming the member that is missing or of the wrong type.
    public init(_ json: JSONValue) throws(ProtocolError) {
        guard let wireID = json["id"], let id = Self.identifier(wireID) else {
            throw ProtocolError("job.id must be a text or an integer, not \(json["id"]?.text ?? "absent")")
        }
        guard let token = json["token"], !token.isNull else { throw ProtocolError("job \(id) has no token") }
        guard let actor = json["actor"]?.stringValue, !actor.isEmpty else {
            throw ProtocolError("job \(id) has no actor")
        }
        self.id = id
        self.wireID = wireID
        self.token = token
        self.actor = actor
        run = Run(
            namespace: json["run"]?["namespace"]?.stringValue ?? "",
            name: json["run"]?["name"]?.stringValue ?? "",
            uid: json["run"]?["uid"]?.stringValue ?? ""
        )
        workflow = json["workflow"]?.stringValue ?? ""
        step = json["step"]?.stringValue ?? ""
        attempt = json["attempt"]?.intValue ?? 1
        with = json["with"] ?? .object([:])
        timeout = json["timeoutSeconds"]?.doubleValue.flatMap { $0 > 0 ? .bounded(seconds: $0) : nil }
        queueTimeMs = max(0, json["queueTimeMs"]?.doubleValue ?? 0)
        traceparent = json["traceparent"]?.stringValue
    }

    /// The text of an id, which other controllers may write as a number.
    static func identifier(_ json: JSONValue) -> String? { json.stringValue ?? json.intValue.map { "\($0)" } }

    /// What identifies a lease. A job whose lease ran out may come back to the same runner with a new token.
    var key: JobKey { JobKey(id: id, token: token) }

    /// How requests name this lease.
    var reference: JSONValue { ["job": wireID, "token": token] }

    /// How heartbeats name this lease: with the memory that the job's processes use, if it has any.
    func reference(memoryBytes: Int64?) -> JSONValue {
        guard let memoryBytes else { return reference }
        return ["job": wireID, "token": token, "memoryMB": .double(JobMetrics.tenths(Double(memoryBytes) / 1_048_576))]
    }
}

/// One lease of one job.
struct JobKey: Sendable, Hashable {
    var id: String
    var token: JSONValue
}

/// Something in an exchange with the controller that does not follow the protocol.
public struct ProtocolError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The member, its value, and what it should be.
    public var description: String

    init(_ description: String) { self.description = description }
}

extension Duration {
    /// This duration as a number of seconds.
    var inSeconds: Double { self / .seconds(1) }

    /// This duration as a number of milliseconds, to the microsecond.
    var inMilliseconds: Double { ((self / .microseconds(1)).rounded()) / 1000 }
}
