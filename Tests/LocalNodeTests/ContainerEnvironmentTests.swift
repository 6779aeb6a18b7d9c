import APIMachinery
import KubeAPI
import Testing

@testable import LocalNode

struct VariableExpansionTests {
    @Test(
        "References, as Kubernetes' own expansion tests have them",
        arguments: [
            ("$(VAR_A)", "A"), ("___$(VAR_B)___", "___B___"), ("$(VAR_A)_$(VAR_B)", "A_B"), ("$$(VAR_B)", "$(VAR_B)"),
            ("$$$(VAR_B)", "$B"), ("$$$$(VAR_B)", "$$(VAR_B)"), ("$(MISSING)", "$(MISSING)"), ("$(VAR_A", "$(VAR_A"),
            ("$VAR_A", "$VAR_A"), ("$", "$"), ("$$", "$"), ("a$", "a$"), ("$()", "$()"), ("$(EMPTY)x", "x"),
            ("--$(VAR_A)$", "--A$"), ("$((VAR_A))", "$((VAR_A))"), ("plain ü", "plain ü"),
        ]
    )
    func expansion(_ text: String, _ expected: String) {
        let variables = ["VAR_A": "A", "VAR_B": "B", "EMPTY": ""]
        #expect(expandVariables(in: text, variables) == expected)
    }
}

struct ContainerEnvironmentTests {
    private func environment() -> ContainerEnvironment {
        var pod = Pod(
            metadata: ObjectMeta(name: "p", namespace: "n", labels: ["a/b": "l"], annotations: ["k": "v"]),
            spec: PodSpec()
        )
        pod.metadata.uid = "u"
        pod.spec?.serviceAccountName = "sa"
        var map = ConfigMap(metadata: ObjectMeta(name: "map"))
        map.data = ["KEY": "from map", "OTHER": "o", "3bad=": "x"]
        var secret = Secret(metadata: ObjectMeta(name: "secret"))
        secret.data = ["KEY": "ZnJvbSBzZWNyZXQ="]
        return ContainerEnvironment(
            pod: pod,
            nodeName: "node",
            address: "127.0.0.1",
            allocatable: ["cpu": Quantity(2), "memory": Quantity(1024 * 1024 * 1024)],
            configMaps: ["map": map],
            secrets: ["secret": secret]
        )
    }

    private func value(_ source: EnvVarSource) throws -> String? {
        var container = Container(name: "c")
        container.resources = ResourceRequirements(
            requests: ["cpu": Quantity(milli: 250)],
            limits: ["memory": Quantity(64 * 1024 * 1024)]
        )
        container.env = [EnvVar(name: "X", valueFrom: source)]
        return try environment().variables(of: container, node: [:])["X"]
    }

    @Test(
        "Fields of the Pod",
        arguments: [
            ("metadata.name", "p"), ("metadata.namespace", "n"), ("metadata.uid", "u"),
            ("metadata.labels['a/b']", "l"), ("metadata.labels['none']", ""), ("metadata.annotations['k']", "v"),
            ("spec.nodeName", "node"), ("spec.serviceAccountName", "sa"), ("status.podIP", "127.0.0.1"),
            ("status.hostIP", "127.0.0.1"),
        ]
    )
    func fields(_ path: String, _ expected: String) throws {
        #expect(try value(EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: path))) == expected)
    }

    @Test(
        "Requests and limits, in units of the divisor, rounded up",
        arguments: [
            ("requests.cpu", nil, "1"), ("requests.cpu", "1m", "250"), ("limits.memory", nil, "67108864"),
            ("limits.memory", "1Mi", "64"), ("limits.memory", "1G", "1"), ("limits.cpu", nil, "2"),
            ("requests.memory", nil, "0"),
        ] as [(String, String?, String)]
    )
    func resources(_ resource: String, _ divisor: String?, _ expected: String) throws {
        let divisor = try divisor.map { try Quantity(parsing: $0) }
        let source = EnvVarSource(resourceFieldRef: ResourceFieldSelector(resource: resource, divisor: divisor))
        #expect(try value(source) == expected)
    }

    @Test func keysOfOtherObjects() throws {
        #expect(try value(EnvVarSource(configMapKeyRef: KeySelector(name: "map", key: "KEY"))) == "from map")
        #expect(try value(EnvVarSource(secretKeyRef: KeySelector(name: "secret", key: "KEY"))) == "from secret")
        let optional = KeySelector(name: "none", key: "KEY", optional: true)
        #expect(try value(EnvVarSource(secretKeyRef: optional)) == nil)
        #expect(try value(EnvVarSource(configMapKeyRef: optional)) == nil)
    }

