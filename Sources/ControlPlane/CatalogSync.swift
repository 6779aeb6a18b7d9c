import APIMachinery
import Containment
import ControllerRuntime
import Logging
import RunEngine
import Spec

/// Keeps the engine's catalog equal to the Workflows and WorkerPools of the API.
struct CatalogSync: Sendable {
    let catalog: WorkflowCatalog
    let containment: Containment
    let logger: Logger

    func follow(workflows: Informer<Unstructured>, pools: Informer<Unstructured>) {
        workflows.addHandler { event in
            if case .deleted(let object) = event {
                catalog.removeWorkflow(namespace: object.namespace, name: object.name)
            } else {
                setWorkflow(event.object)
            }
        }
        pools.addHandler { event in
            if case .deleted(let object) = event {
                catalog.removePool(namespace: object.namespace, name: object.name)
            } else {
                setPool(event.object)
            }
        }
        containment.onRelease { subject in
            let name = NamespacedName(namespace: subject.namespace, name: subject.name)
            guard subject.kind == .catalog, let object = workflows.store.get(name) else { return }
            setWorkflow(object)
        }
    }

    func setWorkflow(_ object: Unstructured) {
        if let entry = containment.entry(.catalog, object.namespace, object.name, uid: object.uid) {
            return refuse(object, entry.message)
        }
        let mark = containment.mark(.catalog, object.namespace, object.name, uid: object.uid, scope: .thread)
        defer { mark.end() }
        do {
            let workflow: Workflow = try object.decode()
            try catalog.setWorkflow(namespace: object.namespace, name: object.name, spec: workflow.spec)
        } catch {
            // Stored before the rules that it breaks. Its runs are rejected until it is corrected.
            refuse(object, "\(error)")
        }
    }

    private func refuse(_ object: Unstructured, _ reason: String) {
        catalog.removeWorkflow(namespace: object.namespace, name: object.name)
        logger.error(
            "workflow cannot be read; no runs of it are accepted",
            metadata: ["namespace": "\(object.namespace)", "name": "\(object.name)", "error": "\(reason)"]
        )
    }

    func setPool(_ object: Unstructured) {
        var queue: QueueSpec?
        if let json = object.json.value(at: "spec", "queue"), !json.isNull {
            do {
                queue = try JSONValueDecoder().decode(QueueSpec.self, from: json)
            } catch {
                logger.error(
                    "the queue settings of a pool cannot be read; using the defaults",
                    metadata: ["namespace": "\(object.namespace)", "name": "\(object.name)", "error": "\(error)"]
                )
            }
        }
        catalog.setPool(namespace: object.namespace, name: object.name, queue: queue)
    }
}
