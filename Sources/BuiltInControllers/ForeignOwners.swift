import APIMachinery
import GenericAPIServer
import Logging

/// Tells, as an Event, of objects that name an owner in another namespace, where owners are not looked for.
struct ForeignOwners: Sendable {
    let core: ServerCore
    let client: LoopbackClient

    /// Reports the owner if it lives elsewhere.
    func report(_ owner: OwnerReference, of object: CachedObject, _ resource: ServedResource) async {
        guard let version = GroupVersion(apiVersion: owner.apiVersion),
            let kind = core.registry.contents.resource(group: version.group, kind: owner.kind), kind.isNamespaced,
            let cache = core.caches[kind.storageKey]
        else { return }
        var isElsewhere = false
        cache.snapshot().objects.forEach { candidate in
            isElsewhere = candidate.uid == owner.uid && candidate.namespace != object.namespace
            return !isElsewhere
        }
        guard isElsewhere else { return }
        let described =
            "[\(owner.apiVersion)/\(owner.kind), namespace: \(object.namespace), name: \(owner.name), "
            + "uid: \(owner.uid)]"
        let message =
            "ownerRef \(described) does not exist in namespace \(JSONValue.string(object.namespace).text)"
        await record("OwnerRefInvalidNamespace", message, about: object, resource)
    }

    private func record(
        _ reason: String,
        _ message: String,
        about object: CachedObject,
        _ resource: ServedResource
    ) async {
        let now = JSONValue.string(core.options.now().rfc3339)
        let namespace = object.namespace.isEmpty ? "default" : object.namespace
        let component = "garbage-collector-controller"
        var involved: JSONValue = [
            "apiVersion": .string(resource.groupVersion.apiVersion), "kind": .string(resource.names.kind),
            "name": .string(object.name), "uid": .string(object.uid),
        ]
        if !object.namespace.isEmpty { involved["namespace"] = .string(object.namespace) }
        let event: JSONValue = [
            "apiVersion": "v1", "kind": "Event", "metadata": ["generateName": .string("\(object.name).")],
            "involvedObject": involved, "reason": .string(reason), "message": .string(message), "type": "Warning",
            "count": 1, "firstTimestamp": now, "lastTimestamp": now, "source": ["component": .string(component)],
            "reportingComponent": .string(component),
        ]
        do throws(Status) {
            try await client.create(group: "", resource: "events", namespace: namespace, event)
        } catch {
            core.logger.warning("no Event", metadata: ["reason": "\(reason)", "error": "\(error)"])
        }
    }
}
