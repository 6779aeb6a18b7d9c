import APIMachinery

/// Who a runner is: part of every request.
public struct RunnerIdentity: Sendable, Hashable {
    public var namespace: String
    public var pool: String
    /// The runner's name, which is its Pod's.
    public var name: String

    /// The identity of the runner with that name.
    public init(namespace: String, pool: String, name: String) {
        self.namespace = namespace
        self.pool = pool
        self.name = name
    }

    func body(_ members: JSONObject) -> JSONValue {
        var object = members
        object["namespace"] = .string(namespace)
        object["pool"] = .string(pool)
        object["runner"] = .string(name)
        return .object(object)
    }
}

/// What the controller says to a registration.
struct Registration: Sendable, Equatable {
    var lease: Duration
    var heartbeat: Duration
    var poll: Duration
    var drain: Bool

    /// Reads the answer; what is missing has the value that DESIGN's defaults imply, and nonsense is bounded.
    init(_ json: JSONValue) {
        func seconds(_ name: String, _ fallback: Double, _ range: ClosedRange<Double>) -> Duration {
            let value = json[name]?.doubleValue ?? fallback
            return .bounded(seconds: min(max(value, range.lowerBound), range.upperBound))
        }
        lease = seconds("leaseSeconds", 30, 0.1...86400)
        heartbeat = seconds("heartbeatSeconds", 5, 0.05...3600)
        poll = seconds("pollSeconds", 20, 0...300)
        drain = json["drain"]?.boolValue ?? false
    }
}

/// An answer that may bring jobs: to a lease or to a report.
struct WorkAnswer: Sendable {
    var jobs: [Job] = []
    /// Jobs that could not be read, as they came, with the reason.
    var unreadable: [(JSONValue, ProtocolError)] = []
    /// By job: `Accepted`, `Duplicate`, `Stale`.
    var results: [(job: String, status: String)] = []
    var drain: Bool

    init(_ json: JSONValue) {
        drain = json["drain"]?.boolValue ?? false
        for element in json["jobs"]?.arrayValue ?? [] {
            do throws(ProtocolError) { jobs.append(try Job(element)) } catch { unreadable.append((element, error)) }
        }
        for element in json["results"]?.arrayValue ?? [] {
            guard let id = element["job"].flatMap(Job.identifier) else { continue }
            results.append((id, element["status"]?.stringValue ?? ""))
        }
    }
}

/// What the controller says to a heartbeat.
struct HeartbeatResponse: Sendable, Equatable {
    var drain: Bool
    /// The controller has forgotten the runner.
    var register: Bool
    var cancel: Set<String>
    var lost: Set<String>

    init(_ json: JSONValue) {
        func ids(_ name: String) -> Set<String> {
            // An entry may be the bare id or, as in requests, an object that names the job.
            Set((json[name]?.arrayValue ?? []).compactMap { Job.identifier($0) ?? $0["job"].flatMap(Job.identifier) })
        }
        drain = json["drain"]?.boolValue ?? false
        register = json["register"]?.boolValue ?? false
        cancel = ids("cancel")
        lost = ids("lost")
    }
}
