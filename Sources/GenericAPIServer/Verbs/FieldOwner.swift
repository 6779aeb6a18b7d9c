package import APIMachinery
import Schema

/// Who makes a change, for the record in `managedFields`.
package struct FieldOwner: Sendable {
    package var manager: String
    package var subresource = ""
    package var now: Timestamp

    package init(manager: String, subresource: String = "", now: Timestamp) {
        self.manager = manager
        self.subresource = subresource
        self.now = now
    }

    /// A new object with the record of who set its fields.
    package func created(_ object: JSONValue, resource: ServedResource) throws(Status) -> JSONValue {
        try fieldManager(resource).update(object, old: nil, manager: manager, now: now)
    }

    /// A changed object with the record of who set its fields.
    package func updated(_ object: JSONValue, old: JSONValue, resource: ServedResource) throws(Status) -> JSONValue {
        try fieldManager(resource).update(object, old: old, manager: manager, now: now)
    }

    /// The object after a configuration was applied to it.
    package func applied(
        _ configuration: JSONValue,
        to old: JSONValue?,
        force: Bool,
        resource: ServedResource
    ) throws(Status) -> JSONValue {
        try fieldManager(resource).apply(configuration, to: old, manager: manager, force: force, now: now).object
    }

    private func fieldManager(_ resource: ServedResource) throws(Status) -> FieldManager {
        let strategy = resource.strategy
        let own = resource.groupVersion.apiVersion
        let others = resource.types
        return FieldManager(
            kind: resource.groupVersionKind,
            subresource: subresource,
            types: { version in version == own ? strategy.schema.type : others[version]?.kind.type },
            resetFields: FieldManager.resetFields(
                subresource: subresource,
                hasStatus: resource.subresource("status") != nil
            ),
            defaults: { object in
                var filled = object
                // A result that cannot be read is refused later, with the reason.
                guard (try? strategy.decode(&filled)) != nil else { return object }
                return filled
            }
        )
    }

    /// Whether two states of an object differ in nothing but the times of the record.
    static func isUnchanged(_ new: JSONValue, _ old: JSONValue) -> Bool {
        new == old || ManagedFields.ignoringTimestamps(new, old: old) == old
    }
}