    @Test(
        "What is missing is named",
        arguments: [
            (EnvVarSource(secretKeyRef: KeySelector(name: "none", key: "K")), "secret \"none\" not found"),
            (EnvVarSource(configMapKeyRef: KeySelector(name: "none", key: "K")), "configmap \"none\" not found"),
            (
                EnvVarSource(secretKeyRef: KeySelector(name: "secret", key: "K")),
                "couldn't find key K in Secret n/secret"
            ),
            (
                EnvVarSource(configMapKeyRef: KeySelector(name: "map", key: "K")),
                "couldn't find key K in ConfigMap n/map"
            ),
            (EnvVarSource(fieldRef: ObjectFieldSelector(fieldPath: "spec.x")), "unsupported fieldPath: \"spec.x\""),
            (EnvVarSource(resourceFieldRef: ResourceFieldSelector(resource: "cpu")), "unsupported resource: \"cpu\""),
        ]
    )
    func faults(_ source: EnvVarSource, _ expected: String) {
        do {
            let result = try value(source)
            Issue.record("resolved to \(result ?? "nil")")
        } catch {
            #expect("\(error)".hasPrefix(expected), "\(error)")
        }
    }

    @Test func laterVariablesWinAndReferToEarlierOnes() throws {
        var container = Container(name: "c")
        container.envFrom = [
            EnvFromSource(prefix: "P_", configMapRef: .init(name: "map")),
            EnvFromSource(secretRef: .init(name: "secret")),
            EnvFromSource(configMapRef: .init(name: "none", optional: true)),
        ]
        container.env = [
            EnvVar(name: "OTHER", value: "$(KEY)!"), EnvVar(name: "FORWARD", value: "$(LATER)"),
            EnvVar(name: "LATER", value: "$(OTHER) $(HOME)"),
        ]
        let result = try environment().variables(of: container, node: ["HOME": "/root", "KEY": "node"])
        #expect(
            result == [
                "HOME": "/root", "HOSTNAME": "p", "KEY": "from secret", "P_KEY": "from map", "P_OTHER": "o",
                "OTHER": "from secret!", "FORWARD": "$(LATER)", "LATER": "from secret! /root",
            ]
        )
    }

    @Test func referencesAreCollected() {
        var container = Container(name: "c")
        container.envFrom = [EnvFromSource(configMapRef: .init(name: "a"))]
        container.env = [EnvVar(name: "X", valueFrom: EnvVarSource(secretKeyRef: KeySelector(name: "b", key: "k")))]
        let references = PodSpec(containers: [container]).references
        #expect(references.configMaps == ["a"])
        #expect(references.secrets == ["b"])
    }
}

struct PortTests {
    private func container(_ ports: [(String?, Int)], env: [String] = []) -> Container {
        var container = Container(name: "c")
        container.ports = ports.map { ContainerPort(name: $0.0, containerPort: $0.1) }
        container.env = env.map { EnvVar(name: $0, value: "8080") }
        return container
    }

    @Test func whoGetsAPortOfItsOwn() {
        #expect(!PortAllocator.needsPort(container([("http", 8080)])))
        #expect(PortAllocator.needsPort(container([("http", 8080)], env: ["MARTINET_HTTP_PORT"])))
        #expect(PortAllocator.needsPort(container([("http", 0)])))
        #expect(!PortAllocator.needsPort(container([], env: ["PORT"])))
    }

    @Test(
        "Where probes ask",
        arguments: [
            (.string("http"), [("http", 8080)], 5000, 5000), (.int(8080), [("http", 8080)], 5000, 5000),
            (.int(9090), [("http", 8080)], 5000, 9090),
            (.string("metrics"), [("http", 8080), ("metrics", 9090)], 5000, 9090),
            (.string("web"), [("web", 80)], 5000, 5000), (.int(8080), [], 5000, 5000),
            (.string("http"), [("http", 8080)], nil, 8080), (.int(8080), [("http", 8080)], nil, 8080),
            (.string("none"), [("http", 8080)], 5000, nil), (.string("81"), [], nil, 81),
        ] as [(IntOrString, [(String?, Int)], Int?, Int?)]
    )
    func resolution(_ port: IntOrString, _ declared: [(String?, Int)], _ assigned: Int?, _ expected: Int?) {
        #expect(PortAllocator.resolve(port, container(declared), assigned: assigned) == expected)
    }

    @Test func portsAreDifferent() {
        let allocator = PortAllocator()
        let ports = (0..<20).compactMap { _ in allocator.allocate() }
        #expect(Set(ports).count == 20)
    }
}
