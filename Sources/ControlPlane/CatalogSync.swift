import APIMachinery
import ControllerRuntime
import Logging
import RunEngine
import Spec

/// Keeps the engine's catalog equal to the Workflows and WorkerPools of the API.
enum CatalogSync {
    static func follow(
        workflows: Informer<Unstructured>,
        pools: Informer<Unstructured>,
        into catalog: WorkflowCatalog,
        logger: Logger
    ) {
        workflows.addHandler { event in
            let object = event.object
            if case .deleted = event {
                catalog.removeWorkflow(namespace: object.namespace, name: object.name)
                return
            }
            do {
                let workflow: Workflow = try object.decode()
                try catalog.setWorkflow(namespace: object.namespace, name: object.name, spec: workflow.spec)
            } catch {
                // An object that was stored before its rules were: runs of it are refused until it is mended.
                catalog.removeWorkflow(namespace: object.namespace, name: object.name)
                logger.error(
                    "workflow cannot be read; no runs of it are accepted",
                    metadata: ["namespace": "\(object.namespace)", "name": "\(object.name)", "error": "\(error)"]
                )
            }
        }
        pools.addHandler { event in
            let object = event.object
            if case .deleted = event {
                catalog.removePool(namespace: object.namespace, name: object.name)
                return
            }
            let queue = object.json.value(at: "spec", "queue").flatMap { json in
                try? JSONValueDecoder().decode(QueueSpec.self, from: json)
            }
            catalog.setPool(namespace: object.namespace, name: object.name, queue: queue)
        }
    }
}
