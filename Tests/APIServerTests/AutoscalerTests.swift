import APIMachinery
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// HorizontalPodAutoscalers as the server keeps and shows them, in both versions.
@Suite struct AutoscalerTests {
    private static let new = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"
    private static let old = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
    private static let merge = "application/merge-patch+json"
    private static let target: JSONValue = ["apiVersion": "martinet.dev/v1alpha1", "kind": "WorkerPool", "name": "x"]

    private static func object(_ spec: JSONValue) -> JSONValue {
        var spec = spec
        if spec["scaleTargetRef"] == nil { spec["scaleTargetRef"] = target }
        if spec["maxReplicas"] == nil { spec["maxReplicas"] = 4 }
        return ["metadata": ["name": "a"], "spec": spec]
    }

    @Test("What kubectl autoscale sends in v1 is the same object in v2, with defaults")
    func versions() async throws {
        let server = try await TestServer()
        let created = await server.request("POST", Self.old, Self.object(["targetCPUUtilizationPercentage": 60]))
        #expect(created.status == 201, "\(created.body)")
        #expect(created.body["spec"]?["minReplicas"] == 1)
        #expect(created.body["status"] == ["currentReplicas": 0, "desiredReplicas": 0])
        let shown = await server.request("GET", "\(Self.new)/a").body
        #expect(shown["apiVersion"] == "autoscaling/v2")
        let utilization: JSONValue = ["type": "Utilization", "averageUtilization": 60]
        #expect(
            shown["spec"]?["metrics"] == [["type": "Resource", "resource": ["name": "cpu", "target": utilization]]]
        )
        #expect(shown["spec"]?["targetCPUUtilizationPercentage"] == nil)
        #expect(shown["metadata"]?["annotations"] == nil)
        let without = await server.request("POST", "\(Self.new)?dryRun=All", Self.object([:]).renamed("b"))
        let target = without.body.value(at: "spec", "metrics")?[0]?.value(at: "resource", "target")
        #expect(target?["averageUtilization"] == 80)
    }

    @Test("What v1 has no field for is in its annotations, and survives a change by way of v1")
    func annotations() async throws {
        let server = try await TestServer()
        let metrics: JSONValue = [
            [
                "type": "Resource",
                "resource": ["name": "memory", "target": ["type": "AverageValue", "averageValue": "1Gi"]],
            ],
            [
                "type": "Pods",
                "pods": [
                    "metric": ["name": "hits"], "target": ["type": "AverageValue", "averageValue": "10"],
                ],
            ],
            [
                "type": "Resource",
                "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 70]],
            ],
        ]
        let behavior: JSONValue = ["scaleDown": ["stabilizationWindowSeconds": 60]]
        let created = await server.request("POST", Self.new, Self.object(["metrics": metrics, "behavior": behavior]))
        #expect(created.status == 201, "\(created.body)")
        #expect(created.body.value(at: "spec", "behavior", "scaleUp", "selectPolicy") == "Max")
        let status: JSONValue = [
            "status": [
                "conditions": [["type": "AbleToScale", "status": "True"]],
                "currentMetrics": [
                    ["type": "Resource", "resource": ["name": "cpu", "current": ["averageUtilization": 33]]]
                ],
            ]
        ]
        #expect(await server.request("PATCH", "\(Self.new)/a/status", status, type: Self.merge).status == 200)

        let older = await server.request("GET", "\(Self.old)/a").body
        #expect(older["spec"]?["targetCPUUtilizationPercentage"] == 70)
        #expect(older["spec"]?["metrics"] == nil)
        #expect(older["status"]?["currentCPUUtilizationPercentage"] == 33)
        let annotations = older["metadata"]?["annotations"]?.objectValue ?? [:]
        #expect(
            Set(annotations.keys)
                == Set(
                    ["behavior", "conditions", "current-metrics", "metrics"].map {
                        "autoscaling.alpha.kubernetes.io/\($0)"
                    }
                )
        )
        let text = annotations["autoscaling.alpha.kubernetes.io/metrics"]?.stringValue ?? ""
        #expect(text.contains(#""targetAverageValue":"1Gi""#) && text.contains(#""metricName":"hits""#))

        let change: JSONValue = ["spec": ["maxReplicas": 9]]
        #expect(await server.request("PATCH", "\(Self.old)/a", change, type: Self.merge).status == 200)
        let newer = await server.request("GET", "\(Self.new)/a").body
        #expect(newer["spec"]?["maxReplicas"] == 9)
        #expect(newer["spec"]?["metrics"] == metrics)
        #expect(newer["spec"]?["behavior"] == created.body["spec"]?["behavior"])
        #expect(newer["status"]?["conditions"]?[0]?["type"] == "AbleToScale")
        #expect(newer["status"]?["currentMetrics"] == status["status"]?["currentMetrics"])
        #expect(newer["metadata"]?["annotations"] == nil)
    }

    @Test("Annotations that v1 would keep fields in may hold anything, and then stay as they are")
    func foreignAnnotations() async throws {
        let server = try await TestServer()
        let prefix = "autoscaling.alpha.kubernetes.io/"
        let foreign: JSONValue = [
            prefix + "behavior": "\"fast\"", prefix + "metrics": "[5]",
            prefix + "conditions": "{", prefix + "current-metrics": "7",
        ]
        var object = Self.object(["targetCPUUtilizationPercentage": 60])
        object.set(foreign, at: ["metadata", "annotations"])
        let created = await server.request("POST", Self.old, object)
        #expect(created.status == 201, "\(created.body)")
        let shown = await server.request("GET", "\(Self.new)/a").body
        #expect(shown["metadata"]?["annotations"] == foreign)
        #expect(shown["spec"]?["behavior"] == nil)
        #expect(shown["spec"]?["metrics"]?.arrayValue?.count == 1)
    }

    @Test(
        "What cannot be meant is refused, with the field",
        arguments: [
            (["maxReplicas": 0], "spec.maxReplicas"), (["minReplicas": 0], "spec.minReplicas"),
            (["minReplicas": 5], "spec.maxReplicas"),
            (["scaleTargetRef": ["kind": "", "name": "x"]], "spec.scaleTargetRef.kind"),
            (["metrics": [["type": "Mood"]]], "spec.metrics[0].type"),
            (["metrics": [["type": "Resource"]]], "spec.metrics[0].resource"),
            (
                [
                    "metrics": [
                        [
                            "type": "Resource",
                            "resource": ["name": "cpu", "target": ["type": "Utilization", "averageUtilization": 0]],
                        ]
                    ]
                ], "spec.metrics[0].resource.target.averageUtilization"
            ),
            (
                ["metrics": [["type": "Resource", "resource": ["name": "cpu", "target": ["type": "AverageValue"]]]]],
                "spec.metrics[0].resource.target.averageUtilization"
            ),
            (
                ["behavior": ["scaleUp": ["stabilizationWindowSeconds": 9000]]],
                "spec.behavior.scaleUp.stabilizationWindowSeconds"
            ),
            (
                ["behavior": ["scaleUp": ["policies": [["type": "Pods", "value": 0, "periodSeconds": 1]]]]],
                "spec.behavior.scaleUp.policies[0].value"
            ),
            (["behavior": ["scaleDown": ["tolerance": -0.1]]], "spec.behavior.scaleDown.tolerance"),
        ] as [(JSONValue, String)]
    )
    func invalid(_ spec: JSONValue, _ field: String) async throws {
        let server = try await TestServer()
        let answer = await server.request("POST", Self.new, Self.object(spec))
        #expect(answer.status == 422, "\(answer.body)")
        let fields = answer.body["details"]?["causes"]?.arrayValue?.compactMap { $0["field"]?.stringValue } ?? []
        #expect(fields.contains(field), "\(answer.body)")
    }

    @Test("The table shows what is measured beside what is wanted")
    func table() async throws {
        let server = try await TestServer()
        #expect(
            await server.request("POST", Self.old, Self.object(["targetCPUUtilizationPercentage": 60])).status == 201
        )
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
        func cells(_ path: String) async -> [JSONValue]? {
            let table = await server.request("GET", path, accept: accept).body
            let names = table["columnDefinitions"]?.arrayValue?.compactMap { $0["name"]?.stringValue }
            #expect(names == ["Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"])
            return table["rows"]?[0]?["cells"]?.arrayValue?.dropLast()
        }
        #expect(await cells(Self.new) == ["a", "WorkerPool/x", "cpu: <unknown>/60%", "1", 4, 0])
        let current: JSONValue = ["name": "cpu", "current": ["averageUtilization": 41, "averageValue": "41m"]]
        let status: JSONValue = [
            "status": ["currentReplicas": 2, "currentMetrics": [["type": "Resource", "resource": current]]]
        ]
        #expect(await server.request("PATCH", "\(Self.new)/a/status", status, type: Self.merge).status == 200)
        #expect(await cells(Self.new) == ["a", "WorkerPool/x", "cpu: 41%/60%", "1", 4, 2])
        #expect(await cells(Self.old) == ["a", "WorkerPool/x", "cpu: 41%/60%", "1", 4, 2])
    }
}

extension JSONValue {
    fileprivate func renamed(_ name: String) -> JSONValue {
        var result = self
        result.set(.string(name), at: ["metadata", "name"])
        return result
    }
}
