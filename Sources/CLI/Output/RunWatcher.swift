import APIMachinery
import KubeClient
import Spec
import Synchronization

/// Follows one run until it has ended, and shows its steps: on a terminal as a tree that is drawn anew, elsewhere
/// as a line for every step that changes.
struct RunWatcher {
    var client: KubeClient
    var namespace: String
    var name: String

    /// The run as it is when it has ended.
    func run(showing: Bool) async throws -> Unstructured {
        guard showing else { return try await follow { _ in } }
        let display = Mutex(RunDisplay(isLive: Terminal.isInteractive))
        let show = { @Sendable (run: Unstructured?) in
            display.withLock { $0.show(run, now: .now(), size: Terminal.size) }
        }
        guard Terminal.isInteractive else { return try await follow(show) }
        return try await withThrowingTaskGroup(of: Unstructured?.self) { group in
            group.addTask { try await follow(show) }
            // The durations of running steps grow while nothing happens to the object.
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(1))
                    show(nil)
                }
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let run = result { return run }
            }
            throw CancellationError()
        }
    }

    /// Watches go on where they broke off; a lost history begins anew, and a plane that restarts is waited for.
    private func follow(_ show: @Sendable (Unstructured) -> Void) async throws -> Unstructured {
        var interruptions = Interruptions()
        while true {
            do {
                let current = try await client.get(WorkflowRun.resource, namespace: namespace, name: name)
                interruptions.reset()
                show(current)
                if Self.hasEnded(current) { return current }
                let stream = try await client.watch(
                    WorkflowRun.resource,
                    namespace: namespace,
                    WatchOptions(fieldSelector: "metadata.name=\(name)", resourceVersion: current.resourceVersion)
                )
                for try await event in stream {
                    switch event {
                    case .added(let object), .modified(let object):
                        show(object)
                        if Self.hasEnded(object) { return object }
                    case .deleted:
                        throw Failure(.failed, "run \(name) was deleted")
                    case .bookmark, .error:
                        continue
                    }
                }
            } catch let error where Interruptions.isOne(error) {
                try await interruptions.pause(after: error)
            }
        }
    }

    static func hasEnded(_ run: Unstructured) -> Bool {
        run.json.value(at: "status", "phase")?.stringValue.flatMap(RunPhase.init(rawValue:))?.isFinal ?? false
    }
}
