import APIMachinery
import GenericAPIServer

/// The table of Pods, as `kubectl get pods` shows it.
enum PodTable {
    static let columns: [PrinterColumn] = [
        PrinterColumn(
            name: "Ready",
            type: "string",
            description: "The aggregate readiness state of this pod for accepting traffic."
        ),
        PrinterColumn(
            name: "Status",
            type: "string",
            description: "The aggregate status of the containers in this pod."
        ),
        PrinterColumn(
            name: "Restarts",
            type: "string",
            description:
                "The number of times the containers in this pod have been restarted and when the last container "
                + "in this pod has restarted."
        ),
        PrinterColumn(name: "Age", type: "string", description: TableWriter.ageColumn.description),
        PrinterColumn(name: "IP", type: "string", description: "podIP address allocated to the pod.", priority: 1),
        PrinterColumn(
            name: "Node",
            type: "string",
            description: "NodeName indicates in which node this pod is scheduled.",
            priority: 1
        ),
        PrinterColumn(
            name: "Nominated Node",
            type: "string",
            description: "nominatedNodeName is set only when this pod preempts other pods on the node.",
            priority: 1
        ),
        PrinterColumn(
            name: "Readiness Gates",
            type: "string",
            description: "All readiness gates will be evaluated for pod readiness.",
            priority: 1
        ),
    ]

    static func cells(_ pod: JSONValue, now: Timestamp) -> [JSONValue] {
        let spec = pod["spec"] ?? .null
        let status = pod["status"] ?? .null
        let statuses = status["containerStatuses"]?.arrayValue ?? []
        let total = spec["containers"]?.arrayValue?.count ?? 0
        let ready = statuses.filter { $0["ready"]?.boolValue == true && $0.value(at: "state", "running") != nil }.count
        let restarts = statuses.map { $0["restartCount"]?.intValue ?? 0 }.saturatingSum
        let lastRestart = statuses.compactMap {
            $0.value(at: "lastState", "terminated", "finishedAt")?.stringValue.flatMap(Timestamp.init(rfc3339:))
        }.max()
        var restartText = String(restarts)
        if restarts > 0, let lastRestart { restartText += " (\(HumanDuration.human(now.since(lastRestart))) ago)" }
        func text(_ value: JSONValue?) -> JSONValue {
            guard let text = value?.stringValue, !text.isEmpty else { return "<none>" }
            return .string(text)
        }
        return [
            .string("\(ready)/\(total)"), .string(reason(pod, statuses)), .string(restartText), Cells.age(pod, now),
            text(status["podIP"]), text(spec["nodeName"]), text(status["nominatedNodeName"]), "<none>",
        ]
    }

    /// What the Pod is doing, in a word.
    static func reason(_ pod: JSONValue, _ statuses: [JSONValue]) -> String {
        let status = pod["status"] ?? .null
        var reason = status["phase"]?.stringValue ?? "Unknown"
        if let own = status["reason"]?.stringValue, !own.isEmpty { reason = own }
        var isInitializing = false
        let initial = pod.value(at: "spec", "initContainers")?.arrayValue?.count ?? 0
        for (index, container) in (status["initContainerStatuses"]?.arrayValue ?? []).enumerated() {
            if container.value(at: "state", "terminated", "exitCode")?.intValue == 0 { continue }
            isInitializing = true
            if let terminated = container.value(at: "state", "terminated") {
                let why = terminated["reason"]?.stringValue ?? ""
                reason = why.isEmpty ? "Init:ExitCode:\(terminated["exitCode"]?.intValue ?? 0)" : "Init:\(why)"
            } else if let why = container.value(at: "state", "waiting", "reason")?.stringValue, why != "PodInitializing"
            {
                reason = "Init:\(why)"
            } else {
                reason = "Init:\(index)/\(initial)"
            }
            break
        }
        if !isInitializing {
            var hasRunning = false
            for container in statuses.reversed() {
                if let why = container.value(at: "state", "waiting", "reason")?.stringValue, !why.isEmpty {
                    reason = why
                } else if let terminated = container.value(at: "state", "terminated") {
                    let why = terminated["reason"]?.stringValue ?? ""
                    if !why.isEmpty {
                        reason = why
                    } else if let signal = terminated["signal"]?.intValue, signal != 0 {
                        reason = "Signal:\(signal)"
                    } else {
                        reason = "ExitCode:\(terminated["exitCode"]?.intValue ?? 0)"
                    }
                } else if container["ready"]?.boolValue == true, container.value(at: "state", "running") != nil {
                    hasRunning = true
                }
            }
            if reason == "Completed", hasRunning { reason = "Running" }
        }
        if pod.value(at: "metadata", "deletionTimestamp") != nil {
            let phase = status["phase"]?.stringValue
            if status["reason"]?.stringValue == "NodeLost" {
                reason = "Unknown"
            } else if phase != "Succeeded" && phase != "Failed" {
                reason = "Terminating"
            }
        }
        return reason
    }
}
