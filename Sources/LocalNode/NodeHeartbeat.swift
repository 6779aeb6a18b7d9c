import APIMachinery
import FoundationEssentials
import KubeAPI
import KubeClient
import Logging

/// Registers the Node and keeps saying that it is alive: its Lease every few seconds, its status every few minutes.
struct NodeHeartbeat: Sendable {
    static let leaseNamespace = "kube-node-lease"
    static let statusInterval = Duration.seconds(300)

    let client: KubeClient
    let options: LocalNode.Options
    let time: any TimeSource
    let logger: Logger

    /// Registers and renews until the task is cancelled; calls `registered` once.
    func run(_ registered: @Sendable (Node) -> Void) async throws {
        var isRegistered = false
        var statusAt: Duration?
        while true {
            do {
                if !isRegistered || time.instant - (statusAt ?? .zero) >= Self.statusInterval {
                    let node = try await register()
                    statusAt = time.instant
                    if !isRegistered { registered(node) }
                    isRegistered = true
                }
                try await renewLease()
                try await time.sleep(for: options.heartbeat)
            } catch let status as Status {
                logger.warning("node heartbeat failed and is retried", metadata: ["error": "\(status)"])
                try await time.sleep(for: .seconds(1))
            }
        }
    }

    private func register() async throws -> Node {
        let labels = [
            "kubernetes.io/hostname": options.nodeName, "kubernetes.io/os": "linux",
            "kubernetes.io/arch": Self.architecture,
        ]
        if try await client.find(Node.self, name: options.nodeName) == nil {
            let node = Node(metadata: ObjectMeta(name: options.nodeName, labels: labels))
            do {
                _ = try await client.create(node)
            } catch let status as Status where status.isAlreadyExists {
                // Another writer was faster; what counts is the status.
            }
        }
        let current = try await client.get(Node.self, name: options.nodeName)
        let status = try JSONValueEncoder().encode(status(current.status))
        return try await client.patchStatus(Node.self, name: options.nodeName, .merge(["status": status]))
    }

    private func status(_ old: NodeStatus?) -> NodeStatus {
        var status = NodeStatus()
        status.capacity = options.capacity
        status.allocatable = options.capacity
        let now = time.now.truncatedToSeconds
        func condition(_ type: String, _ value: String, _ reason: String, _ message: String) -> NodeCondition {
            let before = old?.conditions?.first { $0.type == type }
            return NodeCondition(
                type: type,
                status: value,
                lastHeartbeatTime: now,
                lastTransitionTime: before?.status == value ? before?.lastTransitionTime ?? now : now,
                reason: reason,
                message: message
            )
        }
        status.conditions = [
            condition(
                "MemoryPressure",
                "False",
                "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available"
            ),
            condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            condition("Ready", "True", "KubeletReady", "Pods run as processes of this machine"),
        ]
        status.addresses = [
            NodeAddress(type: "InternalIP", address: options.address),
            NodeAddress(type: "Hostname", address: options.nodeName),
        ]
        var info = NodeSystemInfo()
        info.machineID = Self.line("/etc/machine-id")
        info.systemUUID = info.machineID
        info.bootID = Self.line("/proc/sys/kernel/random/boot_id")
        info.kernelVersion = Self.line("/proc/sys/kernel/osrelease")
        info.osImage = Self.osImage()
        info.containerRuntimeVersion = "pod-shim://\(options.version)"
        info.kubeletVersion = options.version
        info.operatingSystem = "linux"
        info.architecture = Self.architecture
        status.nodeInfo = info
        return status
    }

    private func renewLease() async throws {
        let now = MicroTime(time.now)
        let change: JSONValue = [
            "spec": [
                "holderIdentity": .string(options.nodeName), "leaseDurationSeconds": 40,
                "renewTime": .string(now.timestamp.rfc3339Micro),
            ]
        ]
        do {
            _ = try await client.patch(
                Lease.self,
                namespace: Self.leaseNamespace,
                name: options.nodeName,
                .merge(change)
            )
        } catch let status as Status where status.isNotFound {
            try await createLease(now)
        }
    }

    private func createLease(_ now: MicroTime) async throws {
        var lease = Lease(metadata: ObjectMeta(name: options.nodeName, namespace: Self.leaseNamespace))
        lease.spec = LeaseSpec()
        lease.spec?.holderIdentity = options.nodeName
        lease.spec?.leaseDurationSeconds = 40
        lease.spec?.renewTime = now
        do {
            _ = try await client.create(lease)
        } catch let status as Status where status.isNotFound {
            _ = try await client.create(Namespace(metadata: ObjectMeta(name: Self.leaseNamespace)))
            _ = try await client.create(lease)
        }
    }

    static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }

    private static func line(_ path: String) -> String {
        // What the system does not provide is left empty in the Node.
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return "" }
        return String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    }

    private static func osImage() -> String {
        // What the system does not provide is left general in the Node.
        guard let data = try? Data(contentsOf: URL(filePath: "/etc/os-release")) else { return "Linux" }
        for line in String(decoding: data, as: UTF8.self).split(separator: "\n") where line.hasPrefix("PRETTY_NAME=") {
            return line.dropFirst(12).filter { $0 != "\"" }
        }
        return "Linux"
    }
}
