import APIMachinery
import Logging
import Storage
import Synchronization

/// Keeps the status of PodDisruptionBudgets, and decides with the same arithmetic whether a Pod may be evicted.
struct DisruptionController: Sendable {
    let core: ServerCore

    /// The budgets of a namespace; one that is being deleted holds until it is gone.
    func budgets(in namespace: String) throws(Status) -> [DisruptionBudget] {
        var budgets: [DisruptionBudget] = []
        for object in objects(PodDisruptionBudgetStrategy.storageKey, in: namespace) {
            budgets.append(DisruptionBudget(try object.document()))
        }
        return budgets
    }

    private func objects(_ storageKey: String, in namespace: String) -> [CachedObject] {
        var found: [CachedObject] = []
        let prefix = "\(namespace)/"
        core.existingCache(storageKey)?.snapshot().objects.forEach(from: prefix) { object in
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
    func status(of budget: DisruptionBudget, evicting pod: String? = nil) throws(Status) -> JSONValue {
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
        guard let object = core.existingCache(resource.storageKey)?.current("\(namespace)/\(owner.name)"),
            object.uid == owner.uid
        else {
            let message = "found no controllers for pod \"\(owner.kind)/\(owner.name)\": it is gone"
            return .failure(MissingScale(message: message))
        }
        return .success(try object.document().value(at: paths.specReplicas)?.intValue ?? 0)
    }

    // MARK: Reconciliation

    /// Brings the status of all budgets up to date.
    func reconcileAll() async {
        var namespaces: Set<String> = []
        core.existingCache(PodDisruptionBudgetStrategy.storageKey)?.snapshot().objects.forEach { object in
            namespaces.insert(object.namespace)
            return true
        }
        for namespace in namespaces.sorted() { await reconcile(namespace) }
    }

    /// Brings the status of all budgets of a namespace up to date.
    func reconcile(_ namespace: String) async {
        do throws(Status) {
            for budget in try budgets(in: namespace) {
                guard try status(of: budget) != budget.object["status"] else { continue }
                // Computed anew from what is stored then: an eviction may have written it meanwhile.
                try await update(budget) { object throws(Status) in
                    object["status"] = try status(of: DisruptionBudget(object))
                }
            }
        } catch {
            core.logger.warning(
                "PodDisruptionBudgets not updated",
                metadata: ["namespace": "\(namespace)", "error": "\(error)"]
            )
        }
    }

    private func update(
        _ budget: DisruptionBudget,
        _ change: @Sendable (inout JSONValue) throws(Status) -> Void
    ) async throws(Status) {
        try await core.internalUpdate(
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
    func take(_ budget: DisruptionBudget, for pod: String, isDryRun: Bool) async throws(Status) {
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

/// The namespaces in which disruption budgets may allow something else than before.
final class DisruptionNotes: Sendable {
    private let namespaces = Mutex<Set<String>>([])
    private let bell: AsyncStream<Void>.Continuation
    /// Rings when there is something to take.
    let arrivals: AsyncStream<Void>

    init() { (arrivals, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    /// Takes note of changes to Pods, budgets and whatever has a scale; called by the store's writer.
    func leave(_ changes: [ObjectChange], _ core: ServerCore) {
        let key = PodDisruptionBudgetStrategy.storageKey
        guard let cache = core.existingCache(key), cache.snapshot().objects.count > 0 else { return }
        let concerned = changes.filter { change in
            switch change.key.resource {
            case "pods", key: true
            default: change.kind == .updated && core.resource(change.key.resource)?.scale != nil
            }
        }
        guard !concerned.isEmpty else { return }
        namespaces.withLock { $0.formUnion(concerned.map { String($0.key.path.prefix { $0 != "/" }) }) }
        bell.yield()
    }

    /// Takes all namespaces noted so far.
    func take() -> [String] {
        namespaces.withLock { namespaces in
            defer { namespaces = [] }
            return namespaces.sorted()
        }
    }
}
