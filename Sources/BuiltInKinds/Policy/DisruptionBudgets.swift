package import APIMachinery
package import GenericAPIServer

/// What PodDisruptionBudgets allow now. The status of a budget and the decision on an eviction come of the same
/// arithmetic.
package struct DisruptionBudgets: Sendable {
    package let core: ServerCore
    package let client: LoopbackClient

    package init(core: ServerCore, client: LoopbackClient) {
        self.core = core
        self.client = client
    }

    /// The budgets of a namespace; one that is being deleted holds until it is gone.
    package func budgets(in namespace: String) throws(Status) -> [DisruptionBudget] {
        var budgets: [DisruptionBudget] = []
        for object in objects(PodDisruptionBudgetStrategy.storageKey, in: namespace) {
            budgets.append(DisruptionBudget(try object.document()))
        }
        return budgets
    }

    private func objects(_ storageKey: String, in namespace: String) -> [CachedObject] {
        var found: [CachedObject] = []
        let prefix = "\(namespace)/"
        core.caches[storageKey]?.snapshot().objects.forEach(from: prefix) { object in
            guard object.path.hasPrefix(prefix) else { return false }
            found.append(object)
            return true
        }
        return found
    }

    // MARK: Status

    /// The status that a budget should have now.
    ///
    /// - Parameter pod: The name of a Pod that is about to be evicted.
    package func status(of budget: DisruptionBudget, evicting pod: String? = nil) throws(Status) -> JSONValue {
        let now = core.options.now()
        var pods: [JSONValue] = []
        for object in objects("pods", in: budget.namespace) {
            var labels: [String: String] = [:]
            for (key, value) in object.labels { labels[key] = value.stringValue }
            if budget.selects(labels: labels) { pods.append(try object.document()) }
        }
        guard budget.needsExpectedCount else {
            return budget.status(pods: pods, expected: Int64(pods.count), evicted: pod, now: now)
        }
        switch try expected(of: pods) {
        case .success(let count): return budget.status(pods: pods, expected: count, evicted: pod, now: now)
        case .failure(let missing): return budget.failed(missing.message, now: now)
        }
    }

    /// Why it is not known how many Pods there should be.
    private struct MissingScale: Error { var message: String }

    /// How many Pods the controllers of these Pods want. Pods without a controller do not count.
    private func expected(of pods: [JSONValue]) throws(Status) -> Result<Int64, MissingScale> {
        var sum: Int64 = 0
        var seen: Set<String> = []
        for pod in pods {
            let typed = Unstructured(pod)
            guard let owner = typed.ownerReferences.first(where: { $0.controller == true }),
                seen.insert(owner.uid).inserted
            else { continue }
            switch try replicas(of: owner, namespace: typed.namespace) {
            case .success(let replicas): sum = sum.saturatingAdd(max(0, replicas))
            case .failure(let missing): return .failure(missing)
            }
        }
        return .success(sum)
    }

    private func replicas(
        of owner: OwnerReference,
        namespace: String
    ) throws(Status) -> Result<Int64, MissingScale> {
        let group = GroupVersion(apiVersion: owner.apiVersion)?.group ?? ""
        guard let resource = core.registry.contents.resource(group: group, kind: owner.kind),
            let paths = resource.scale
        else {
            let name = GroupResource(group: group, resource: "\(owner.kind.lowercased())s")
            return .failure(MissingScale(message: "\(name) does not implement the scale subresource"))
        }
        guard let object = core.caches[resource.storageKey]?.current("\(namespace)/\(owner.name)"),
            object.uid == owner.uid
        else {
            let message = "found no controllers for pod \"\(owner.kind)/\(owner.name)\": it is gone"
            return .failure(MissingScale(message: message))
        }
        return .success(try object.document().value(at: paths.specReplicas)?.intValue ?? 0)
    }

    // MARK: Writing

    /// Changes the status of a budget.
    package func update(
        _ budget: DisruptionBudget,
        _ change: @Sendable (inout JSONValue) throws(Status) -> Void
    ) async throws(Status) {
        try await client.update(
            group: "policy",
            resource: "poddisruptionbudgets",
            namespace: budget.namespace,
            name: budget.name,
            subresource: "status",
            change
        )
    }

    // MARK: Evictions

    /// Takes one disruption of that Pod from the budget, or refuses. Two evictions never take the same one: the status
    /// is written, and computed anew if another write came first.
    package func take(_ budget: DisruptionBudget, for pod: String, isDryRun: Bool) async throws(Status) {
        @Sendable func taken(_ object: inout JSONValue) throws(Status) {
            let current = DisruptionBudget(object)
            let before = try status(of: current)
            if (before["disruptedPods"]?.objectValue?.count ?? 0) > DisruptionBudget.maximumDisruptedPods {
                throw .forbidden(
                    GroupResource(group: "policy", resource: "poddisruptionbudget"),
                    name: current.name,
                    "DisruptedPods map too big - too many evictions not confirmed by PDB controller"
                )
            }
            guard (before["disruptionsAllowed"]?.intValue ?? 0) > 0 else { throw Self.refusal(current.denial(before)) }
            object["status"] = try status(of: current, evicting: pod)
        }
        if isDryRun {
            var object = budget.object
            return try taken(&object)
        }
        try await update(budget, taken)
    }

    /// The 429 of an eviction that a budget does not allow.
    static func refusal(_ cause: String, retryAfterSeconds: Int? = nil) -> Status {
        Status(
            code: 429,
            reason: .tooManyRequests,
            message: "Cannot evict pod as it would violate the pod's disruption budget.",
            details: Status.Details(
                causes: [.init(reason: "DisruptionBudget", message: cause, field: nil)],
                retryAfterSeconds: retryAfterSeconds
            )
        )
    }
}
