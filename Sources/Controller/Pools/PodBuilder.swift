import APIMachinery
import Spec

/// Makes a runner's Pod from a revision's template, which is passed on as it was written.
///
/// What the template leaves open is filled in: who the runner is and where it finds the controller, its probes, how
/// long it gets to stop. What the template says stays.
struct PodBuilder {
    /// The port under which probes find the runner.
    static let portName = "http"
    /// How long a Pod may take for what a runner does after its jobs: hand back what is left, and end.
    static let stoppingMargin = 15

    let settings: PoolSettings

    /// The Pod of that name.
    func pod(named name: String, of pool: Unstructured, _ revision: PoolRevision, hash: String) -> Unstructured {
        let template = revision.template ?? ["spec": ["containers": []]]
        var pod = Unstructured(["apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"] ?? [:]])
        pod.name = name
        pod.namespace = pool.namespace
        pod.labels = pod.labels.merging(revision.labels(pool: pool.name, hash: hash)) { $1 }
        pod.ownerReferences = [RevisionResolver.reference(to: pool)]
        var spec = template["spec"] ?? [:]
        var containers = spec["containers"]?.arrayValue ?? []
        if containers.isEmpty {
            containers = [["name": "agent-runner", "image": .string(settings.defaultImage)]]
        }
        let index = containers.firstIndex { $0["name"]?.stringValue == "agent-runner" } ?? 0
        containers[index] = runner(containers[index], of: pool, revision)
        spec["containers"] = .array(containers)
        if spec["terminationGracePeriodSeconds"] == nil {
            spec["terminationGracePeriodSeconds"] = .int(drainTimeout(pool).saturatingAdd(Int64(Self.stoppingMargin)))
        }
        pod.json["spec"] = spec
        return pod
    }

    private func drainTimeout(_ pool: Unstructured) -> Int64 {
        let seconds = pool.json.value(at: "spec", "drainTimeoutSeconds")?.intValue ?? 60
        return min(max(0, seconds), Int64(PoolSettings.maximumSeconds))
    }

    private func runner(_ container: JSONValue, of pool: Unstructured, _ revision: PoolRevision) -> JSONValue {
        var container = container
        var env = container["env"]?.arrayValue ?? []
        let given = Set(env.compactMap { $0["name"]?.stringValue })
        var own = variables(pool, revision)
        // Near this limit the runner ends one job, before the node ends all of them.
        if let limit = memoryLimit(container) { own.append(variable("MARTINET_MEMORY_LIMIT", String(limit))) }
        env += own.filter { !given.contains($0["name"]?.stringValue ?? "") }
        container["env"] = .array(env)

        var ports = container["ports"]?.arrayValue ?? []
        let port = port(env)
        if !ports.contains(where: { $0["name"]?.stringValue == Self.portName }), port > 0 {
            ports.append(["name": .string(Self.portName), "containerPort": .int(port), "protocol": "TCP"])
            container["ports"] = .array(ports)
        }
        // A runner with another idea of its port has probes of its own, or none.
        guard port > 0 else { return container }
        if container["readinessProbe"] == nil {
            // A runner that hangs is missed by the run engine long before. Asking more often is most of what a pool at
            // rest costs.
            container["readinessProbe"] = probe("/readyz", period: 5, timeout: 2, failures: 3)
        }
        if container["livenessProbe"] == nil {
            container["livenessProbe"] = probe("/livez", period: 10, timeout: 5, failures: 3)
        }
        return container
    }

    /// The container's memory limit in bytes, if it has one that can be read.
    private func memoryLimit(_ container: JSONValue) -> Int64? {
        guard let value = container.value(at: "resources", "limits", "memory") else { return nil }
        // What is no quantity is refused when the Pod is created.
        guard let quantity = try? Quantity(parsing: value.stringValue ?? value.text) else { return nil }
        return quantity.value > 0 ? quantity.value : nil
    }

    private func variable(_ name: String, _ text: String) -> JSONValue {
        ["name": .string(name), "value": .string(text)]
    }

    private func port(_ env: [JSONValue]) -> Int64 {
        let text = env.last { $0["name"]?.stringValue == "MARTINET_HTTP_PORT" }?["value"]?.stringValue
        return text.flatMap { Int64($0) } ?? 0
    }

    private func probe(_ path: String, period: Int64, timeout: Int64, failures: Int64) -> JSONValue {
        [
            "httpGet": ["path": .string(path), "port": .string(Self.portName)], "periodSeconds": .int(period),
            "timeoutSeconds": .int(timeout), "failureThreshold": .int(failures),
        ]
    }

    private func variables(_ pool: Unstructured, _ revision: PoolRevision) -> [JSONValue] {
        func field(_ name: String, _ path: String) -> JSONValue {
            ["name": .string(name), "valueFrom": ["fieldRef": ["fieldPath": .string(path)]]]
        }
        return [
            variable("MARTINET_CONTROLLER_URL", settings.controllerURL),
            variable("MARTINET_POOL", pool.name),
            [
                "name": "MARTINET_TOKEN",
                "valueFrom": [
                    "secretKeyRef": [
                        "name": .string(settings.tokenSecret), "key": .string(settings.tokenKey(ofPool: pool.name)),
                    ]
                ],
            ],
            variable("MARTINET_WORKERS", String(revision.concurrency)),
            variable("MARTINET_HTTP_PORT", String(settings.httpPort)),
            variable("MARTINET_DRAIN_TIMEOUT", "\(drainTimeout(pool))s"),
            field("POD_NAME", "metadata.name"),
            field("POD_NAMESPACE", "metadata.namespace"),
            field("POD_UID", "metadata.uid"),
        ]
    }
}
