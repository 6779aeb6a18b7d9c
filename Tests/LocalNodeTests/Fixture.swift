import APIMachinery
import Containment
import ControllerRuntime
import FoundationEssentials
import Glibc
import ImageStore
import KubeAPI
import KubeClient
import KubeTestSupport
import Logging
import Synchronization

@testable import LocalNode

/// Programs and directories of tests that run real processes.
enum Programs {
    /// The shim that was built with the tests.
    static let shim: String = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = ProcessInfo.processInfo.environment["MARTINET_BIN"] ?? "\(root.path)/.build/debug"
        return "\(folder)/pod-shim"
    }()

    /// Runs the body in a directory of its own.
    static func withDirectory<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let path = "\(FileManager.default.temporaryDirectory.path)/local-node-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        do {
            let result = try await body(path)
            try? FileManager.default.removeItem(atPath: path)
            return result
        } catch {
            try? FileManager.default.removeItem(atPath: path)
            throw error
        }
    }

    /// The living processes that were started with that `NAME=VALUE`.
    static func processes(with assignment: String) -> [Int32] {
        let table = ProcessTable.read()
        return table.processes.values.filter { !$0.isZombie && ProcFS.environment(of: $0.pid, contains: assignment) }
            .map(\.pid).sorted()
    }
}

/// Asks again until it is so. Ends only by the answer: a test that hangs names the question in its trace.
func until(_ condition: () async throws -> Bool) async throws {
    while try await !condition() { try await SystemTime().sleep(for: .milliseconds(10)) }
}

/// A node with real processes on an API server in memory.
struct NodeFixture: Sendable {
    let api: MemoryAPI
    let client: KubeClient
    let directory: String
    let node: LocalNode

    /// Runs the body beside a running node.
    static func with(
        api: MemoryAPI = MemoryAPI(),
        directory: String,
        containment: Containment = .disabled,
        _ change: (inout LocalNode.Options) -> Void = { _ in },
        _ body: (NodeFixture) async throws -> Void
    ) async throws {
        var options = LocalNode.Options(dataDirectory: directory, shimPath: Programs.shim, nodeName: "node")
        options.builtInImages = ["shell:latest": "/bin/sh"]
        options.backoffBase = .milliseconds(50)
        options.backoffCap = .milliseconds(200)
        options.usageInterval = .milliseconds(50)
        change(&options)
        var logger = Logger(label: "node")
        logger.logLevel = .critical
        let client = api.client()
        let node = LocalNode(client: client, options: options, containment: containment, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await node.run() }
            do {
                try await body(NodeFixture(api: api, client: client, directory: directory, node: node))
            } catch {
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
    }

    /// Creates a Pod whose container runs a shell script.
    @discardableResult
    func create(_ name: String, _ script: String, _ change: (inout Pod) -> Void = { _ in }) async throws -> Pod {
        var container = Container(name: "main", image: "shell")
        container.args = ["-c", script]
        var pod = Pod(metadata: ObjectMeta(name: name, namespace: "n"), spec: PodSpec(containers: [container]))
        pod.spec?.terminationGracePeriodSeconds = 20
        change(&pod)
        return try await client.create(pod)
    }

    func pod(_ name: String) async throws -> Pod? { try await client.find(Pod.self, namespace: "n", name: name) }

    /// Waits until the Pod's status is as wanted, and answers the Pod.
    @discardableResult
    func wait(_ name: String, _ condition: (Pod) -> Bool) async throws -> Pod {
        while true {
            if let pod = try await pod(name), condition(pod) { return pod }
            try await SystemTime().sleep(for: .milliseconds(10))
        }
    }

    /// Waits until the Pod is gone.
    func waitUntilGone(_ name: String) async throws { try await until { try await pod(name) == nil } }

    /// A container's whole log.
    func log(_ pod: Pod, _ options: PodLogOptions = PodLogOptions()) async throws -> String {
        var bytes: [UInt8] = []
        for try await chunk in try node.logs(of: Unstructured(encoding: pod), options) { bytes += chunk }
        return String(decoding: bytes, as: UTF8.self)
    }

    func events(_ reason: String) async throws -> [String] {
        let events = GroupVersionResource(group: "", version: "v1", resource: "events")
        return try await client.list(events, namespace: "n").items
            .filter { $0.json["reason"]?.stringValue == reason }
            .compactMap { $0.json["message"]?.stringValue }
    }
}

extension Pod {
    var main: ContainerStatus? { status?.containerStatuses?.first }
}
