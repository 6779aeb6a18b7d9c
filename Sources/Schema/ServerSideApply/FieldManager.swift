public import APIMachinery

/// Server-side apply and the bookkeeping of ordinary writes, for one kind in one version
/// (`k8s.io/apimachinery/pkg/util/managedfields`). Pure: what is stored, and when, is the caller's.
public struct FieldManager: Sendable {
    /// What an apply or a write leads to.
    public struct Outcome: Sendable, Hashable {
        /// The object with its new `metadata.managedFields`.
        public var object: JSONValue
        /// Whether the apply changed anything but ownership.
        public var isChanged: Bool
    }

    /// The annotation in which `kubectl apply` on the client's side remembers what it applied.
    public static let lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration"

    /// Ordinary writers beyond this number are put together, the oldest first.
    static let maximumUpdateManagers = 10

    public var kind: GroupVersionKind
    /// `status` or another subresource; empty for the object itself.
    public var subresource: String
    /// The kind's type by `apiVersion`; `nil` for a version that is not served. Asked only for the versions that a
    /// request needs, so that types may be made when they are first wanted.
    public var types: @Sendable (String) -> TypeSchema?
    /// Fields that a request here cannot change: `status` on the object, everything else on `/status`.
    public var resetFields: FieldSet
    /// Fills in defaults after a merge.
    public var defaults: @Sendable (JSONValue) -> JSONValue

    /// A field manager for that kind, or for one of its subresources.
    public init(
        kind: GroupVersionKind,
        subresource: String = "",
        types: @escaping @Sendable (String) -> TypeSchema?,
        resetFields: FieldSet = FieldSet(),
        defaults: @escaping @Sendable (JSONValue) -> JSONValue = { $0 }
    ) {
        self.kind = kind
        self.subresource = subresource
        self.types = types
        self.resetFields = resetFields
        self.defaults = defaults
    }

    /// A field manager for a kind whose types are at hand, by `apiVersion`.
    public init(
        kind: GroupVersionKind,
        subresource: String = "",
        types: [String: TypeSchema],
        resetFields: FieldSet = FieldSet(),
        defaults: @escaping @Sendable (JSONValue) -> JSONValue = { $0 }
    ) {
        self.init(
            kind: kind,
            subresource: subresource,
            types: { types[$0] },
            resetFields: resetFields,
            defaults: defaults
        )
    }

    /// The fields that a request to a custom resource cannot change.
    public static func resetFields(subresource: String, hasStatus: Bool) -> FieldSet {
        if subresource == "status" { return FieldSet(fields: [["metadata"], ["spec"]]) }
        return hasStatus ? FieldSet(fields: [["status"]]) : FieldSet()
    }

    /// Applies a configuration to an object, `nil` if it does not exist yet.
    ///
    /// What `resetFields` names is merged like the rest; the caller restores it, as after every write.
    /// - Throws: `Status`: 409 with the conflicts, 400 or 500 where the configuration cannot be applied.
    public func apply(
        _ configuration: JSONValue,
        to live: JSONValue?,
        manager: String,
        force: Bool = false,
        now: Timestamp
    ) throws(Status) -> Outcome {
        let given = Unstructured(configuration)
        guard given.apiVersion == kind.apiVersion, given.kind == kind.kind else {
            throw .badRequest("invalid object type: \(Self.typeText(given))")
        }
        if let managed = configuration["metadata"]?["managedFields"], !managed.isNull {
            throw .badRequest("metadata.managedFields must be nil")
        }
        var (object, managed) = (live ?? empty, ManagedFields())
        do {
            managed = try ManagedFields(json: object["metadata"]?["managedFields"])
        } catch {
            throw plain("failed to decode managed fields: \(error)")
        }
        object = Self.withoutManagedFields(object)
        if managed.isEmpty, live != nil {
            // Fields from before ownership was kept get an owner that applies can conflict with.
            managed = try track(from: empty, to: object, managed, "before-first-apply", now)
        }
        let outcome: (JSONValue?, ManagedFields)
        do {
            outcome = try merge(configuration, into: object, managed, manager, force, now)
        } catch .conflicts(let conflicts) {
            // kubectl may take over what it applied on the client's side.
            guard manager == "kubectl", let allowed = lastApplied(object) else { throw conflicts.status }
            let rest = conflicts.all.filter { !allowed.contains($0.path) }
            guard rest.isEmpty else { throw Conflicts(all: rest).status }
            do {
                outcome = try merge(configuration, into: object, managed, manager, true, now)
            } catch {
                throw status(error)
            }
        } catch {
            throw status(error)
        }
        var result = outcome.0 ?? object
        if manager == "kubectl" { Self.updateLastApplied(&result, configuration) }
        Self.setManagedFields(outcome.1, in: &result)
        return Outcome(object: result, isChanged: outcome.0 != nil)
    }

    /// Records who owns what after a create, an update or a patch by other means than apply. An object without
    /// managed fields stays so, and what cannot be tracked keeps the ownership that it had.
    ///
    /// - Parameters:
    ///   - old: the object before; `nil` for a create.
    ///   - new: the object to be stored, with defaults; its own `managedFields` may replace or reset the old ones.
    public func update(_ new: JSONValue, old: JSONValue?, manager: String, now: Timestamp) -> JSONValue {
        var result = Self.withoutManagedFields(new)
        let live = old ?? empty
        let before = Self.withoutManagedFields(live)
        let given = new["metadata"]?["managedFields"]
        let current = live["metadata"]?["managedFields"]
        let isGivenBack = given == nil || given == current || !subresource.isEmpty
        if old != nil, isGivenBack, before == result {
            // A manager that changes nothing comes to own nothing more.
            if let current { result.set(current, at: ["metadata", "managedFields"]) }
            return result
        }
        // As the reference, which begins anew where managed fields cannot be read.
        let liveManaged = (try? ManagedFields(json: current)) ?? ManagedFields()
        var managed = liveManaged
        if !isGivenBack {
            if ManagedFields.isReset(given) {
                managed = ManagedFields()
                // As the reference, which keeps the fields that it has where those that are sent cannot be read.
            } else if let own = try? ManagedFields(json: given), !own.isEmpty {
                managed = own
            }
        }
        if managed.isEmpty && old != nil { return result }
        do {
            managed = try track(from: before, to: result, managed, manager, now)
            cap(&managed)
            Self.setManagedFields(managed, in: &result)
        } catch {
            Self.setManagedFields(liveManaged, in: &result)
        }
        return result
    }
}
