package import APIMachinery
import NIOCore

/// What is wrong with Pods, field by field as `pkg/apis/core/validation` of Kubernetes finds it.
enum PodValidation {
    /// What is wrong with a new Pod.
    static func createErrors(_ pod: JSONValue) -> [FieldError] {
        var errors = specErrors(pod["spec"] ?? .null)
        let path = FieldPath("spec")
        let spec = pod["spec"] ?? .null
        if !spec.list("ephemeralContainers").isEmpty {
            errors.append(.forbidden(path.child("ephemeralContainers"), "cannot be set on create"))
        }
        if !spec.text("nodeName").isEmpty, !spec.list("schedulingGates").isEmpty {
            errors.append(
                .forbidden(path.child("nodeName"), "cannot be set until all schedulingGates have been cleared")
            )
        }
        return errors
    }

    /// What is wrong with a Pod's spec, whether it is new or was there before.
    static func specErrors(_ spec: JSONValue) -> [FieldError] {
        let path = FieldPath("spec")
        let grace = spec["terminationGracePeriodSeconds"]?.intValue
        let (volumes, volumeErrors) = VolumeValidation.volumes(spec.list("volumes"), at: path.child("volumes"))
        let containers = ContainerValidation(spec: spec, volumes: volumes, gracePeriodSeconds: grace)
        var errors = volumeErrors
        errors += containers.regular(at: path.child("containers"))
        errors += containers.initial(at: path.child("initContainers"))
        errors += containers.ephemeral(at: path.child("ephemeralContainers"))
        errors += containers.hostNetworkPorts(at: path.child("containers"))
        errors += choice(spec["restartPolicy"], ["Always", "OnFailure", "Never"], at: path.child("restartPolicy"))
        errors += choice(
            spec["dnsPolicy"],
            ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"],
            at: path.child("dnsPolicy")
        )
        errors += labels(spec["nodeSelector"], at: path.child("nodeSelector"))
        errors += securityContext(spec, at: path)
        errors += SchedulingValidation.nodeAffinity(
            spec["affinity"]?["nodeAffinity"] ?? .null,
            at: path.child("affinity").child("nodeAffinity")
        )
        errors += dnsConfig(spec, at: path.child("dnsConfig"))
        for (index, gate) in spec.list("readinessGates").enumerated() {
            let at = path.child("readinessGates").index(index).child("conditionType")
            errors += Validation.qualifiedName(gate.text("conditionType"))
                .map { .invalid(at, .string(gate.text("conditionType")), $0) }
        }
        errors += schedulingGates(spec.list("schedulingGates"), at: path.child("schedulingGates"))
        errors += SchedulingValidation.topologySpreadConstraints(
            spec.list("topologySpreadConstraints"),
            at: path.child("topologySpreadConstraints")
        )
        errors += names(spec, at: path)
        if let deadline = spec["activeDeadlineSeconds"]?.intValue, !(1...Int64(Int32.max)).contains(deadline) {
            errors.append(
                .invalid(
                    path.child("activeDeadlineSeconds"),
                    .int(deadline),
                    "must be between 1 and 2147483647, inclusive"
                )
            )
        }
        errors += SchedulingValidation.tolerations(spec.list("tolerations"), at: path.child("tolerations"))
        for (index, alias) in spec.list("hostAliases").enumerated() {
            let at = path.child("hostAliases").index(index)
            errors += address(alias.text("ip"), at: at.child("ip"))
            for (position, name) in alias.list("hostnames").compactMap(\.stringValue).enumerated() {
                errors += Validation.dns1123Subdomain(name)
                    .map { .invalid(at.child("hostnames").index(position), .string(name), $0) }
            }
        }
        errors += choice(
            spec["preemptionPolicy"],
            ["PreemptLowerPriority", "Never"],
            at: path.child("preemptionPolicy")
        )
        errors += ResourceValidation.errors(["limits": spec["overhead"] ?? .null], at: path.child("overhead"))
        if let system = spec["os"] {
            let name = system.text("name")
            if name.isEmpty {
                errors.append(.required(path.child("os").child("name"), "cannot be empty"))
            } else if !["linux", "windows"].contains(name) {
                errors.append(.notSupported(path.child("os"), .string(name), ["linux", "windows"]))
            }
        }
        return errors
    }

    // MARK: Parts

    /// A text out of a fixed set, where there is one.
    static func choice(_ value: JSONValue?, _ supported: [String], at path: FieldPath) -> [FieldError] {
        guard let text = value?.stringValue, !supported.contains(text) else { return [] }
        return [.notSupported(path, .string(text), supported)]
    }

    static func labels(_ value: JSONValue?, at path: FieldPath) -> [FieldError] {
        var texts: [String: String] = [:]
        for (key, value) in value?.objectValue ?? [:] { texts[key] = value.stringValue }
        return Validation.labels(texts, at: path)
    }

