import APIMachinery
import KubeAPI
import KubeClient

/// Why a container cannot be configured; the message is the one of its `CreateContainerConfigError`.
struct ContainerConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    var description: String
}

/// What a container's program is started with, apart from its executable. Pure: the objects that variables refer to
/// have been read before.
struct ContainerEnvironment: Sendable {
    /// The Pod, its metadata as the API has it.
    var pod: Pod
    var nodeName: String
    /// The address of host and Pod.
    var address: String
    /// What the node can give; limits that are not set resolve to it.
    var allocatable: [String: Quantity]
    /// The ConfigMaps and Secrets of the Pod's namespace that its containers refer to, by name.
    var configMaps: [String: ConfigMap]
    var secrets: [String: Secret]

    /// The variables of a container: those of the node first, then `envFrom`, then `env`; later ones win.
    func variables(
        of container: Container,
        node: [String: String]
    ) throws(ContainerConfigurationError) -> [String: String] {
        var result = node
        result["HOSTNAME"] = pod.spec?.hostname ?? pod.metadata.name
        for source in container.envFrom ?? [] {
            for (key, value) in try values(of: source) {
                let name = (source.prefix ?? "") + key
                // Keys that cannot be variables are passed over, as kubelet does.
                if Self.isVariableName(name) { result[name] = value }
            }
        }
        for variable in container.env ?? [] {
            if let source = variable.valueFrom {
                // An optional source that is missing leaves the variable unset.
                if let value = try value(of: source, container) { result[variable.name] = value }
            } else {
                result[variable.name] = expandVariables(in: variable.value ?? "", result)
            }
        }
        return result
    }

    private static func isVariableName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return !name.utf8.contains(UInt8(ascii: "=")) && !name.utf8.contains(0)
    }

    private func values(of source: EnvFromSource) throws(ContainerConfigurationError) -> [(String, String)] {
        if let reference = source.configMapRef {
            guard let map = configMaps[reference.name ?? ""] else {
                if reference.optional == true { return [] }
                throw .init(description: "configmap \"\(reference.name ?? "")\" not found")
            }
            return (map.data ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        }
        if let reference = source.secretRef {
            guard let secret = secrets[reference.name ?? ""] else {
                if reference.optional == true { return [] }
                throw .init(description: "secret \"\(reference.name ?? "")\" not found")
            }
            return (secret.data ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, Self.decode($0.value)) }
        }
        return []
    }

    private static func decode(_ text: String) -> String {
        Base64.decode(text, allowing: .lineBreaks).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private func value(
        of source: EnvVarSource,
        _ container: Container
    ) throws(ContainerConfigurationError) -> String? {
        let namespace = pod.metadata.namespace ?? ""
        if let reference = source.configMapKeyRef {
            let name = reference.name ?? ""
            guard let map = configMaps[name] else {
                if reference.optional == true { return nil }
                throw .init(description: "configmap \"\(name)\" not found")
            }
            if let value = map.data?[reference.key] { return value }
            if reference.optional == true { return nil }
            throw .init(description: "couldn't find key \(reference.key) in ConfigMap \(namespace)/\(name)")
        }
        if let reference = source.secretKeyRef {
            let name = reference.name ?? ""
            guard let secret = secrets[name] else {
                if reference.optional == true { return nil }
                throw .init(description: "secret \"\(name)\" not found")
            }
            if let value = secret.data?[reference.key] { return Self.decode(value) }
            if reference.optional == true { return nil }
            throw .init(description: "couldn't find key \(reference.key) in Secret \(namespace)/\(name)")
        }
        if let reference = source.fieldRef { return try field(reference.fieldPath) }
        if let reference = source.resourceFieldRef { return try resource(reference, container) }
        return ""
    }

    /// The downward API's fields.
    private func field(_ path: String) throws(ContainerConfigurationError) -> String {
        switch path {
        case "metadata.name": return pod.metadata.name ?? ""
        case "metadata.namespace": return pod.metadata.namespace ?? ""
        case "metadata.uid": return pod.metadata.uid ?? ""
        case "spec.nodeName": return nodeName
        case "spec.serviceAccountName": return pod.spec?.serviceAccountName ?? ""
        case "status.hostIP", "status.podIP", "status.hostIPs", "status.podIPs": return address
        default: break
        }
        for (prefix, values) in [
            ("metadata.labels['", pod.metadata.labels), ("metadata.annotations['", pod.metadata.annotations),
        ] where path.hasPrefix(prefix) && path.hasSuffix("']") {
            return values?[String(path.dropFirst(prefix.count).dropLast(2))] ?? ""
        }
        throw .init(
            description: "unsupported fieldPath: \"\(path)\"; use metadata.name, metadata.namespace, metadata.uid, "
                + "metadata.labels['KEY'], metadata.annotations['KEY'], spec.nodeName, spec.serviceAccountName, "
                + "status.hostIP or status.podIP"
        )
    }

    /// A request or limit in units of the divisor, rounded up.
    private func resource(
        _ reference: ResourceFieldSelector,
        _ container: Container
    ) throws(ContainerConfigurationError) -> String {
        let all = (pod.spec?.containers ?? []) + (pod.spec?.initContainers ?? [])
        let subject = reference.containerName.flatMap { name in all.first { $0.name == name } } ?? container
        let parts = reference.resource.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, ["limits", "requests"].contains(parts[0]) else {
            throw .init(
                description: "unsupported resource: \"\(reference.resource)\"; use limits.cpu, requests.memory, …"
            )
        }
        let declared = parts[0] == "limits" ? subject.resources?.limits : subject.resources?.requests
        let amount = declared?[parts[1]] ?? (parts[0] == "limits" ? allocatable[parts[1]] : nil) ?? .zero
        let divisor = reference.divisor.flatMap { $0.isZero ? nil : $0 } ?? Quantity(1)
        return String(Int64(clamping: (amount.approximateDouble / divisor.approximateDouble).rounded(.up)))
    }
}

extension PodSpec {
    /// The names of the ConfigMaps and Secrets that the containers' variables refer to.
    var references: (configMaps: Set<String>, secrets: Set<String>) {
        var configMaps: Set<String> = []
        var secrets: Set<String> = []
        for container in containers + (initContainers ?? []) {
            for source in container.envFrom ?? [] {
                if let name = source.configMapRef?.name { configMaps.insert(name) }
                if let name = source.secretRef?.name { secrets.insert(name) }
            }
            for source in (container.env ?? []).compactMap(\.valueFrom) {
                if let name = source.configMapKeyRef?.name { configMaps.insert(name) }
                if let name = source.secretKeyRef?.name { secrets.insert(name) }
            }
        }
        return (configMaps, secrets)
    }
}
