import APIMachinery
import GenericAPIServer

/// Pods.
struct PodStrategy: BuiltInStrategy {
    var typeName: String { "Pod" }
    var hasGeneration: Bool { true }
    var returnsDeletedObject: Bool { true }
    var isGraceful: Bool { true }

    var selectableFields: Set<String> {
        [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
            "status.phase", "status.podIP", "status.nominatedNodeName",
        ]
    }

    func fieldValues(_ object: JSONValue) -> [String: String] {
        var values: [String: String] = [:]
        for field in selectableFields {
            switch object.value(at: field.split(separator: ".").map(String.init)) {
            case .string(let text)?: values[field] = text
            case .bool(let value)?: values[field] = value ? "true" : "false"
            default: break
            }
        }
        if values["spec.hostNetwork"] == nil { values["spec.hostNetwork"] = "false" }
        return values
    }

    func fillDefaults(_ object: inout JSONValue) {
        var spec = object["spec"] ?? .object([:])
        PodDefaults.fill(&spec)
        object["spec"] = spec
        if object["status"] == nil { object["status"] = .object([:]) }
    }

    func prepareForCreate(_ object: inout JSONValue, _ context: RequestContext) {
        object["status"] = [
            "phase": "Pending", "qosClass": .string(PodResources.qualityOfService(object["spec"] ?? .null)),
        ]
        if object.value(at: "spec", "serviceAccountName") == nil {
            object.set("default", at: ["spec", "serviceAccountName"])
        }
        if let account = object.value(at: "spec", "serviceAccountName") {
            object.set(account, at: ["spec", "serviceAccount"])
        }
        let priorityClass = object.value(at: "spec", "priorityClassName")?.stringValue ?? ""
        if object.value(at: "spec", "priority") == nil, let priority = PodAdmission.priority(ofClass: priorityClass) {
            object.set(.int(priority), at: ["spec", "priority"])
        }
        if object.value(at: "spec", "preemptionPolicy") == nil {
            object.set("PreemptLowerPriority", at: ["spec", "preemptionPolicy"])
        }
        PodDefaults.addDefaultTolerations(&object)
    }

    func prepareForUpdate(_ object: inout JSONValue, old: JSONValue, subresource: String) {
        switch subresource {
        case "status":
            object["spec"] = old["spec"]
            // What kubelets may not touch along with the status.
            object.set(old.value(at: "metadata", "ownerReferences"), at: ["metadata", "ownerReferences"])
            if object.value(at: "status", "qosClass") == nil {
                object.set(old.value(at: "status", "qosClass"), at: ["status", "qosClass"])
            }
        case "binding": break
        default:
            object["status"] = old["status"]
            PodDefaults.addDefaultTolerations(&object)
        }
        if object["spec"] != old["spec"], subresource != "status" {
            object.set(.int(Unstructured(old).generation + 1), at: ["metadata", "generation"])
        }
    }

    func validate(_ object: JSONValue, _ context: RequestContext) -> [FieldError] { PodValidation.createErrors(object) }

    func warnings(ofNew object: JSONValue) -> [String] { PodWarnings.all(of: object) }

    func validateUpdate(
        _ object: JSONValue,
        old: JSONValue,
        subresource: String,
        _ context: RequestContext
    ) -> [FieldError] {
        switch subresource {
        case "status", "binding": []
        default: PodUpdateValidation.errors(object, old: old)
        }
    }

    /// A Pod on a node is given the time to end itself; one that never ran, or has ended, needs none.
    func gracePeriod(_ object: JSONValue, requested: Int64?) -> Int64? {
        var seconds = requested ?? object.value(at: "spec", "terminationGracePeriodSeconds")?.intValue ?? 30
        if seconds < 0 { seconds = 1 }
        if (object.value(at: "spec", "nodeName")?.stringValue ?? "").isEmpty { return 0 }
        let phase = object.value(at: "status", "phase")?.stringValue
        if phase == "Failed" || phase == "Succeeded" { return 0 }
        return seconds
    }

    func cells(_ object: JSONValue, now: Timestamp) -> [JSONValue]? { PodTable.cells(object, now: now) }
}

/// The defaults of a Pod's spec, as `SetDefaults_PodSpec` and its like have them.
enum PodDefaults {
    static func fill(_ spec: inout JSONValue) {
        let texts: [(String, JSONValue)] = [
            ("restartPolicy", "Always"), ("dnsPolicy", "ClusterFirst"), ("schedulerName", "default-scheduler"),
            ("terminationGracePeriodSeconds", 30), ("securityContext", .object([:])), ("enableServiceLinks", true),
        ]
        for (key, value) in texts where spec[key] == nil { spec[key] = value }
        if spec["serviceAccountName"] == nil, let name = spec["serviceAccount"] { spec["serviceAccountName"] = name }
        if spec["serviceAccountName"] != nil { spec["serviceAccount"] = spec["serviceAccountName"] }
        for field in ["containers", "initContainers", "ephemeralContainers"] {
            guard let containers = spec[field]?.arrayValue else { continue }
            spec[field] = .array(containers.map(container))
        }
        if let volumes = spec["volumes"]?.arrayValue { spec["volumes"] = .array(volumes.map(volume)) }
    }

