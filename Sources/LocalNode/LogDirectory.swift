import APIMachinery
import FoundationEssentials
import KubeAPI

/// Where containers' logs are: `logs/NAMESPACE_NAME_UID/CONTAINER/ATTEMPT.log`, as on every Kubernetes node.
struct LogDirectory: Sendable {
    let root: String

    init(dataDirectory: String) { root = "\(dataDirectory)/logs/pods" }

    func directory(of pod: Pod) -> String {
        let metadata = pod.metadata
        return "\(root)/\(metadata.namespace ?? "")_\(metadata.name ?? "")_\(metadata.uid ?? "")"
    }

    func file(of pod: Pod, container: String, attempt: Int) -> String {
        "\(directory(of: pod))/\(container)/\(attempt).log"
    }

    /// Makes room for an attempt's log; of the attempts before only the last one is kept, as `--previous` shows it.
    func prepare(_ pod: Pod, container: String, attempt: Int) throws -> String {
        let path = file(of: pod, container: container, attempt: attempt)
        let directory = "\(directory(of: pod))/\(container)"
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        // What cannot be removed takes space and goes with the Pod's directory.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            if let number = name.split(separator: ".").first.flatMap({ Int($0) }), number < attempt - 1 {
                // As above.
                try? FileManager.default.removeItem(atPath: "\(directory)/\(name)")
            }
        }
        return path
    }

    /// The Pod is gone, and its logs with it.
    // What cannot be removed now is tried again at the next start of the node.
    func remove(_ pod: Pod) { try? FileManager.default.removeItem(atPath: directory(of: pod)) }

    /// Removes the logs of Pods that no longer exist.
    func removeAll(except uids: Set<String>) {
        // Without the directory there are no logs; what cannot be removed is tried again at the next start.
        for name in (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [] {
            let uid = name.split(separator: "_").last.map(String.init) ?? ""
            // As above.
            if !uids.contains(uid) { try? FileManager.default.removeItem(atPath: "\(root)/\(name)") }
        }
    }
}
