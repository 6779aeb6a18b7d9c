public import APIMachinery

/// What tests ask of runs and pools.
extension Plane {
    /// Submits that many runs in one request and returns their names, which are durable then.
    public func submit(_ workflow: String, count: Int, params: JSONValue) async throws -> [String] {
        let items = JSONValue.array((0..<count).map { _ in ["params": params] })
        let (status, body) = try await http(
            "POST",
            "/api/v1/namespaces/default/workflows/\(workflow)/runs",
            ["items": items]
        )
        let names = body["items"]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        guard (200..<300).contains(status), names.count == count else {
            throw UnexpectedAnswer(description: "submission answered \(status): \(body.text.prefix(500))")
        }
        return names
    }

    /// The run when it has ended.
    public func ended(run name: String) async throws -> JSONValue {
        try await eventually("run \(name) has ended", every: .milliseconds(50)) {
            let (status, run) = try await self.http("GET", "/api/v1/namespaces/default/runs/\(name)")
            guard status == 200 else { throw UnexpectedAnswer(description: "run \(name): \(status) \(run.text)") }
            let phase = run.value(at: "status", "phase")?.stringValue ?? ""
            return ["Succeeded", "Failed", "Cancelled"].contains(phase) ? run : nil
        }
    }

    /// Waits until the run has ended, and throws unless it succeeded.
    @discardableResult
    public func succeeded(run name: String) async throws -> JSONValue {
        let run = try await ended(run: name)
        guard run.value(at: "status", "phase") == "Succeeded" else {
            throw UnexpectedAnswer(description: "run \(name) did not succeed: \(run["status"]?.text ?? "")")
        }
        return run
    }

    /// The controller's metrics as text.
    public func metrics() async throws -> String {
        try await commands.check(["curl", "-sf", "http://127.0.0.1:\(httpPort)/metrics"]).out
    }
}

/// An answer that a test cannot go on with.
public struct UnexpectedAnswer: Error, CustomStringConvertible {
    public var description: String

    public init(description: String) { self.description = description }
}

extension JSONValue {
    /// A run's step.
    public func step(_ id: String) -> JSONValue? {
        value(at: "status", "steps")?.arrayValue?.first { $0["id"]?.stringValue == id }
    }

    /// Whether all of a pool's runners are there and of the newest revision.
    public var isRolledOut: Bool {
        let status = self["status"]
        let replicas = status?["replicas"]?.intValue ?? 0
        return status?["observedGeneration"] == value(at: "metadata", "generation")
            && status?["updatedReplicas"]?.intValue ?? 0 == replicas
            && status?["readyReplicas"]?.intValue ?? 0 == replicas && replicas > 0
    }
}
