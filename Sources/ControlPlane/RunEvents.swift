import APIMachinery
import ControllerRuntime
import RunEngine
import Spec

/// Writes Events about runs.
enum RunEvents {
    static func follow(_ engine: RunEngine, into events: EventRecorder) {
        engine.observeRuns { occurrence in
            let run = ObjectReference(
                apiVersion: WorkflowRun.groupVersionKind.apiVersion,
                kind: WorkflowRun.groupVersionKind.kind,
                namespace: occurrence.namespace,
                name: occurrence.name,
                uid: occurrence.uid
            )
            if occurrence.isWarning {
                events.warning(run, reason: occurrence.reason, occurrence.message)
            } else {
                events.normal(run, reason: occurrence.reason, occurrence.message)
            }
        }
    }
}
