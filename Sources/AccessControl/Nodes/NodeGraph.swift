import APIMachinery

/// Which nodes may read which Secrets and ConfigMaps: those that Pods bound to the node refer to. Kept current change by
/// change, so that a decision is one look into a table.
struct NodeGraph: Sendable {
    /// Something that a Pod refers to.
    struct Object: Hashable, Sendable {
        /// `secrets` or `configmaps`.
        var resource: String
        /// `namespace/name`.
        var path: String
    }

    private struct BoundPod: Sendable {
        var uid: String
        var node: String
        var objects: Set<Object>
    }

    private var pods: [String: BoundPod] = [:]
    /// How many Pods of a node refer to an object.
    private var uses: [String: [Object: Int]] = [:]

    /// Takes over the state of a Pod.
    mutating func set(_ path: String, _ pod: JSONValue) {
        let uid = pod.value(at: "metadata", "uid")?.stringValue ?? ""
        let node = pod.value(at: "spec", "nodeName")?.stringValue ?? ""
        // What a bound Pod refers to is immutable, except for the debug containers that it is given later.
        let hasDebuggers = pod.value(at: "spec", "ephemeralContainers") != nil
        if let known = pods[path], known.uid == uid, known.node == node, !hasDebuggers { return }
        remove(path)
        guard !node.isEmpty else { return }
        let namespace = pod.value(at: "metadata", "namespace")?.stringValue ?? ""
        let bound = BoundPod(uid: uid, node: node, objects: PodReferences.all(of: pod, namespace: namespace))
        pods[path] = bound
        for object in bound.objects { uses[node, default: [:]][object, default: 0] += 1 }
    }

    /// Forgets a Pod.
    mutating func remove(_ path: String) {
        guard let old = pods.removeValue(forKey: path), var table = uses[old.node] else { return }
        for object in old.objects {
            let left = (table[object] ?? 0) - 1
            table[object] = left > 0 ? left : nil
        }
        uses[old.node] = table.isEmpty ? nil : table
    }

    /// Whether a Pod of the node refers to the object.
    func refers(_ node: String, to object: Object) -> Bool { uses[node]?[object] != nil }
}

/// What a Pod refers to in its namespace (`k8s.io/kubernetes/pkg/api/v1/pod.VisitPodSecretNames` and
/// `VisitPodConfigmapNames`).
enum PodReferences {
    static func all(of pod: JSONValue, namespace: String) -> Set<NodeGraph.Object> {
        var found: Set<NodeGraph.Object> = []
        func add(_ resource: String, _ name: JSONValue?) {
            guard let name = name?.stringValue, !name.isEmpty else { return }
            found.insert(NodeGraph.Object(resource: resource, path: "\(namespace)/\(name)"))
        }
        let spec = pod["spec"] ?? .null
        func list(_ value: JSONValue?, _ field: String) -> [JSONValue] { value?[field]?.arrayValue ?? [] }
        for reference in list(spec, "imagePullSecrets") { add("secrets", reference["name"]) }
        for field in ["initContainers", "containers", "ephemeralContainers"] {
            for container in list(spec, field) {
                for source in list(container, "envFrom") {
                    add("secrets", source.value(at: "secretRef", "name"))
                    add("configmaps", source.value(at: "configMapRef", "name"))
                }
                for variable in list(container, "env") {
                    add("secrets", variable.value(at: "valueFrom", "secretKeyRef", "name"))
                    add("configmaps", variable.value(at: "valueFrom", "configMapKeyRef", "name"))
                }
            }
        }
        for volume in list(spec, "volumes") {
            add("configmaps", volume.value(at: "configMap", "name"))
            add("secrets", volume.value(at: "secret", "secretName"))
            add("secrets", volume.value(at: "azureFile", "secretName"))
            add("secrets", volume.value(at: "csi", "nodePublishSecretRef", "name"))
            for kind in ["cephfs", "cinder", "flexVolume", "rbd", "scaleIO", "iscsi", "storageos"] {
                add("secrets", volume.value(at: kind, "secretRef", "name"))
            }
            for source in list(volume["projected"], "sources") {
                add("configmaps", source.value(at: "configMap", "name"))
                add("secrets", source.value(at: "secret", "name"))
            }
        }
        return found
    }
}
