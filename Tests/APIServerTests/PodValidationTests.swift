import APIMachinery

import Testing

/// What a Pod is refused for, by `pkg/apis/core/validation` and the default admission of Kubernetes.
@Suite struct PodValidationTests {
    /// Changes to a sound Pod: to its spec or to its container; and the fields and reasons that are told.
    struct Row: Sendable, CustomTestStringConvertible {
        var spec = JSONObject()
        var container = JSONObject()
        var faults: [String]
        var testDescription: String { faults.joined(separator: ", ") }
    }

    static let rows: [Row] = [
        Row(container: ["name": ""], faults: ["spec.containers[0].name Required"]),
        Row(container: ["name": "A"], faults: ["spec.containers[0].name Invalid"]),
        Row(container: ["image": " i"], faults: ["spec.containers[0].image Invalid"]),
        Row(container: ["imagePullPolicy": "Now"], faults: ["spec.containers[0].imagePullPolicy NotSupported"]),
        Row(
            container: ["terminationMessagePolicy": "x"],
            faults: ["spec.containers[0].terminationMessagePolicy NotSupported"]
        ),
        Row(
            container: ["ports": [["containerPort": 80, "name": "a"], ["containerPort": 70000, "name": "a"]]],
            faults: [
                "spec.containers[0].ports[1].name Duplicate", "spec.containers[0].ports[1].containerPort Invalid",
            ]
        ),
        Row(
            container: ["ports": [["containerPort": 80, "hostPort": 1], ["containerPort": 81, "hostPort": 1]]],
            faults: ["spec.containers[0].ports[1].hostPort Duplicate"]
        ),
        Row(
            spec: ["hostNetwork": true],
            container: ["ports": [["containerPort": 80, "hostPort": 81]]],
            faults: ["spec.containers[0].ports[0].hostPort Invalid"]
        ),
        Row(
            container: ["env": [["name": "a", "valueFrom": .object([:])]]],
            faults: ["spec.containers[0].env[0].valueFrom Invalid"]
        ),
        Row(
            container: ["env": [["name": "a", "valueFrom": ["fieldRef": ["fieldPath": "spec.gone"]]]]],
            faults: ["spec.containers[0].env[0].valueFrom.fieldRef.fieldPath Invalid"]
        ),
        Row(
            container: ["env": [["name": "a", "valueFrom": ["fieldRef": ["fieldPath": "status.phase"]]]]],
            faults: ["spec.containers[0].env[0].valueFrom.fieldRef.fieldPath NotSupported"]
        ),
        Row(
            container: ["env": [["name": "a", "valueFrom": ["resourceFieldRef": ["resource": "cpu"]]]]],
            faults: ["spec.containers[0].env[0].valueFrom.resourceFieldRef.resource NotSupported"]
        ),
        Row(
            container: [
                "env": [["name": "a", "value": "x", "valueFrom": ["secretKeyRef": ["name": "s", "key": ""]]]]
            ],
            faults: [
                "spec.containers[0].env[0].valueFrom.secretKeyRef.key Required",
                "spec.containers[0].env[0].valueFrom Invalid",
            ]
        ),
        Row(container: ["envFrom": [.object([:])]], faults: ["spec.containers[0].envFrom Invalid"]),
        Row(
            container: ["volumeMounts": [["name": "x", "mountPath": ""]]],
            faults: [
                "spec.containers[0].volumeMounts[0].name NotFound",
                "spec.containers[0].volumeMounts[0].mountPath Required",
            ]
        ),
        Row(
            spec: ["volumes": [["name": "v", "emptyDir": .object([:])], ["name": "v", "emptyDir": .object([:])]]],
            container: ["volumeMounts": [["name": "v", "mountPath": "/a"], ["name": "v", "mountPath": "/a"]]],
            faults: ["spec.volumes[1].name Duplicate", "spec.containers[0].volumeMounts[1].mountPath Invalid"]
        ),
        Row(
            spec: ["volumes": [["name": "v", "emptyDir": .object([:]), "hostPath": ["path": "/a"]]]],
            faults: ["spec.volumes[0].hostPath Forbidden"]
        ),
        Row(
            spec: ["volumes": [["name": "v", "hostPath": ["path": "/a/../b", "type": "x"]]]],
            faults: ["spec.volumes[0].hostPath.path Invalid", "spec.volumes[0].hostPath.type NotSupported"]
        ),
        Row(
            spec: [
                "volumes": [
                    [
                        "name": "v",
                        "secret": ["defaultMode": 1000, "items": [["key": "a", "path": "/b"], ["key": ""]]],
                    ]
                ]
            ],
            faults: [
                "spec.volumes[0].secret.secretName Required", "spec.volumes[0].secret.defaultMode Invalid",
                "spec.volumes[0].secret.items[0].path Invalid", "spec.volumes[0].secret.items[1].key Required",
                "spec.volumes[0].secret.items[1].path Required",
            ]
        ),
        Row(
            container: ["resources": ["requests": ["gpu": "1", "cpu": "2"], "limits": ["cpu": "1"]]],
            faults: [
                "spec.containers[0].resources.requests Invalid", "spec.containers[0].resources.requests[gpu] Invalid",
                "spec.containers[0].resources.requests[gpu] Invalid",
            ]
        ),
        Row(
            container: ["resources": ["limits": ["example.com/gpu": "1500m"], "requests": ["example.com/gpu": "1"]]],
            faults: [
                "spec.containers[0].resources.limits[example.com/gpu] Invalid",
                "spec.containers[0].resources.requests Invalid",
            ]
        ),
        Row(container: ["livenessProbe": .object([:])], faults: ["spec.containers[0].livenessProbe Required"]),
        Row(
            container: ["livenessProbe": ["tcpSocket": ["port": 0], "successThreshold": 2, "periodSeconds": -1]],
            faults: [
                "spec.containers[0].livenessProbe.tcpSocket.port Invalid",
                "spec.containers[0].livenessProbe.periodSeconds Invalid",
                "spec.containers[0].livenessProbe.successThreshold Invalid",
            ]
        ),
        Row(
            container: ["lifecycle": ["preStop": ["exec": ["command": ["a"]], "sleep": ["seconds": 1]]]],
            faults: ["spec.containers[0].lifecycle.preStop.sleep Forbidden"]
        ),
        Row(
            container: ["securityContext": ["runAsUser": -1, "privileged": true, "allowPrivilegeEscalation": false]],
            faults: [
                "spec.containers[0].securityContext.runAsUser Invalid", "spec.containers[0].securityContext Invalid",
            ]
        ),
        Row(
            spec: ["initContainers": [["name": "c", "image": "i", "readinessProbe": ["exec": ["command": ["a"]]]]]],
            faults: [
                "spec.initContainers[0].name Duplicate", "spec.initContainers[0].readinessProbe Forbidden",
            ]
        ),
        Row(
            spec: ["ephemeralContainers": [["name": "e", "image": "i"]]],
            faults: ["spec.ephemeralContainers Forbidden"]
        ),
        Row(spec: ["restartPolicy": "Now"], faults: ["spec.restartPolicy NotSupported"]),
        Row(spec: ["dnsPolicy": "None"], faults: ["spec.dnsConfig Required"]),
        Row(spec: ["dnsConfig": ["nameservers": ["x"]]], faults: ["spec.dnsConfig.nameservers[0] Invalid"]),
        Row(spec: ["activeDeadlineSeconds": 0], faults: ["spec.activeDeadlineSeconds Invalid"]),
        Row(spec: ["hostname": "A", "subdomain": "b_"], faults: ["spec.hostname Invalid", "spec.subdomain Invalid"]),
        Row(
            spec: ["hostPID": true, "shareProcessNamespace": true],
            faults: ["spec.securityContext.shareProcessNamespace Invalid"]
        ),
        Row(spec: ["schedulingGates": [["name": "a"]], "nodeName": "n"], faults: ["spec.nodeName Forbidden"]),
        Row(spec: ["os": ["name": "plan9"]], faults: ["spec.os NotSupported"]),
        Row(
            spec: [
                "tolerations": [
                    ["operator": "Equal"], ["key": "a", "operator": "Exists", "value": "b"],
                    ["key": "a", "operator": "Exists", "tolerationSeconds": 1, "effect": "NoSchedule"],
                ]
            ],
            faults: [
                "spec.tolerations[0].operator Invalid", "spec.tolerations[1].operator Invalid",
                "spec.tolerations[2].effect Invalid",
            ]
        ),
        Row(
            spec: [
                "topologySpreadConstraints": [
                    ["topologyKey": "a", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"],
                    ["topologyKey": "a", "maxSkew": 0, "whenUnsatisfiable": "DoNotSchedule"],
                ]
            ],
            faults: [
                "spec.topologySpreadConstraints[1].maxSkew Invalid",
                "spec.topologySpreadConstraints[1].{topologyKey, whenUnsatisfiable} Duplicate",
            ]
        ),
        Row(
            spec: [
                "affinity": [
                    "nodeAffinity": ["requiredDuringSchedulingIgnoredDuringExecution": ["nodeSelectorTerms": []]]
                ]
            ],
            faults: [
                "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms Required"
            ]
        ),
    ]

    private static func pod(_ row: Row) -> JSONValue {
        var container: JSONObject = ["name": "c", "image": "i"]
        for (key, value) in row.container { container[key] = value }
        var spec = row.spec
        spec["containers"] = [.object(container)]
        return ["metadata": ["name": "a"], "spec": .object(spec)]
    }

    @Test("Every fault is told with its field and its reason", arguments: rows)
    func faults(row: Row) async throws {
        let server = try await TestServer()
        let answer = await server.request("POST", "/api/v1/namespaces/default/pods", Self.pod(row))
        #expect(answer.status == 422)
        let causes = answer.body["details"]?["causes"]?.arrayValue ?? []
        let told = causes.map { cause in
            let reason = (cause["reason"]?.stringValue ?? "").replacing("FieldValue", with: "")
            return "\(cause["field"]?.stringValue ?? "") \(reason)"
        }
        #expect(told == row.faults)
    }

    @Test(
        "Admission refuses what names something that is not there, before fields are looked at",
        arguments: [
            (["priorityClassName": "gone"], "no PriorityClass with name gone was found"),
            (["priority": 5], "the integer value of priority (5) must not be provided in pod spec"),
            (["preemptionPolicy": "Never"], "the string value of PreemptionPolicy (Never) must not be provided"),
            (["runtimeClassName": "gone"], "pod rejected: RuntimeClass \"gone\" not found"),
            (["overhead": ["cpu": "1"]], "pod rejected: Pod Overhead set without corresponding RuntimeClass"),
            (["serviceAccountName": "gone"], "error looking up service account default/gone"),
        ] as [(JSONObject, String)]
    )
    func admission(spec: JSONObject, message: String) async throws {
        let server = try await TestServer()
        var row = Row(spec: spec, faults: [])
        row.container = ["name": "Not A Name"]
        let answer = await server.request("POST", "/api/v1/namespaces/default/pods", Self.pod(row))
        #expect(answer.status == 403)
        #expect(answer.body["message"]?.stringValue?.hasPrefix("pods \"a\" is forbidden: \(message)") == true)
    }

    @Test("A Pod of a system class has its priority")
    func systemPriority() async throws {
        let server = try await TestServer()
        let row = Row(spec: ["priorityClassName": "system-node-critical"], faults: [])
        let answer = await server.request("POST", "/api/v1/namespaces/default/pods", Self.pod(row))
        #expect(answer.status == 201)
        #expect(answer.body["spec"]?["priority"] == 2_000_001_000)
    }

    @Test(
        "Once made, little of a Pod can change, and only one way",
        arguments: [
            (["activeDeadlineSeconds": 50], nil),
            (["activeDeadlineSeconds": 101], "spec.activeDeadlineSeconds Invalid"),
            (["activeDeadlineSeconds": .null], "spec.activeDeadlineSeconds Invalid"),
            (["tolerations": []], "spec.tolerations Forbidden"), (["hostname": "b"], "spec Forbidden"),
            (["schedulingGates": [["name": "new"]]], "spec.schedulingGates[0].name Forbidden"),
            (["containers": []], "spec.containers Required"),
        ] as [(JSONObject, String?)]
    )
    func update(change: JSONObject, fault: String?) async throws {
        let server = try await TestServer()
        let row = Row(
            spec: ["activeDeadlineSeconds": 100, "tolerations": [["key": "a", "operator": "Exists"]]],
            faults: []
        )
        #expect(await server.request("POST", "/api/v1/namespaces/default/pods", Self.pod(row)).status == 201)
        let answer = await server.request(
            "PATCH",
            "/api/v1/namespaces/default/pods/a",
            ["spec": .object(change)],
            type: "application/merge-patch+json"
        )
        let cause = answer.body["details"]?["causes"]?.arrayValue?.first
        let reason = (cause?["reason"]?.stringValue ?? "").replacing("FieldValue", with: "")
        #expect(cause.map { "\($0["field"]?.stringValue ?? "") \(reason)" } == fault)
        #expect(answer.status == (fault == nil ? 200 : 422))
    }

    @Test("A node's taints are one of a kind and of known effects")
    func taints() async throws {
        let server = try await TestServer()
        let taints: JSONValue = [
            ["key": "a", "effect": "NoSchedule"], ["key": "a", "effect": "NoSchedule"], ["key": "b", "effect": "x"],
        ]
        let node: JSONValue = ["metadata": ["name": "n"], "spec": ["taints": taints]]
        let answer = await server.request("POST", "/api/v1/nodes", node)
        let fields = answer.body["details"]?["causes"]?.arrayValue?.map { $0["field"]?.stringValue ?? "" }
        #expect(fields == ["metadata.taints[1]", "metadata.taints[2].effect"])
    }
}
