import APIMachinery
import BuiltInTypes
import GenericAPIServer
import HTTPServing

/// POST on a Pod's eviction.
struct EvictionHandler: SubresourceHandler {
    let disruptions: DisruptionBudgets

    func respond(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        try OptionErrors.check(context, kind: "CreateOptions")
        let eviction = Eviction(
            core: core,
            disruptions: disruptions,
            resource: resource,
            backend: backend,
            context: context,
            options: try Eviction.options(context, resource)
        )
        try await eviction.evict()
        let status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": .object([:]), "status": "Success", "code": 201,
        ]
        return Rendering.encode(status, status: 201, context: context)
    }
}

/// One eviction: deletes the Pod if the PodDisruptionBudgets allow it
/// (`k8s.io/kubernetes/pkg/registry/core/pod/storage/eviction.go`). The Pod gets its grace period, in which a runner
/// finishes its jobs.
private struct Eviction {
    /// How often an eviction is tried again when the Pod or the budget changes at the same time.
    private static let attempts = 20

    let core: ServerCore
    let disruptions: DisruptionBudgets
    let resource: ServedResource
    let backend: any ResourceBackend
    let context: RequestContext
    let options: DeleteOptions

    // MARK: Request

    fileprivate static func options(
        _ context: RequestContext,
        _ resource: ServedResource
    ) throws(Status) -> DeleteOptions {
        let level = try context.fieldValidation
        let document = try BodyReader.read(context)
        var eviction = document.value
        let (kind, apiVersion) = (Unstructured(eviction).kind, Unstructured(eviction).apiVersion)
        guard ["", "Eviction"].contains(kind), ["", "policy/v1", "policy/v1beta1"].contains(apiVersion) else {
            throw .badRequest(
                "\(kind) in version \"\(apiVersion)\" cannot be handled as an Eviction: send an Eviction of policy/v1"
            )
        }
        var decoder = TypedDecoder()
        do throws(TypedDecoder.Failure) {
            eviction = try decoder.decode(eviction, as: "Eviction")
        } catch {
            throw .badRequest("Eviction in version \"v1\" cannot be handled as a Eviction: \(error.message)")
        }
        var about = resource
        about.names.kind = "Eviction"
        let problems = document.duplicates + decoder.unknown.map { "unknown field \"\($0)\"" }
        try ObjectDecoder.report(problems, level: level, resource: about, context: context)
        try ObjectDecoder.fit(&eviction, context: context, resource: resource)
        guard Unstructured(eviction).name == context.info.name else {
            throw .badRequest("name in URL does not match name in Eviction object")
        }
        var options = try DeleteOptions(eviction["deleteOptions"] ?? .object([:]))
        if context.isDryRun { options.isDryRun = true }
        return options
    }

    // MARK: Eviction

    fileprivate func evict() async throws(Status) {
        for _ in 0..<Self.attempts {
            let (pod, revision) = try await read()
            guard Self.needsNoBudget(pod) else { return try await evict(running: pod, revision) }
            var own = options
            // A Pod that becomes healthy meanwhile is one that budgets protect.
            if !Self.isEnding(pod), own.resourceVersion == nil { own.resourceVersion = String(revision) }
            do throws(Status) {
                return try await remove(pod, own)
            } catch {
                guard error.reason == .conflict, options.resourceVersion == nil, options.uid == nil else { throw error }
            }
        }
        throw .modified(resource.groupResource, name: context.info.name)
    }

    private func read() async throws(Status) -> (pod: JSONValue, revision: Int64) {
        let name = context.info.name
        guard let stored = try await backend.object(at: context.path(name, resource)) else {
            throw .notFound(resource.groupResource, name: name)
        }
        return (try stored.document(), stored.revision)
    }

