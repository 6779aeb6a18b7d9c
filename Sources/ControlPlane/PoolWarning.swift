import APIMachinery
import Spec
import Storage

/// Warns the author of a workflow that names a worker pool which does not exist.
enum PoolWarning {
    static func warnings(_ object: JSONValue, hasPool: (QueueName) -> Bool) -> [String] {
        let workflow = Unstructured(object)
        guard workflow.groupVersionKind == Workflow.groupVersionKind else { return [] }
        let pool = object.value(at: "spec", "pool")?.stringValue ?? "default"
        guard !hasPool(QueueName(namespace: workflow.namespace, pool: pool)) else { return [] }
        return [
            "spec.pool: worker pool \"\(pool)\" does not exist in namespace \"\(workflow.namespace)\" yet; "
                + "runs wait until it is created"
        ]
    }
}