    static func address(_ text: String, at path: FieldPath) -> [FieldError] {
        // What cannot be read as an address is none, as is said below.
        if (try? SocketAddress(ipAddress: text, port: 0)) != nil { return [] }
        return [.invalid(path, .string(text), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")]
    }

    /// A user's or a group's number.
    static func identity(_ value: JSONValue?, at path: FieldPath) -> [FieldError] {
        guard let number = value?.intValue, !(0...Int64(Int32.max)).contains(number) else { return [] }
        return [.invalid(path, .int(number), "must be between 0 and 2147483647, inclusive")]
    }

    private static func securityContext(_ spec: JSONValue, at path: FieldPath) -> [FieldError] {
        let context = spec["securityContext"] ?? .null
        let at = path.child("securityContext")
        var errors: [FieldError] = []
        for field in ["fsGroup", "runAsUser", "runAsGroup"] { errors += identity(context[field], at: at.child(field)) }
        for (index, group) in context.list("supplementalGroups").enumerated() {
            errors += identity(group, at: at.child("supplementalGroups").index(index))
        }
        if spec["shareProcessNamespace"]?.boolValue == true, spec["hostPID"]?.boolValue == true {
            errors.append(
                .invalid(
                    at.child("shareProcessNamespace"),
                    true,
                    "ShareProcessNamespace and HostPID cannot both be enabled"
                )
            )
        }
        errors += choice(
            context["fsGroupChangePolicy"],
            ["Always", "OnRootMismatch"],
            at: at.child("fsGroupChangePolicy")
        )
        if spec["hostUsers"]?.boolValue == false {
            for (field, name) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")]
            where spec[field]?.boolValue == true {
                errors.append(.forbidden(path.child(name), "when `pod.Spec.HostUsers` is false"))
            }
        }
        return errors
    }

    private static func dnsConfig(_ spec: JSONValue, at path: FieldPath) -> [FieldError] {
        let config = spec["dnsConfig"]
        let servers = (config ?? .null).list("nameservers")
        if spec["dnsPolicy"] == "None" {
            guard config != nil else {
                return [.required(path, "must provide `dnsConfig` when `dnsPolicy` is None")]
            }
            guard !servers.isEmpty else {
                let at = path.child("nameservers")
                return [.required(at, "must provide at least one DNS nameserver when `dnsPolicy` is None")]
            }
        }
        guard let config else { return [] }
        var errors: [FieldError] = []
        if servers.count > 3 {
            errors.append(.invalid(path.child("nameservers"), .array(servers), "must not have more than 3 nameservers"))
        }
        for (index, server) in servers.enumerated() {
            errors += address(server.stringValue ?? "", at: path.child("nameservers").index(index))
        }
        let searches = config.list("searches")
        if searches.count > 32 {
            errors.append(.invalid(path.child("searches"), .array(searches), "must not have more than 32 search paths"))
        }
        for (index, search) in searches.compactMap(\.stringValue).enumerated() {
            let domain = search.hasSuffix(".") ? String(search.dropLast()) : search
            errors += Validation.dns1123Subdomain(domain)
                .map { .invalid(path.child("searches").index(index), .string(domain), $0) }
        }
        for (index, option) in config.list("options").enumerated() where option.text("name").isEmpty {
            errors.append(.required(path.child("options").index(index), "must not be empty"))
        }
        return errors
    }

    private static func schedulingGates(_ gates: [JSONValue], at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        var seen: Set<String> = []
        for (index, gate) in gates.enumerated() {
            let name = gate.text("name")
            errors += Validation.qualifiedName(name).map { .invalid(path.index(index), .string(name), $0) }
            if !seen.insert(name).inserted { errors.append(.duplicate(path.index(index), .string(name))) }
        }
        return errors
    }

    /// Names of other objects and of the Pod's host.
    private static func names(_ spec: JSONValue, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        for field in ["serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName"] {
            let name = spec.text(field)
            guard !name.isEmpty else { continue }
            errors += Validation.dns1123Subdomain(name).map { .invalid(path.child(field), .string(name), $0) }
        }
        for field in ["hostname", "subdomain"] {
            let name = spec.text(field)
            guard !name.isEmpty else { continue }
            errors += Validation.dns1123Label(name).map { .invalid(path.child(field), .string(name), $0) }
        }
        return errors
    }
}

extension JSONValue {
    /// A member's text; empty if there is none.
    package func text(_ member: String) -> String { self[member]?.stringValue ?? "" }

    /// A member's elements; none if there is no such list.
    func list(_ member: String) -> [JSONValue] { self[member]?.arrayValue ?? [] }
}
