import APIMachinery
import HTTPServing
import Testing

/// Events in both their forms, Leases, and what the makers of Pods are warned of, as kube-apiserver 1.36 has them.
@Suite struct EventTests {
    static let old = "/api/v1/namespaces/default/events"
    static let new = "/apis/events.k8s.io/v1/namespaces/default/events"
    static let merge = "application/merge-patch+json"

    static func event(_ change: [String: JSONValue] = [:]) -> JSONValue {
        var event: JSONValue = [
            "metadata": ["name": "e"], "eventTime": "2026-01-01T00:00:00.000000Z", "reportingController": "a.b/c",
            "reportingInstance": "i", "action": "Act", "reason": "R", "type": "Normal", "note": "n",
            "regarding": ["kind": "Pod", "namespace": "elsewhere", "name": "p"],
        ]
        for (field, value) in change { event[field] = value.isNull ? nil : value }
        return event
    }

    private func fields(_ body: JSONValue) -> [String] {
        (body["details"]?["causes"]?.arrayValue ?? []).map { $0["field"]?.stringValue ?? "" }
    }

    @Test(
        "A new event is looked at in its older form, strictly",
        arguments: [
            ([:], []), (["eventTime": .null], ["involvedObject.namespace", "eventTime"]),
            (["type": "Other"], ["type"]), (["action": .null], ["action"]),
            (["reason": .string(String(repeating: "r", count: 129))], ["reason"]),
            (["note": .string(String(repeating: "n", count: 1025))], ["message"]),
            (["deprecatedCount": 3], ["count"]), (["deprecatedSource": ["component": "x"]], ["source"]),
            (["deprecatedFirstTimestamp": "2026-01-01T00:00:00Z"], ["firstTimestamp"]),
            (["series": ["count": 1, "lastObservedTime": .null]], ["series.count", "series.lastObservedTime"]),
            (["metadata": ["name": "E_E"]], ["metadata.name"]),
            (["reportingController": .null], ["reportingController", "reportingController", "reportingController"]),
        ] as [([String: JSONValue], [String])]
    )
    func created(_ change: [String: JSONValue], _ expected: [String]) async throws {
        let server = try await TestServer()
        let answer = await server.request("POST", Self.new, Self.event(change))
        #expect(answer.status == (expected.isEmpty ? 201 : 422))
        #expect(Set(fields(answer.body)) == Set(expected))
    }

    @Test("Of an event in the newer form only the series may change, of one in the older form everything")
    func changed() async throws {
        let server = try await TestServer()
        #expect(await server.request("POST", Self.new, Self.event()).status == 201)
        let refused = await server.request("PATCH", "\(Self.new)/e", ["reason": "X", "note": "z"], type: Self.merge)
        #expect(refused.status == 422)
        #expect(fields(refused.body) == ["reason", "message", "reason"])
        let series: JSONValue = ["series": ["count": 2, "lastObservedTime": "2026-01-01T00:00:01.000000Z"]]
        #expect(await server.request("PATCH", "\(Self.new)/e", series, type: Self.merge).status == 200)
        let older = await server.request("PATCH", "\(Self.old)/e", ["reason": "X"], type: Self.merge)
        #expect(older.status == 200)
    }

    @Test("Each form has its own empty fields")
    func forms() async throws {
        let server = try await TestServer()
        let bare: JSONValue = ["metadata": ["name": "e"], "involvedObject": .object([:])]
        let old = await server.request("POST", Self.old, bare).body
        #expect(old["source"] == .object([:]) && old["reportingComponent"] == "" && old["firstTimestamp"] == .null)
        let new = await server.request("GET", "\(Self.new)/e").body
        #expect(new["regarding"] == .object([:]) && new["deprecatedSource"] == .object([:]))
        #expect(new["reportingController"] == nil && new["deprecatedLastTimestamp"] == .null)
    }

    @Test(
        "A time that cannot be read is refused in the words of Go",
        arguments: [
            ("", "parsing time \"\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"\" as \"2006\""),
            (
                "soon",
                "parsing time \"soon\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"soon\" as \"2006\""
            ),
        ]
    )
    func times(_ time: String, _ message: String) async throws {
        let answer = await (try TestServer()).request(
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/default/leases",
            ["metadata": ["name": "l"], "spec": ["renewTime": .string(time)]]
        )
        #expect(answer.status == 400)
        #expect(
            answer.body["message"]?.stringValue == "Lease in version \"v1\" cannot be handled as a Lease: \(message)"
        )
    }

    @Test("A Lease keeps an empty holder, and drops what only coordinated leaders have")
    func lease() async throws {
        let server = try await TestServer()
        let spec: JSONValue = ["holderIdentity": "", "strategy": "OldestEmulationVersion", "preferredHolder": "x"]
        let answer = await server.request(
            "POST",
            "/apis/coordination.k8s.io/v1/namespaces/default/leases",
            ["metadata": ["name": "l"], "spec": spec]
        )
        #expect(answer.status == 201)
        #expect(answer.body["spec"] == ["holderIdentity": ""])
    }

    @Test("The maker of a Pod is warned of what it may not mean")
    func pods() async throws {
        let server = try await TestServer()
        let container: JSONValue = [
            "name": "c", "image": "i", "resources": ["requests": ["memory": "500m"]],
            "env": [["name": "A", "value": "1"], ["name": "A", "value": "2"], ["name": "A", "value": "$(A)3"]],
            "ports": [["containerPort": 80], ["containerPort": 80, "hostPort": 8080]],
        ]
        let pod: JSONValue = [
            "metadata": ["name": .string("dotted." + String(repeating: "x", count: 60))],
            "spec": [
                "containers": [container], "nodeSelector": ["beta.kubernetes.io/os": "linux"],
                "terminationGracePeriodSeconds": -1,
            ],
        ]
        let answer = await server.respond("POST", "/api/v1/namespaces/default/pods", pod)
        #expect(answer.status == 201)
        let warnings = answer.headers.filter { $0.name == "Warning" }.map(\.value)
        for part in [
            "metadata.name: this is used in the Pod's hostname", "spec.nodeSelector[beta.kubernetes.io/os]: deprecated",
            "resources.requests[memory]: fractional byte value", "spec.containers[0].env[1]: hides previous definition",
            "spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]",
            "spec.terminationGracePeriodSeconds: must be >= 0",
        ] { #expect(warnings.filter { $0.contains(part) }.count == 1, "\(part)") }
        #expect(warnings.count == 6)
    }
}
