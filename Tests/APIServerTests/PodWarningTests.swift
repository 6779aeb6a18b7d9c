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

/// What the maker of a Pod is warned of; the texts are those of Kubernetes 1.36.
@Suite struct PodWarningTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var spec: JSONValue
        var warnings: [String]
        var testDescription: String { name }
    }

    private static func volume(_ source: JSONValue) -> JSONValue {
        var volume = source
        volume["name"] = "Test"
        return ["volumes": [volume]]
    }

    private static func items(_ paths: String...) -> JSONValue {
        .array(paths.map { ["key": "k", "path": .string($0)] })
    }

    static let volumes: [Row] = [
        Row(
            name: "a file in a file",
            spec: volume(["configMap": ["name": "foo", "items": items("test", "test/app")]]),
            warnings: [#"volume "Test" (ConfigMap "foo"): overlapping paths: "test/app" with "test""#]
        ),
        Row(
            name: "a directory that is a file",
            spec: volume(["configMap": ["name": "foo", "items": items("test/app", "test")]]),
            warnings: [#"volume "Test" (ConfigMap "foo"): overlapping paths: "test" with "test/app""#]
        ),
        Row(
            name: "one file twice",
            spec: volume(["secret": ["secretName": "foo", "items": items("test/", "test")]]),
            warnings: [#"volume "Test" (Secret "foo"): overlapping paths: "test" with "test""#]
        ),
        Row(
            name: "names of which one begins like the other",
            spec: volume(["configMap": ["name": "foo", "items": items("dir/path1", "dir/path10", "dir2")]]),
            warnings: []
        ),
        Row(
            name: "sources that project to the same place",
            spec: volume([
                "projected": [
                    "sources": [
                        ["clusterTrustBundle": ["signerName": "s", "path": "test/test"]],
                        ["downwardAPI": ["items": [["path": "test"]]]],
                        ["secret": ["name": "t", "items": items("test")]],
                    ]
                ]
            ]),
            warnings: [
                #"volume "Test" (Projected): overlapping paths: "test" (DownwardAPI) with "test/test" "#
                    + #"(ClusterTrustBundle "s")"#,
                #"volume "Test" (Projected): overlapping paths: "test" (Secret "t") with "test/test" "#
                    + #"(ClusterTrustBundle "s")"#,
                #"volume "Test" (Projected): overlapping paths: "test" (Secret "t") with "test" (DownwardAPI)"#,
            ]
        ),
        Row(
            name: "a source without anything",
            spec: volume(["projected": ["sources": [.object([:])]]]),
            warnings: [#"volume "Test" (Projected) has no sources provided"#]
        ),
        Row(
            name: "a plugin that is off, and half a byte",
            spec: [
                "volumes": [
                    ["name": "g", "gitRepo": ["repository": "r"]],
                    [
                        "name": "e",
                        "ephemeral": [
                            "volumeClaimTemplate": ["spec": ["resources": ["requests": ["storage": "200m"]]]]
                        ],
                    ],
                ]
            ],
            warnings: [
                "spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+",
                "spec.volumes[1].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "
                    + #""200m" is invalid, must be an integer"#,
            ]
        ),
    ]

    static let ports: [Row] = [
        Row(
            name: "an address without a port of the host",
            spec: [
                "containers": [
                    [
                        "name": "c",
                        "ports": [
                            ["containerPort": 80, "hostPort": 80, "protocol": "UDP", "hostIP": "10.0.0.1"],
                            ["containerPort": 80, "protocol": "UDP", "hostIP": "10.0.0.1"],
                        ],
                    ]
                ]
            ],
            warnings: [
                "spec.containers[0].ports[1]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 Protocol:UDP "
                    + "HostIP:10.0.0.1}",
                "spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]",
            ]
        ),
        Row(
            name: "one name for the ports of two containers that run together",
            spec: [
                "initContainers": [
                    ["name": "i", "ports": [["name": "test", "containerPort": 1]]],
                    ["name": "s", "restartPolicy": "Always", "ports": [["name": "test", "containerPort": 2]]],
                ],
                "containers": [["name": "c", "ports": [["name": "test", "containerPort": 3]]]],
            ],
            warnings: [
                #"spec.containers[0].ports[0]: duplicate port name "test" with spec.initContainers[1].ports[0], services "#
                    + "and probes that select ports by name will use spec.initContainers[1].ports[0]"
            ]
        ),
    ]

    static let others: [Row] = [
        Row(
            name: "a label that cannot be",
            spec: [
                "affinity": [
                    "nodeAffinity": [
                        "preferredDuringSchedulingIgnoredDuringExecution": [
                            [
                                "weight": 10,
                                "preference": [
                                    "matchExpressions": [["key": "foo", "operator": "In", "values": ["-1"]]]
                                ],
                            ]
                        ]
                    ]
                ]
            ],
            warnings: [
                "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference"
                    + ".matchExpressions[0].values[0]: -1 is invalid, a valid label must be an empty string or consist of "
                    + "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
                    + "(e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                    + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            ]
        ),
        Row(
            name: "addresses in another form than usual",
            spec: [
                "dnsConfig": ["nameservers": ["1.2.3.4", "2001:db8:0:0::2"]],
                "hostAliases": [["ip": "::ffff:1.2.3.4", "hostnames": ["h"]]],
            ],
            warnings: [
                #"spec.dnsConfig.nameservers[1]: IPv6 address "2001:db8:0:0::2" should be in RFC 5952 canonical format "#
                    + #"("2001:db8::2")"#,
                #"spec.hostAliases[0].ip: non-standard IP address "::ffff:1.2.3.4" will be considered invalid in a future "#
                    + #"Kubernetes release: use "1.2.3.4""#,
            ]
        ),
    ]

    @Test("Each oddity is told once, where it is", arguments: volumes + ports + others)
    func warnings(_ row: Row) {
        let pod: JSONValue = ["metadata": ["name": "a"], "spec": row.spec]
        #expect(PodWarnings.all(of: pod) == row.warnings)
    }

    /// What overlaps is found by its path, not by a look at all pairs.
    @Test("Of many files and ports only so many warnings are made")
    func manyFiles() {
        let items: [JSONValue] = (0..<60_000).map { ["key": "k", "path": .string("d\($0 % 30_000)/f")] }
        let ports: [JSONValue] = (0..<4_000).map { _ in ["containerPort": 80, "protocol": "TCP"] }
        let pod: JSONValue = [
            "spec": [
                "volumes": [["name": "v", "configMap": ["name": "c", "items": .array(items)]]],
                "containers": [["name": "c", "ports": .array(ports)]],
            ]
        ]
        let warnings = PodWarnings.all(of: pod)
        let paths = warnings.filter { $0.contains("overlapping paths") }
        #expect(paths.count == PodWarnings.most)
        #expect(paths.first == #"volume "v" (ConfigMap "c"): overlapping paths: "d0/f" with "d0/f""#)
        #expect(warnings.count < 4 * PodWarnings.most)
    }

    @Test("An annotation that does nothing any more is told for each container")
    func annotations() {
        let key = "container.seccomp.security.alpha.kubernetes.io/c"
        let pod: JSONValue = [
            "metadata": ["name": "a", "annotations": [key: "x"]], "spec": ["containers": [["name": "c"]]],
        ]
        #expect(
            PodWarnings.all(of: pod)
                == [#"metadata.annotations[\#(key)]: non-functional in v1.27+; use the "seccompProfile" field instead"#]
        )
    }
}