    private static func container(_ container: JSONValue) -> JSONValue {
        var result = container
        if result["terminationMessagePath"] == nil { result["terminationMessagePath"] = "/dev/termination-log" }
        if result["terminationMessagePolicy"] == nil { result["terminationMessagePolicy"] = "File" }
        if result["imagePullPolicy"] == nil {
            let image = result["image"]?.stringValue ?? ""
            let name = image.split(separator: "/").last ?? ""
            let tag = name.split(separator: ":").dropFirst().last
            let isLatest = !image.contains("@") && (tag == nil || tag == "latest")
            result["imagePullPolicy"] = isLatest ? "Always" : "IfNotPresent"
        }
        var resources = result["resources"] ?? .object([:])
        // A limit without a request is also the request.
        if let limits = resources["limits"]?.objectValue {
            var requests = resources["requests"]?.objectValue ?? [:]
            for (name, value) in limits where requests[name] == nil { requests[name] = value }
            if !requests.isEmpty { resources["requests"] = .object(requests) }
        }
        result["resources"] = resources
        for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if let given = result[field] { result[field] = probe(given) }
        }
        return result
    }

    private static func probe(_ probe: JSONValue) -> JSONValue {
        var result = probe
        let numbers: [(String, Int64)] = [
            ("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3),
        ]
        for (key, value) in numbers where (result[key]?.intValue ?? 0) == 0 { result[key] = .int(value) }
        if var get = result["httpGet"] {
            if get["path"] == nil { get["path"] = "/" }
            if get["scheme"] == nil { get["scheme"] = "HTTP" }
            result["httpGet"] = get
        }
        return result
    }

    private static func volume(_ volume: JSONValue) -> JSONValue {
        var result = volume
        for source in ["configMap", "secret", "downwardAPI", "projected"] where result[source]?.objectValue != nil {
            if result[source]?["defaultMode"] == nil { result.set(420, at: [source, "defaultMode"]) }
        }
        if let sources = result.value(at: "projected", "sources")?.arrayValue {
            let filled = sources.map { source in
                var source = source
                let path = ["serviceAccountToken", "expirationSeconds"]
                if source["serviceAccountToken"]?.objectValue != nil, source.value(at: path) == nil {
                    source.set(3600, at: path)
                }
                return source
            }
            result.set(.array(filled), at: ["projected", "sources"])
        }
        if result["hostPath"]?.objectValue != nil, result["hostPath"]?["type"] == nil {
            result.set("", at: ["hostPath", "type"])
        }
        if result.objectValue?.count == 1 { result["emptyDir"] = .object([:]) }
        return result
    }

    /// What the admission of a cluster adds: a Pod outlives a short failure of its node.
    static func addDefaultTolerations(_ object: inout JSONValue) {
        var tolerations = object.value(at: "spec", "tolerations")?.arrayValue ?? []
        for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
            let isTolerated = tolerations.contains { toleration in
                let own = toleration["key"]?.stringValue ?? ""
                let effect = toleration["effect"]?.stringValue ?? ""
                return (own.isEmpty || own == key) && (effect.isEmpty || effect == "NoExecute")
            }
            if !isTolerated {
                tolerations.append([
                    "effect": "NoExecute", "key": .string(key), "operator": "Exists", "tolerationSeconds": 300,
                ])
            }
        }
        object.set(.array(tolerations), at: ["spec", "tolerations"])
    }
}

/// What a Pod's resource requests say of it.
enum PodResources {
    static func qualityOfService(_ spec: JSONValue) -> String {
        let containers = (spec["containers"]?.arrayValue ?? []) + (spec["initContainers"]?.arrayValue ?? [])
        var hasAny = false
        var isGuaranteed = true
        for container in containers {
            let requests = container.value(at: "resources", "requests")?.objectValue ?? [:]
            let limits = container.value(at: "resources", "limits")?.objectValue ?? [:]
            for name in ["cpu", "memory"] {
                if requests[name] != nil || limits[name] != nil { hasAny = true }
                guard let limit = limits[name], limit == requests[name] ?? limit else {
                    isGuaranteed = false
                    continue
                }
            }
        }
        if !hasAny { return "BestEffort" }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }
}
