package import APIMachinery
package import AccessControl
package import HTTPServing
import Synchronization

/// What the audit log says of one request: `audit.k8s.io/v1 Event` at level `Metadata`. It never holds a body, so
/// no secret can get into it.
package final class AuditRecord: Sendable {
    /// How far a request has come.
    package enum Stage: String, Sendable {
        /// The header of an answer that takes long has been sent.
        case responseStarted = "ResponseStarted"
        case responseComplete = "ResponseComplete"
    }

    private struct State {
        var impersonated: UserInfo?
        var object: (namespace: String, name: String, uid: String)?
        var decision: AccessDecision?
        var failure: String?
    }

    /// Goes out as the `Audit-Id` header, too.
    package let id: String
    private let request: APIRequest
    private let info: RequestInfo?
    private let received: Timestamp
    private let state = Mutex(State())

    /// - Parameter info: what the path says; `nil` if it is no resource's.
    package init(id: String, request: APIRequest, info: RequestInfo?, received: Timestamp) {
        self.id = id
        self.received = received
        self.info = info
        // The body may be large, and is nobody's business here.
        var request = request
        request.body = []
        self.request = request
    }

    // MARK: What happened

    func impersonated(_ user: UserInfo) { state.withLock { $0.impersonated = user } }

    func decided(_ decision: AccessDecision) { state.withLock { $0.decision = decision } }

    package func failed(_ failure: AuthenticationFailure) { state.withLock { $0.failure = failure.message } }

    /// Names the object of a request whose path does not: one that creates.
    package func concerns(_ object: JSONValue) {
        let typed = Unstructured(object)
        state.withLock { $0.object = (typed.namespace, typed.name, typed.uid) }
    }

    // MARK: Writing it down

    /// The event, as one line of the log.
    func line(_ stage: Stage, status: JSONValue, now: Timestamp) -> [UInt8] {
        let state = state.withLock { $0 }
        var event: JSONValue = [
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": .string(id),
            "stage": .string(stage.rawValue), "requestURI": .string(request.uri),
            "verb": .string(info?.verb ?? request.method.lowercased()),
            "user": state.failure == nil ? Self.json(request.user) : .object([:]),
            "requestReceivedTimestamp": .string(received.rfc3339Micro), "stageTimestamp": .string(now.rfc3339Micro),
        ]
        event["responseStatus"] =
            state.failure.map { failure in
                var status = status
                status["message"] = .string(failure)
                return status
            } ?? status
        if let user = state.impersonated { event["impersonatedUser"] = Self.json(user) }
        let addresses = Self.sources(request)
        if !addresses.isEmpty { event["sourceIPs"] = .array(addresses.map(JSONValue.string)) }
        if let agent = request.headers["user-agent"], !agent.isEmpty {
            let limit = 1024
            event["userAgent"] = .string(agent.utf8.count > limit ? agent.prefix(limit) + "...TRUNCATED" : agent)
        }
        if let info { event["objectRef"] = Self.reference(info, state.object) }
        if let decision = state.decision {
            event["annotations"] = [
                "authorization.k8s.io/decision": decision.isAllowed ? "allow" : "forbid",
                "authorization.k8s.io/reason": .string(decision.reason),
            ]
        }
        return event.bytes + [UInt8(ascii: "\n")]
    }

    private static func json(_ user: UserInfo) -> JSONValue {
        var result = user.json
        if user.groups.isEmpty { result["groups"] = nil }
        return result
    }

    private static func reference(
        _ info: RequestInfo,
        _ object: (namespace: String, name: String, uid: String)?
    ) -> JSONValue {
        var result = JSONValue.object([:])
        for (field, value) in [
            ("resource", info.resource), ("namespace", info.namespace.isEmpty ? object?.namespace : info.namespace),
            ("name", info.name.isEmpty ? object?.name : info.name), ("uid", object?.uid), ("apiGroup", info.group),
            ("apiVersion", info.version), ("subresource", info.subresource),
        ] {
            if let value, !value.isEmpty { result[field] = .string(value) }
        }
        return result
    }

    /// Where a request came from: what proxies say first, and last the one address that nobody can invent.
    package static func sources(_ request: APIRequest) -> [String] {
        var result = (request.headers["x-forwarded-for"] ?? "").split(separator: ",").map { HeaderText.trimmed($0) }
        if let real = request.headers["x-real-ip"], !real.isEmpty, !result.contains(real) { result.append(real) }
        // Anything may stand in these headers; a list of addresses is short.
        result = result.prefix(16).filter { $0.utf8.count <= 45 && $0.utf8.allSatisfy(Self.isAddressByte) }
        if !request.remoteAddress.isEmpty, result.last != request.remoteAddress { result.append(request.remoteAddress) }
        return result
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    /// What the log says of an answer: the code, and of failures what they were.
    ///
    /// Messages about bodies (`400`, `422`) may quote them, so they are left out.
    package static func status(of response: APIResponse) -> JSONValue {
        var result: JSONValue = ["metadata": .object([:]), "code": .int(Int64(response.status))]
        guard response.status >= 400 else { return result }
        result["status"] = "Failure"
        // An answer that is no Status has no reason to record, only its code.
        guard case .bytes(let bytes) = response.body, let status = try? JSONValue(parsing: bytes),
            status["kind"] == "Status"
        else { return result }
        result["reason"] = status["reason"]
        if [401, 403, 404, 409, 410, 429].contains(response.status) { result["message"] = status["message"] }
        return result
    }
}
