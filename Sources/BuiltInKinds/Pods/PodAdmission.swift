package import APIMachinery
package import GenericAPIServer

/// What the admission of a cluster asks of a Pod before its fields are looked at: that what it names exists (the plugins
/// ServiceAccount, Priority and RuntimeClass of Kubernetes).
package struct PodAdmission: AdmissionPlugin {
    private static let pods = GroupResource(group: "", resource: "pods")

    package let caches: ObjectCaches

    package init(caches: ObjectCaches) { self.caches = caches }

    package func admitCreate(
        of name: String,
        _ object: JSONValue,
        resource: ServedResource,
        context: RequestContext
    ) throws(Status) {
        guard resource.groupResource == Self.pods else { return }
        let namespace = context.info.namespace
        let refusal = Self.refusal(object, namespace: namespace) { account in
            caches["serviceaccounts"]?.current("\(namespace)/\(account)") != nil
        }
        if let refusal { throw .forbidden(resource.groupResource, name: name, refusal) }
    }

    /// The priority classes that every cluster has.
    private static let priorities: [String: Int64] = [
        "system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000,
    ]

    /// The priority that a Pod of that class has; `nil` for an unknown class.
    static func priority(ofClass name: String) -> Int64? { name.isEmpty ? 0 : priorities[name] }

    /// Why a new Pod is refused, `nil` if it is not.
    ///
    /// - Parameter hasAccount: whether a service account of that name is in the Pod's namespace.
    static func refusal(_ pod: JSONValue, namespace: String, hasAccount: (String) -> Bool) -> String? {
        let spec = pod["spec"] ?? .null
        let account = spec["serviceAccountName"]?.stringValue ?? "default"
        // Every namespace gets its default account, if only a moment later.
        if account != "default", !hasAccount(account) {
            return "error looking up service account \(namespace)/\(account): serviceaccount \"\(account)\" not found"
        }
        let className = spec.text("priorityClassName")
        guard let priority = priority(ofClass: className) else {
            return "no PriorityClass with name \(className) was found"
        }
        if let own = spec["priority"]?.intValue, own != priority {
            return "the integer value of priority (\(own)) must not be provided in pod spec; priority admission "
                + "controller computed \(priority) from the given PriorityClass name"
        }
        if let own = spec["preemptionPolicy"]?.stringValue, own != "PreemptLowerPriority" {
            return "the string value of PreemptionPolicy (\(own)) must not be provided in pod spec; priority admission "
                + "controller computed PreemptLowerPriority from the given PriorityClass name"
        }
        let runtimeClass = spec.text("runtimeClassName")
        if !runtimeClass.isEmpty { return "pod rejected: RuntimeClass \"\(runtimeClass)\" not found" }
        if spec["overhead"]?.objectValue?.isEmpty == false {
            return "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead"
        }
        return nil
    }
}