    /// Evicts a Pod that budgets protect.
    private func evict(running pod: JSONValue, _ revision: Int64) async throws(Status) {
        let labels = Unstructured(pod).labels
        let budgets = try disruptions.budgets(in: Unstructured(pod).namespace).filter { $0.selects(labels: labels) }
        guard let budget = budgets.first else { return try await remove(pod, options) }
        guard budgets.count == 1 else {
            throw Status(
                code: 500,
                reason: nil,
                message:
                    "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            )
        }
        guard try isSpare(pod, budget, disruptions) else {
            try await disruptions.take(budget, for: Unstructured(pod).name, isDryRun: options.isDryRun)
            return try await remove(pod, options)
        }
        // It must be this Pod as it is now: one that has become ready meanwhile is protected.
        var own = options
        if own.resourceVersion == nil { own.resourceVersion = String(revision) }
        do throws(Status) {
            try await remove(pod, own)
        } catch {
            guard error.reason == .conflict, options.resourceVersion == nil, options.uid == nil else { throw error }
            throw DisruptionBudgets.refusal(
                "The disruption budget \(budget.name) is still being processed by the server.",
                retryAfterSeconds: 10
            )
        }
    }

    /// Whether the Pod is not ready and so may go without taking anything from the budget.
    private func isSpare(
        _ pod: JSONValue,
        _ budget: DisruptionBudget,
        _ disruptions: DisruptionBudgets
    ) throws(Status) -> Bool {
        guard !DisruptionBudget.isReady(pod) else { return false }
        if budget.object.value(at: "spec", "unhealthyPodEvictionPolicy") == "AlwaysAllow" { return true }
        let status = try disruptions.status(of: budget)
        let (healthy, needed) = (status["currentHealthy"]?.intValue ?? 0, status["desiredHealthy"]?.intValue ?? 0)
        return healthy >= needed && needed > 0
    }

    /// Pods whose end disrupts nothing: those that have ended, have not begun, or are being deleted.
    private static func needsNoBudget(_ pod: JSONValue) -> Bool {
        pod.value(at: "status", "phase") == "Pending" || isEnding(pod)
    }

    private static func isEnding(_ pod: JSONValue) -> Bool {
        let phase = pod.value(at: "status", "phase")
        return phase == "Succeeded" || phase == "Failed" || pod.value(at: "metadata", "deletionTimestamp") != nil
    }

    /// Notes in the Pod why it ends, and deletes it.
    private func remove(_ pod: JSONValue, _ options: DeleteOptions) async throws(Status) {
        var own = options
        if own.uid == nil { own.uid = Unstructured(pod).uid }
        let deletion = { (options: DeleteOptions) in
            Deletion(
                core: self.core,
                resource: self.resource,
                backend: self.backend,
                context: self.context,
                options: options
            )
        }
        let path = context.path(context.info.name, resource)
        if !own.isDryRun {
            let revision = try await mark(own)
            // The note has made a new revision, which is now the one to delete.
            if own.resourceVersion != nil { own.resourceVersion = revision }
        }
        _ = try await deletion(own).run(path: path, name: context.info.name)
    }

    /// Sets the condition `DisruptionTarget`, and returns the revision that has it.
    private func mark(_ options: DeleteOptions) async throws(Status) -> String {
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
        let outcome = try await writer.update(subresource: "status", manager: nil, isPatch: true) {
            old throws(Status) in
            let name = context.info.name
            guard var pod = old else { throw .notFound(resource.groupResource, name: name) }
            if let uid = options.uid, uid != Unstructured(pod).uid {
                throw .conflict(
                    resource.groupResource,
                    name: name,
                    "Precondition failed: UID in precondition: \(uid), UID in object meta: \(Unstructured(pod).uid)"
                )
            }
            if let version = options.resourceVersion { pod.set(.string(version), at: ["metadata", "resourceVersion"]) }
            pod["status"] = Self.marked(pod, now: context.now)
            return pod
        }
        return Unstructured(outcome.object).resourceVersion
    }

    private static func marked(_ pod: JSONValue, now: Timestamp) -> JSONValue {
        var status = pod["status"] ?? .object([:])
        status = PodConditions.set("DisruptionTarget", to: "True", in: status, now: now)
        var conditions = status["conditions"]?.arrayValue ?? []
        for index in conditions.indices where conditions[index]["type"] == "DisruptionTarget" {
            conditions[index]["reason"] = "EvictionByEvictionAPI"
            conditions[index]["message"] = "Eviction API: evicting"
            if (status["observedGeneration"]?.intValue ?? 0) != 0 {
                conditions[index]["observedGeneration"] = .int(Unstructured(pod).generation)
            }
        }
        status["conditions"] = .array(conditions)
        return status
    }
}
