import APIMachinery
import Testing
import TestSupport

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// Evictions, and the budgets that they take from.
@Suite struct EvictionTests {
    private static let core = "/api/v1/namespaces/default"
    private static let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"

    /// Makes a Pod that runs on a node and is ready.
    private static func run(_ server: TestServer, _ name: String, isReady: Bool = true) async {
        let pod: JSONValue = [
            "metadata": ["name": .string(name), "labels": ["app": "a"]],
            "spec": ["nodeName": "one", "containers": [["name": "c", "image": "i"]]],
        ]
        #expect(await server.request("POST", "\(core)/pods", pod).status == 201)
        let status: JSONValue = [
            "status": [
                "phase": "Running",
                "conditions": [["type": "Ready", "status": isReady ? "True" : "False"]],
            ]
        ]
        let type = "application/merge-patch+json"
        #expect(await server.request("PATCH", "\(core)/pods/\(name)/status", status, type: type).status == 200)
    }

    private static func budget(_ server: TestServer, _ spec: JSONValue) async {
        var spec = spec
        spec["selector"] = ["matchLabels": ["app": "a"]]
        let answer = await server.request("POST", budgets, ["metadata": ["name": "b"], "spec": spec])
        #expect(answer.status == 201, "\(answer.body)")
    }

    private static func evict(
        _ server: TestServer,
        _ name: String,
        _ options: JSONValue = .object([:])
    ) async -> (status: Int, body: JSONValue) {
        await server.request(
            "POST",
            "\(core)/pods/\(name)/eviction",
            [
                "apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": .string(name)],
                "deleteOptions": options,
            ]
        )
    }

    private static func isLeaving(_ server: TestServer, _ name: String) async -> Bool {
        let pod = await server.request("GET", "\(core)/pods/\(name)")
        return pod.status == 404 || pod.body["metadata"]?["deletionTimestamp"] != nil
    }

    @Test("Discovery says that Pods can be evicted")
    func discovery() async throws {
        let server = try await TestServer()
        let list = await server.request("GET", "/api/v1")
        let eviction = list.body["resources"]?.arrayValue?.first { $0["name"] == "pods/eviction" }
        #expect(eviction?["kind"] == "Eviction")
        #expect(eviction?["group"] == "policy")
        #expect(eviction?["version"] == "v1")
        #expect(await server.request("GET", "/apis/policy/v1").status == 200)
    }

    @Test("A Pod without a budget goes with its grace period and says why")
    func free() async throws {
        let server = try await TestServer()
        await Self.run(server, "a")
        let other = await server.request("POST", "\(Self.core)/pods/a/eviction", ["metadata": ["name": "b"]])
        #expect(other.status == 400)
        #expect(await Self.evict(server, "gone").status == 404)
        #expect(await Self.evict(server, "a", ["dryRun": ["All"]]).status == 201)
        #expect(await !Self.isLeaving(server, "a"))
        let answer = await Self.evict(server, "a")
        #expect(answer.status == 201)
        #expect(answer.body["status"] == "Success")
        let pod = await server.request("GET", "\(Self.core)/pods/a").body
        #expect(pod["metadata"]?["deletionGracePeriodSeconds"] == 30)
        let reason = pod["status"]?["conditions"]?.arrayValue?.first { $0["type"] == "DisruptionTarget" }?["reason"]
        #expect(reason == "EvictionByEvictionAPI")
    }

    @Test("A budget lets as many Pods go as it can spare, and says how many it needs")
    func budget() async throws {
        let server = try await TestServer()
        for name in ["a", "b", "c"] { await Self.run(server, name) }
        await Self.budget(server, ["minAvailable": 2])
        #expect(await Self.evict(server, "a", ["dryRun": ["All"]]).status == 201)
        #expect(await Self.evict(server, "a").status == 201)
        #expect(await Self.isLeaving(server, "a"))
        let refused = await Self.evict(server, "b")
        #expect(refused.status == 429)
        #expect(refused.body["message"] == "Cannot evict pod as it would violate the pod's disruption budget.")
        let cause = refused.body["details"]?["causes"]?.arrayValue?.first
        #expect(cause?["reason"] == "DisruptionBudget")
        #expect(cause?["message"] == "The disruption budget b needs 2 healthy pods and has 2 currently")
        #expect(refused.body["details"]?["retryAfterSeconds"] == nil)
        #expect(await !Self.isLeaving(server, "b"))
        let status = await server.request("GET", "\(Self.budgets)/b").body["status"]
        #expect(status?["disruptionsAllowed"] == 0)
        #expect(status?["disruptedPods"]?["a"] != nil)
    }

    @Test("Two evictions at the same time do not take the same permission")
    func race() async throws {
        let server = try await TestServer()
        for name in ["a", "b"] { await Self.run(server, name) }
        await Self.budget(server, ["minAvailable": 1])
        let codes = await withTaskGroup(of: Int.self) { group in
            for name in ["a", "b"] { group.addTask { await Self.evict(server, name).status } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.sorted() == [201, 429])
    }

    @Test("A Pod that is not ready goes while enough others are, or always if the budget says so")
    func unhealthy() async throws {
        let server = try await TestServer()
        await Self.run(server, "a")
        await Self.run(server, "sick", isReady: false)
        await Self.budget(server, ["minAvailable": 2])
        #expect(await Self.evict(server, "sick").status == 429)
        let policy: JSONValue = ["spec": ["unhealthyPodEvictionPolicy": "AlwaysAllow"]]
        let type = "application/merge-patch+json"
        #expect(await server.request("PATCH", "\(Self.budgets)/b", policy, type: type).status == 200)
        #expect(await Self.evict(server, "sick").status == 201)
    }

    @Test("A budget that is being deleted holds until it is gone, and older clients are told so, too")
    func leavingBudget() async throws {
        let server = try await TestServer()
        await Self.run(server, "a")
        await Self.budget(server, ["maxUnavailable": 0])
        let type = "application/merge-patch+json"
        let kept: JSONValue = ["metadata": ["finalizers": ["x.y/z"]]]
        #expect(await server.request("PATCH", "\(Self.budgets)/b", kept, type: type).status == 200)
        #expect(await server.request("DELETE", "\(Self.budgets)/b").status == 200)
        let older: JSONValue = [
            "apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": ["name": "a"],
        ]
        #expect(await server.request("POST", "\(Self.core)/pods/a/eviction", older).status == 429)
        let released: JSONValue = ["metadata": ["finalizers": .null]]
        #expect(await server.request("PATCH", "\(Self.budgets)/b", released, type: type).status == 200)
        #expect(await server.request("POST", "\(Self.core)/pods/a/eviction", older).status == 201)
        let foreign: JSONValue = ["apiVersion": "v1", "kind": "Pod", "metadata": ["name": "a"]]
        #expect(await server.request("POST", "\(Self.core)/pods/a/eviction", foreign).status == 400)
    }

    @Test("A Pod with two budgets is not evicted, and the server says that it is at fault")
    func twoBudgets() async throws {
        let server = try await TestServer()
        await Self.run(server, "a")
        await Self.budget(server, ["maxUnavailable": 1])
        let second: JSONValue = [
            "metadata": ["name": "c"], "spec": ["minAvailable": 0, "selector": .object([:])],
        ]
        #expect(await server.request("POST", Self.budgets, second).status == 201)
        let refused = await Self.evict(server, "a")
        #expect(refused.status == 500)
        #expect(
            refused.body["message"]
                == "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
        #expect(await !Self.isLeaving(server, "a"))
    }

    @Test("Pods that have ended, have not begun, or are going already need no budget")
    func unprotected() async throws {
        let server = try await TestServer()
        for name in ["ended", "going"] { await Self.run(server, name) }
        await Self.budget(server, ["maxUnavailable": 0])
        let type = "application/merge-patch+json"
        let ended: JSONValue = ["status": ["phase": "Succeeded"]]
        #expect(await server.request("PATCH", "\(Self.core)/pods/ended/status", ended, type: type).status == 200)
        #expect(await server.request("DELETE", "\(Self.core)/pods/going").status == 200)
        let waiting: JSONValue = [
            "metadata": ["name": "waiting", "labels": ["app": "a"]],
            "spec": ["containers": [["name": "c", "image": "i"]]],
        ]
        #expect(await server.request("POST", "\(Self.core)/pods", waiting).status == 201)
        for name in ["ended", "going", "waiting"] {
            #expect(await Self.evict(server, name).status == 201, "\(name)")
            #expect(await Self.isLeaving(server, name), "\(name)")
        }
    }

    @Test("Only the Pod that the preconditions describe is evicted, and it is left as it was otherwise")
    func preconditions() async throws {
        let server = try await TestServer()
        await Self.run(server, "a")
        let pod = await server.request("GET", "\(Self.core)/pods/a").body
        let old: JSONValue = ["preconditions": ["resourceVersion": "1"]]
        let stale = await Self.evict(server, "a", old)
        #expect(stale.status == 409)
        #expect(stale.body["reason"] == "Conflict")
        #expect(await Self.evict(server, "a", ["preconditions": ["uid": "another"]]).status == 409)
        #expect(await server.request("GET", "\(Self.core)/pods/a").body == pod)
        let version = pod["metadata"]?["resourceVersion"] ?? .null
        let current: JSONValue = ["preconditions": ["resourceVersion": version], "gracePeriodSeconds": 7]
        #expect(await Self.evict(server, "a", current).status == 201)
        let left = await server.request("GET", "\(Self.core)/pods/a").body
        #expect(left["metadata"]?["deletionGracePeriodSeconds"] == 7)
        let bad = await Self.evict(server, "a", ["gracePeriodSeconds": "long"])
        #expect(bad.status == 400)
        let unknown = await server.request(
            "POST",
            "\(Self.core)/pods/a/eviction?fieldValidation=Strict",
            ["metadata": ["name": "a"], "grace": 1]
        )
        #expect(unknown.status == 400)
        #expect(unknown.body["message"]?.stringValue?.contains(#"unknown field "grace""#) == true)
    }

    @Test("The status of a budget follows its Pods and what their controllers want")
    func status() async throws {
        let fixture = try await ControllerFixture()
        let core = fixture.core
        let client = fixture.client
        try await client.create(
            group: "apiextensions.k8s.io",
            resource: "customresourcedefinitions",
            namespace: "",
            Self.scalable
        )
        func make(_ group: String, _ resource: String, _ object: JSONValue) async throws {
            try await client.create(group: group, resource: resource, namespace: "default", object)
        }
        func budget() throws -> JSONValue? {
            try core.caches[PodDisruptionBudgetStrategy.storageKey]?.current("default/b")?.document()
        }
        try await eventually("the kind is served") { core.caches["things.test.example"] != nil }
        try await make("test.example", "things", TestServer.thing("t", size: 4))
        let owner = try await eventually("the owner is there") {
            core.caches["things.test.example"]?.current("default/t")?.uid
        }
        let controllers = fixture.assembly.controllers()
        let running = Task { try await controllers.run() }
        defer { running.cancel() }
        let spec: JSONValue = ["minAvailable": "50%", "selector": ["matchLabels": ["app": "a"]]]
        try await make("policy", "poddisruptionbudgets", ["metadata": ["name": "b"], "spec": spec])
        for name in ["one", "two", "three"] {
            let reference: JSONValue = [
                "apiVersion": "test.example/v1", "kind": "Thing", "name": "t", "uid": .string(owner),
                "controller": true,
            ]
            let pod: JSONValue = [
                "metadata": [
                    "name": .string(name), "labels": ["app": "a"], "ownerReferences": [reference],
                ],
                "spec": ["nodeName": "n", "containers": [["name": "c", "image": "i"]]],
            ]
            try await make("", "pods", pod)
            try await client.update(
                group: "",
                resource: "pods",
                namespace: "default",
                name: name,
                subresource: "status"
            ) { $0.set([["type": "Ready", "status": "True"]], at: ["status", "conditions"]) }
        }
        try await eventually("one of four may go") {
            let status = try budget()?["status"]
            return status?["expectedPods"] == 4 && status?["desiredHealthy"] == 2 && status?["currentHealthy"] == 3
                && status?["disruptionsAllowed"] == 1 && status?["observedGeneration"] == 1
        }
        // A Pod of something without a scale: nobody knows how many there should be, so nothing may go.
        let odd = try await fixture.make("odd")
        let reference: JSONValue = [
            "apiVersion": "v1", "kind": "ConfigMap", "name": "odd", "uid": .string(odd), "controller": true,
        ]
        let pod: JSONValue = [
            "metadata": ["name": "odd", "labels": ["app": "a"], "ownerReferences": [reference]],
            "spec": ["nodeName": "n", "containers": [["name": "c", "image": "i"]]],
        ]
        try await make("", "pods", pod)
        try await eventually("the budget says why it cannot be counted") {
            let status = try budget()?["status"]
            let condition = status?["conditions"]?.arrayValue?.first
            return status?["disruptionsAllowed"] == 0 && condition?["reason"] == "SyncFailed"
                && condition?["message"] == "configmaps does not implement the scale subresource"
        }
    }

    /// The kind `Thing` with a scale.
    private static let scalable: JSONValue = {
        var definition = TestServer.definition
        let scale: JSONValue = ["specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"]
        var version = definition.value(at: "spec", "versions")?.arrayValue?.first ?? .null
        version.set(["status": .object([:]), "scale": scale], at: ["subresources"])
        version.set(
            ["type": "object", "properties": ["size": ["type": "integer"]]],
            at: ["schema", "openAPIV3Schema", "properties", "status"]
        )
        definition.set([version], at: ["spec", "versions"])
        return definition
    }()

    @Test("The table of budgets has the columns that kubectl shows")
    func table() async throws {
        let server = try await TestServer()
        await Self.budget(server, ["maxUnavailable": "30%"])
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        let table = await server.request("GET", Self.budgets, accept: accept).body
        let names = table["columnDefinitions"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
        #expect(names == ["Name", "Min Available", "Max Unavailable", "Allowed Disruptions", "Age"])
        #expect(table["rows"]?.arrayValue?.first?["cells"]?.arrayValue?.prefix(4) == ["b", "N/A", "30%", 0])
    }

    @Test(
        "Counts are numbers or percentages, and only one of them is given",
        arguments: [
            ["minAvailable": 1, "maxUnavailable": 1], ["minAvailable": -1], ["maxUnavailable": "101%"],
            ["maxUnavailable": "half"], ["unhealthyPodEvictionPolicy": "Never"],
        ] as [JSONValue]
    )
    func invalid(_ spec: JSONValue) async throws {
        let server = try await TestServer()
        let answer = await server.request("POST", Self.budgets, ["metadata": ["name": "b"], "spec": spec])
        #expect(answer.status == 422, "\(answer.body)")
    }

    @Test("A count that no 32 bits hold is refused when it is read")
    func largeCount() async throws {
        let server = try await TestServer()
        let spec: JSONValue = ["minAvailable": 9_223_372_036_854_775_807]
        let answer = await server.request("POST", Self.budgets, ["metadata": ["name": "b"], "spec": spec])
        #expect(answer.status == 400, "\(answer.body)")
    }

    @Test(
        "What a budget allows of ten wanted Pods",
        arguments: [
            (["minAvailable": 3], 8, 8, 3, 5), (["minAvailable": "25%"], 8, 10, 3, 5),
            (["maxUnavailable": 1], 10, 10, 9, 1), (["maxUnavailable": "25%"], 8, 10, 7, 1),
            (["maxUnavailable": "100%"], 8, 10, 0, 8), (["maxUnavailable": 0], 10, 10, 10, 0),
        ] as [(JSONValue, Int, Int64, Int64, Int64)]
    )
    func arithmetic(_ spec: JSONValue, _ healthy: Int, _ expected: Int64, _ desired: Int64, _ allowed: Int64) {
        let pods = (0..<healthy).map { index -> JSONValue in
            [
                "metadata": ["name": .string("p\(index)")],
                "status": ["conditions": [["type": "Ready", "status": "True"]]],
            ]
        }
        let budget = DisruptionBudget(["metadata": ["generation": 2], "spec": spec])
        let status = budget.status(pods: pods, expected: 10, now: Timestamp(seconds: 1_800_000_000))
        #expect(status["expectedPods"]?.intValue == expected)
        #expect(status["desiredHealthy"]?.intValue == desired)
        #expect(status["disruptionsAllowed"]?.intValue == allowed)
        #expect(status["observedGeneration"] == 2)
        let condition = status["conditions"]?.arrayValue?.first
        #expect(condition?["status"] == (allowed > 0 ? "True" : "False"))
    }
}
