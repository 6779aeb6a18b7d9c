package import APIMachinery
import HTTPServing
import Storage

/// DELETE on an object.
enum DeleteVerb {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        let options = try DeleteOptions(context)
        let deletion = Deletion(core: core, resource: resource, backend: backend, context: context, options: options)
        switch try await deletion.run(path: context.path(context.info.name, resource), name: context.info.name) {
        case .kept(let outcome):
            var response = try await Rendering.outcome(outcome, context: context, resource: resource)
            if options.tellsWhetherGone { response.status = 202 }
            return response
        case .gone(let outcome) where resource.strategy.returnsDeletedObject:
            return try await Rendering.outcome(outcome, context: context, resource: resource)
        case .gone(let outcome):
            let status: JSONValue = [
                "kind": "Status", "apiVersion": "v1", "metadata": .object([:]), "status": "Success",
                "details": details(outcome.object, resource),
            ]
            return Rendering.encode(status, status: 200, form: OutputForm(encoding: context.form.encoding))
        }
    }

    private static func details(_ object: JSONValue, _ resource: ServedResource) -> JSONValue {
        let typed = Unstructured(object)
        var details: JSONValue = [
            "name": .string(typed.name), "kind": .string(resource.names.plural), "uid": .string(typed.uid),
        ]
        if !resource.group.isEmpty { details["group"] = .string(resource.group) }
        return details
    }
}

/// The deletion of one object, by a client or by the garbage collector.
package struct Deletion: Sendable {
    package let core: ServerCore
    package let resource: ServedResource
    package let backend: any ResourceBackend
    package let context: RequestContext
    package let options: DeleteOptions

    package init(
        core: ServerCore,
        resource: ServedResource,
        backend: any ResourceBackend,
        context: RequestContext,
        options: DeleteOptions
    ) {
        self.core = core
        self.resource = resource
        self.backend = backend
        self.context = context
        self.options = options
    }

    package enum Result: Sendable {
        /// The object is marked and waits for its finalizers or for its grace period.
        case kept(ObjectWriter.Outcome)
        case gone(ObjectWriter.Outcome)
    }

    /// Deletes the object or marks it, again if somebody changes it at the same time.
    package func run(path: String, name: String) async throws(Status) -> Result {
        // The revision of the mark that this deletion itself has set.
        var ownRevision: Int64?
        for _ in 0..<64 {
            guard let stored = try await backend.object(at: path) else {
                throw .notFound(resource.groupResource, name: name)
            }
            let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
            let old = try writer.read(stored)
            if stored.revision != ownRevision { try checkPreconditions(stored, name: name) }
            try resource.strategy.checkDeletion(old)
            let (object, isGone, isChanged) = plan(old)
            if !isChanged && !isGone { return .kept(ObjectWriter.Outcome(object: old, bytes: stored.bytes)) }
            if options.isDryRun {
                let outcome = ObjectWriter.Outcome(object: object, bytes: nil)
                return isGone ? .gone(outcome) : .kept(outcome)
            }
            do throws(ObjectStoreError) {
                if isGone, isChanged, isGraceful {
                    // Watchers see the mark, or that there is no more time, before they see the end.
                    let marked = try await writer.commit(storing: .update(expecting: stored.revision), object)
                    ownRevision = Int64(Unstructured(marked.object).resourceVersion)
                    continue
                }
                let operation: ObjectWrite.Operation =
                    isGone ? .delete(expecting: stored.revision) : .update(expecting: stored.revision)
                let outcome = try await writer.commit(storing: operation, object)
                return isGone ? .gone(outcome) : .kept(outcome)
            } catch {
                switch error.code {
                case .conflict: continue
                case .notFound: throw .notFound(resource.groupResource, name: name)
                default: throw Status(error)
                }
            }
        }
        throw .modified(resource.groupResource, name: name)
    }

    private func checkPreconditions(_ stored: CachedObject, name: String) throws(Status) {
        let subject = GroupResource(group: resource.group, resource: resource.names.kind)
        if let uid = options.uid, uid != stored.uid {
            throw .conflict(
                subject,
                name: name,
                "the UID in the precondition (\(uid)) does not match the UID in record (\(stored.uid)). The "
                    + "object might have been deleted and then recreated"
            )
        }
        if let version = options.resourceVersion, version != String(stored.revision) {
            throw .conflict(
                subject,
                name: name,
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in "
                    + "record (\(stored.revision)). The object might have been modified"
            )
        }
    }

    /// Whether objects of the kind are given time to end.
    private var isGraceful: Bool { resource.strategy.isGraceful }

    /// What the object becomes, and whether it goes at once.
    private func plan(_ old: JSONValue) -> (object: JSONValue, isGone: Bool, isChanged: Bool) {
        var typed = Unstructured(old)
        var isChanged = false
        var finalizers = Self.finalizers(typed.finalizers, options.propagation)
        if typed.deletionTimestamp == nil, let own = resource.strategy.deletionFinalizer, !finalizers.contains(own) {
            finalizers.append(own)
        }
        if finalizers != typed.finalizers {
            typed.finalizers = finalizers
            isChanged = true
        }
        let grace = resource.strategy.gracePeriod(old, requested: options.gracePeriodSeconds)
        let isMarked = typed.deletionTimestamp != nil
        // A second deletion can shorten the grace period, if it says so, but never lengthen it.
        let left = typed.deletionGracePeriodSeconds ?? 0
        let isShorter = isMarked && options.gracePeriodSeconds != nil && (grace ?? 0) < left
        let seconds = isMarked && !isShorter ? left : grace ?? 0
        if !isMarked || isShorter {
            let start: Timestamp =
                isMarked
                ? (typed.deletionTimestamp ?? context.now)
                    .advanced(by: .seconds(-(typed.deletionGracePeriodSeconds ?? 0))) : context.now
            let mustStay = !finalizers.isEmpty || seconds > 0 || resource.strategy.isKept(old)
            if mustStay || isMarked || isGraceful {
                typed.json.set(
                    .string(start.advanced(by: .seconds(seconds)).rfc3339),
                    at: ["metadata", "deletionTimestamp"]
                )
                typed.json.set(.int(seconds), at: ["metadata", "deletionGracePeriodSeconds"])
                if !isMarked, resource.strategy.hasGeneration { typed.generation += 1 }
                isChanged = true
            }
        }
        var object = typed.json
        if !isMarked, isChanged { resource.strategy.markForDeletion(&object) }
        let isGone = finalizers.isEmpty && seconds <= 0 && !resource.strategy.isKept(object)
        return (isGone && !isMarked && !isGraceful ? old : object, isGone, isChanged)
    }

    /// The finalizers that a propagation policy leaves an object with.
    package static func finalizers(_ finalizers: [String], _ propagation: DeleteOptions.Propagation?) -> [String] {
        guard let propagation else { return finalizers }
        var result = finalizers.filter { $0 != "orphan" && $0 != "foregroundDeletion" }
        switch propagation {
        case .orphan: result.append("orphan")
        case .foreground: result.append("foregroundDeletion")
        case .background: break
        }
        return result.count == finalizers.count && Set(result) == Set(finalizers) ? finalizers : result
    }
}
