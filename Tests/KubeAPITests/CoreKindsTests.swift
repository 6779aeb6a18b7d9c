import APIMachinery
import KubeAPI
import Testing

/// What a server sends must come through the typed kinds unharmed.
@Suite struct CoreKindsTests {
    @Test func podRoundTrip() throws {
        let json: JSONValue = [
            "metadata": ["name": "p", "namespace": "default", "labels": ["a": "b"]],
            "spec": [
                "containers": [
                    [
                        "name": "c", "image": "i:1", "command": ["run"],
                        "env": [
                            ["name": "A", "value": "1"],
                            ["name": "B", "valueFrom": ["fieldRef": ["fieldPath": "metadata.name"]]],
                            [
                                "name": "C",
                                "valueFrom": ["secretKeyRef": ["name": "s", "key": "token", "optional": true]],
                            ],
                        ],
                        "resources": ["requests": ["cpu": "250m", "memory": "64Mi"]],
                        "readinessProbe": ["httpGet": ["path": "/readyz", "port": "http"], "periodSeconds": 2],
                        "livenessProbe": ["httpGet": ["path": "/livez", "port": 8080]],
                    ]
                ],
                "terminationGracePeriodSeconds": 65,
            ],
            "status": [
                "phase": "Running", "startTime": "2026-01-02T03:04:05Z",
                "conditions": [["type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:06Z"]],
                "containerStatuses": [
                    [
                        "name": "c", "ready": true, "restartCount": 2, "image": "i:1",
                        "state": ["waiting": ["reason": "CrashLoopBackOff"]],
                        "lastState": ["terminated": ["exitCode": 1, "reason": "Error"]],
                    ]
                ],
            ],
        ]
        let pod = try JSONValueDecoder().decode(Pod.self, from: json)
        #expect(pod.isReady)
        #expect(!pod.isFinished)
        #expect(pod.spec?.containers.first?.readinessProbe?.httpGet?.port == .string("http"))
        #expect(pod.spec?.containers.first?.resources?.requests?["cpu"]?.milliValue == 250)
        #expect(try JSONValueEncoder().encode(pod) == json)
    }

    @Test func nullsCountAsAbsent() throws {
        let json: JSONValue = [
            "metadata": ["creationTimestamp": .null, "name": "e"],
            "involvedObject": ["kind": "WorkerPool", "name": "p"],
            "eventTime": .null, "source": ["component": "c"], "reason": "R",
        ]
        let event = try JSONValueDecoder().decode(Event.self, from: json)
        #expect(event.eventTime == nil)
        #expect(event.involvedObject.kind == "WorkerPool")
    }

    @Test func kubeletPortIsWrittenWithACapital() throws {
        var status = NodeStatus()
        status.daemonEndpoints = .init(kubeletEndpoint: .init(port: 10250))
        let json = try JSONValueEncoder().encode(status)
        #expect(json.value(at: "daemonEndpoints", "kubeletEndpoint", "Port") == 10250)
    }

    @Test func leaseTimesHaveMicroseconds() throws {
        var spec = LeaseSpec()
        spec.renewTime = MicroTime(Timestamp(seconds: 0, nanoseconds: 123_456_000))
        #expect(try JSONValueEncoder().encode(spec)["renewTime"] == "1970-01-01T00:00:00.123456Z")
    }

    @Test func referencesNameObjectsOfEitherForm() throws {
        var pod = Pod(metadata: ObjectMeta(name: "p", namespace: "ns"))
        pod.metadata.uid = "u"
        let typed = Event.ObjectReference(pod)
        let untyped = Event.ObjectReference(try Unstructured(encoding: pod))
        #expect(typed == untyped)
        #expect(typed.apiVersion == "v1")
    }
}
