import APIMachinery
import Containment
import KubeAPI
import KubeClient
import Logging
import Synchronization

/// A Pod that the process died over twice: nothing of it runs, its condition says so, and it can be deleted.
extension PodWorker {
    /// Marks the Pod as being worked on by this thread.
    func markWork() -> WorkMark { context.containment.mark(.pod, name.namespace, name.name, uid: uid, scope: .thread) }

    private var quarantine: QuarantineEntry? { context.containment.entry(.pod, name.namespace, name.name, uid: uid) }

    /// Waits as long as the Pod is quarantined.
    ///
    /// - Returns: whether to lead it now; false if it is gone, or if the node stops.
    func passQuarantine() async -> Bool {
        guard quarantine != nil else { return true }
        var isWritten = false
        while let entry = quarantine, !Task.isCancelled {
            let inputs = state.withLock { state in
                defer { state.inbox = [] }
                return state.inbox
            }
            for input in inputs {
                switch input {
                case .nodeStops:
                    return false
                case .objectGone:
                    await context.containment.forget(.pod, name.namespace, name.name, uid: uid)
                    return false
                default:
                    break
                }
            }
            // What an earlier run of the node started has been killed, so that nothing is waited for.
            if pod.metadata.deletionTimestamp != nil, await removeObject() {
                await context.containment.forget(.pod, name.namespace, name.name, uid: uid)
                return false
            }
            if !isWritten { isWritten = await writeStatus(entry) }
            await waitForInput(atMost: isWritten ? nil : .seconds(1))
        }
        return !Task.isCancelled
    }

    /// Writes to the Pod's status why it does not run. False if the server did not take it.
    private func writeStatus(_ entry: QuarantineEntry) async -> Bool {
        let now = context.time.now.truncatedToSeconds
        var conditions = (pod.status?.conditions ?? []).filter { $0.type != Self.quarantined && $0.type != "Ready" }
        for (type, status) in [(Self.quarantined, "True"), ("Ready", "False")] {
            conditions.append(
                PodCondition(
                    type: type,
                    status: status,
                    lastTransitionTime: now,
                    reason: Self.quarantined,
                    message: entry.message
                )
            )
        }
        do {
            let json = try JSONValueEncoder().encode(conditions)
            _ = try await context.client.patchStatus(
                Pod.resource,
                namespace: name.namespace,
                name: name.name,
                .merge(["metadata": ["uid": .string(uid)], "status": ["conditions": json]])
            )
        } catch let error as Status where error.isNotFound || error.isConflict {
            // The object is gone; the informer is going to say so.
            return true
        } catch {
            if !Task.isCancelled { logger.warning("pod status could not be written", metadata: ["error": "\(error)"]) }
            return false
        }
        event(true, Self.quarantined, entry.message, nil)
        return true
    }

    private static let quarantined = "Quarantined"
}
