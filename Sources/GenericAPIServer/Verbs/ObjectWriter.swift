package import APIMachinery
import AccessControl
package import Storage

/// Writes objects of one resource for one request: the steps that all mutating verbs share.
package struct ObjectWriter: Sendable {
    package let core: ServerCore
    package let resource: ServedResource
    package let backend: any ResourceBackend
    package let context: RequestContext

    package init(core: ServerCore, resource: ServedResource, backend: any ResourceBackend, context: RequestContext) {
        self.core = core
        self.resource = resource
        self.backend = backend
        self.context = context
    }

    /// What a write left behind.
    package struct Outcome: Sendable {
        /// The object in the version of the request.
        package var object: JSONValue
        /// Its bytes as stored, if it was stored by this request or before.
        package var bytes: [UInt8]?
        package var isCreated = false
    }

    /// How often an update is tried again when somebody else was faster.
    private static let attempts = 64

    package var path: String { path(context.info.name) }

    package func path(_ name: String) -> String {
        ObjectKey(resource: "", namespace: resource.isNamespaced ? context.info.namespace : "", name: name).path
    }

    // MARK: Create

    /// Stores a new object that has been decoded from the request's body.
    package func create(_ body: JSONValue, manager: FieldOwner? = nil) async throws(Status) -> Outcome {
        var object = body
        try resource.strategy.authorizeWrite(object, old: nil, context)
        let version = object["metadata"]?["resourceVersion"]?.stringValue ?? ""
        guard version.isEmpty || version == "0" else {
            throw Status(code: 500, reason: nil, message: "resourceVersion should not be set on objects to be created")
        }
        SystemFields.prepareNew(&object, strategy: resource.strategy, now: context.now)
        let prefix = object["metadata"]?["generateName"]?.stringValue ?? ""
        let isGenerated = (object["metadata"]?["name"]?.stringValue ?? "").isEmpty && !prefix.isEmpty
        resource.strategy.prepareForCreate(&object, context)
        if let manager { object = try manager.created(object, resource: resource) }
        for attempt in 0..<8 {
            if isGenerated { object.set(.string(SystemFields.generateName(prefix)), at: ["metadata", "name"]) }
            do throws(Status) {
                return try await insert(object)
            } catch {
                // A generated name that is taken is nobody's fault: another one is tried.
                guard isGenerated, error.reason == .alreadyExists, attempt < 7 else { throw error }
            }
        }
        throw .internalError("no free name was found for \(prefix)")
    }

    private func insert(_ object: JSONValue) async throws(Status) -> Outcome {
        var object = object
        let name = Unstructured(object).name
        // Admission comes before validation: in a namespace that is not there, nothing else matters.
        for plugin in core.admission {
            try plugin.admitCreate(of: name, object, resource: resource, context: context)
        }
        MetadataRules.tidy(&object, context: context)
        resource.strategy.canonicalize(&object)
        var errors = MetadataRules.errors(ofNew: object, resource, context)
        if errors.isEmpty { errors = core.options.objectRules(object) }
        guard errors.isEmpty else { throw invalid(object, errors) }
        MetadataRules.warn(of: object, old: nil, resource, context)
        for warning in resource.strategy.warnings(ofNew: object) { context.warn(warning) }
        for warning in core.options.objectWarnings(object) { context.warn(warning) }
        if context.isDryRun {
            if try await backend.object(at: path(name)) != nil { throw try await alreadyExists(name) }
            return Outcome(object: object, bytes: nil, isCreated: true)
        }
        return try await commit(.create, object, isCreated: true)
    }

    // MARK: Update

    /// Changes the stored object, again if somebody else changes it at the same time.
    ///
    /// - Parameter change: makes the new object of the stored one (in the request's version).
    package func update(
        subresource: String = "",
        manager: FieldOwner?,
        createIfMissing: Bool = false,
        isPatch: Bool = false,
        _ change: (JSONValue?) async throws(Status) -> JSONValue
    ) async throws(Status) -> Outcome {
        let name = context.info.name
        for _ in 0..<Self.attempts {
            guard let stored = try await backend.object(at: path) else {
                guard createIfMissing else { throw .notFound(resource.groupResource, name: name) }
                try checkMayCreate()
                var fresh = try await change(nil)
                if !isPatch { try checkIdentifier(of: fresh, storedAs: "") }
                fresh.set(.string(name), at: ["metadata", "name"])
                // What is made in this way has no version yet, whatever its maker says.
                fresh.set(nil, at: ["metadata", "resourceVersion"])
                return try await create(fresh, manager: manager)
            }
            let old = try read(stored)
            let changed = try await change(old)
            // A body is held to the limit where it is read; what patches add up to is seen only here.
            if isPatch, changed.isNested(deeperThan: JSONValue.maximumObjectDepth) {
                throw .badRequest("the object would be nested more than \(JSONValue.maximumObjectDepth) deep")
            }
            // Who replaces an object means that very object; that comes before everything else. A patch to the
            // identifier is an attempt to change it, which is refused with whatever else is wrong.
            if !isPatch { try checkIdentifier(of: changed, storedAs: stored.uid) }
            let isPinned = try checkVersion(of: changed, stored: stored, isPatch: isPatch)
            if let outcome = try await replace(stored, old, with: changed, subresource, manager, isPinned: isPinned) {
                return outcome
            }
        }
        throw .modified(resource.groupResource, name: name)
    }

    /// Who makes an object by applying or replacing it needs the right to create it, besides that of the request.
    private func checkMayCreate() throws(Status) {
        var attributes = AccessAttributes(context.request, context.info)
        attributes.verb = "create"
        guard case .denied(let reason) = core.authorizer.authorize(attributes) else { return }
        throw attributes.forbidden(reason)
    }

    private func checkIdentifier(of object: JSONValue, storedAs uid: String) throws(Status) {
        let wanted = object["metadata"]?["uid"]?.stringValue ?? ""
        guard !wanted.isEmpty, wanted != uid else { return }
        throw .conflict(
            resource.groupResource,
            name: context.info.name,
            "Precondition failed: UID in precondition: \(wanted), UID in object meta: \(uid)"
        )
    }

    /// Whether the request is about one revision only. Throws if that is not the stored one.
    private func checkVersion(of object: JSONValue, stored: CachedObject, isPatch: Bool) throws(Status) -> Bool {
        let version = try ResourceVersionText.parse(object["metadata"]?["resourceVersion"]?.stringValue ?? "")
        guard version > 0 else {
            guard resource.strategy.allowsUnconditionalUpdate else {
                // The reference names the resource here, not the kind.
                throw .invalid(
                    group: resource.group,
                    kind: resource.names.plural,
                    name: context.info.name,
                    errors: [
                        .invalid(
                            FieldPath("metadata").child("resourceVersion"),
                            .int(0),
                            "must be specified for an update"
                        )
                    ]
                )
            }
            return false
        }
        guard Int64(exactly: version) == stored.revision else {
            throw .modified(resource.groupResource, name: context.info.name)
        }
        // A patch carries the version of the object it was applied to, which says nothing about its author's wish.
        return !isPatch
    }

    private func replace(
        _ stored: CachedObject,
        _ old: JSONValue,
        with changed: JSONValue,
        _ subresource: String,
        _ manager: FieldOwner?,
        isPinned: Bool
    ) async throws(Status) -> Outcome? {
        var object = changed
        if resource.isCustom, (object["apiVersion"]?.stringValue ?? "").isEmpty {
            throw .internalError("Object 'apiVersion' is missing in 'object has no apiVersion field'")
        }
        SystemFields.keep(in: &object, from: old)
        object.set(.string(String(stored.revision)), at: ["metadata", "resourceVersion"])
        resource.strategy.prepareForUpdate(&object, old: old, subresource: subresource)
        try resource.strategy.authorizeWrite(object, old: old, context)
        if let manager { object = try manager.updated(object, old: old, resource: resource) }
        SystemFields.dropEmpty(&object)
        MetadataRules.tidy(&object, context: context)
        resource.strategy.canonicalize(&object)
        var errors = MetadataRules.errors(of: object, old: old, subresource: subresource, resource, context)
        if errors.isEmpty, subresource != "status" { errors = core.options.objectRules(object) }
        guard errors.isEmpty else { throw invalid(object, errors) }
        if subresource != "status" {
            MetadataRules.warn(of: object, old: old, resource, context)
            for warning in core.options.objectWarnings(object) { context.warn(warning) }
        }
        if FieldOwner.isUnchanged(object, old) {
            return Outcome(object: old, bytes: stored.bytes)
        }
        if context.isDryRun { return Outcome(object: object, bytes: nil) }
        let isFinished = stored.isDeleting && Self.mayVanish(object, resource: resource)
        do throws(ObjectStoreError) {
            guard isFinished else {
                return try await commit(storing: .update(expecting: stored.revision), object)
            }
            // The change that lets an object go is never stored: watchers see the object as it was last, and the client
            // gets what it asked for.
            _ = try await commit(storing: .delete(expecting: stored.revision), old)
            return Outcome(object: object)
        } catch {
            if error.code == .conflict || error.code == .notFound {
                if isPinned { throw .modified(resource.groupResource, name: context.info.name) }
                return nil
            }
            throw Status(error)
        }
    }

    /// Whether nothing holds an object any more that was marked for deletion.
    static func mayVanish(_ object: JSONValue, resource: ServedResource) -> Bool {
        let typed = Unstructured(object)
        return typed.finalizers.isEmpty && (typed.deletionGracePeriodSeconds ?? 0) == 0
            && !resource.strategy.isKept(object)
    }

    // MARK: Storing

    /// Reads a stored object in the version of the request.
    package func read(_ stored: CachedObject) throws(Status) -> JSONValue {
        var object = try stored.document()
        resource.strategy.fromStorage(&object)
        object["apiVersion"] = .string(resource.groupVersion.apiVersion)
        return object
    }

    package func commit(_ operation: ObjectWrite.Operation, _ object: JSONValue, isCreated: Bool = false)
        async throws(Status)
        -> Outcome
    {
        do throws(ObjectStoreError) {
            var outcome = try await commit(storing: operation, object)
            outcome.isCreated = isCreated
            return outcome
        } catch {
            let name = Unstructured(object).name
            switch error.code {
            case .alreadyExists: throw try await alreadyExists(name)
            case .notFound: throw .notFound(resource.groupResource, name: name)
            case .conflict: throw .modified(resource.groupResource, name: name)
            default: throw Status(error)
            }
        }
    }

    package func commit(storing operation: ObjectWrite.Operation, _ object: JSONValue) async throws(ObjectStoreError)
        -> Outcome
    {
        var stored = object
        resource.strategy.toStorage(&stored)
        stored["apiVersion"] = .string(
            GroupVersion(group: resource.storageGroup, version: resource.storageVersion).apiVersion
        )
        let typed = Unstructured(object)
        let key = ObjectKey(resource: resource.storageKey, namespace: typed.namespace, name: typed.name)
        var write = ObjectWrite(operation, key: key, document: DocumentEncoder.encode(stored), attachment: stored)
        write.user = context.request.user.name
        let change = try await backend.commit(write)
        await resource.strategy.didWrite(typed.name)
        var written = object
        written.set(.string(String(change.revision)), at: ["metadata", "resourceVersion"])
        return Outcome(object: written, bytes: change.bytes)
    }

    /// The 409 of a name that is taken; a marked object holds its name until it is gone.
    private func alreadyExists(_ name: String) async throws(Status) -> Status {
        var status = Status.alreadyExists(resource.groupResource, name: name)
        if try await backend.object(at: path(name))?.isDeleting == true {
            status.message = "object is being deleted: \(status.message ?? "")"
        }
        return status
    }

    /// The 422 of this object.
    package func invalid(_ object: JSONValue, _ errors: [FieldError]) -> Status {
        let typed = Unstructured(object)
        // A custom resource is called what it calls itself, even if that is what is wrong with it.
        let own = resource.isCustom ? GroupVersion(apiVersion: typed.apiVersion)?.group : nil
        return .invalid(
            group: own ?? resource.strategy.invalidGroup ?? resource.group,
            kind: resource.isCustom ? typed.kind : resource.names.kind,
            name: typed.name,
            errors: errors
        )
    }
}
