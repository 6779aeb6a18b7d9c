import APIMachinery
import ControllerRuntime
import KubeAPI
import KubeClient
import Logging
import RunEngine
import Spec

/// Doing what was planned.
extension PoolLook {
    /// Seconds that a runner gets whose time to drain is over.
    private static let interruptionGrace = 10
    /// Pods that are made in one look at most, as ReplicaSets do: the others of a very large pool are not kept waiting.
    private static let burst = 250

    /// Does one thing. Answers whether the rest of the plan still holds.
    mutating func perform(
        _ action: RolloutAction,
        _ updateRevision: String,
        _ memory: inout PoolMemory
    ) async throws -> Bool {
        switch action {
        case .create(let hash, let count): try await create(hash, min(count, Self.burst), &memory)
        case .drain(let name, let reason): try await drain(name, reason, &memory)
        case .undrain(let name): try await undrain(name, &memory)
        case .delete(let name, let reason, let interrupts):
            try await delete(name, reason, interrupts: interrupts, &memory)
        case .rollBack(let hash, let failure):
            return try await !rollBack(to: hash, from: updateRevision, failure, &memory)
        }
        return true
    }

    private func create(_ hash: String, _ count: Int, _ memory: inout PoolMemory) async throws {
        guard let recorded = revisions.first(where: { $0.revisionHash == hash }) else {
            throw Status.internalError("revision \(hash) of workerpool/\(pool.name) is not recorded")
        }
        let revision = PoolRevision(recorded: recorded)
        let builder = PodBuilder(settings: reconciler.settings)
        var made: [String] = []
        defer { recordCreated(made, hash, revision.version) }
        for _ in 0..<count {
            // A Pod that was asked for without an answer may be there: asking for it again does not make two.
            let repeated = memory.unanswered.firstIndex { $0.revision == hash }
            let name = repeated.map { memory.unanswered.remove(at: $0).name } ?? newName(hash)
            let object = builder.pod(named: name, of: pool, revision, hash: hash)
            do {
                let created = try await client.create(Pod.resource, object)
                memory.expectations.didCreate(try created.decode(Pod.self), now: now)
                memory.createError = nil
                made.append(name)
            } catch let status as Status where status.reason == .alreadyExists {
                guard repeated != nil,
                    let found = try await client.find(Pod.self, namespace: pool.namespace, name: name),
                    found.metadata.controller?.uid == pool.uid
                else { continue }
                memory.expectations.didCreate(found, now: now)
            } catch let status as Status {
                if status.code >= 500 { memory.unanswered.append((name, hash)) }
                let failures = (memory.createError?.revision == hash ? memory.createError?.count ?? 0 : 0) + 1
                let pause = Duration.seconds(min(60, 1 << min(failures - 1, 6)))
                memory.createError = .init(
                    revision: hash,
                    message: "\(status)",
                    until: now.advanced(by: pause),
                    count: failures
                )
                events.warning(reference, reason: "FailedCreate", "a Pod could not be created: \(status)")
                return
            }
        }
    }

    private func recordCreated(_ names: [String], _ hash: String, _ version: String?) {
        guard !names.isEmpty else { return }
        let pods = names.count == 1 ? "Pod" : "Pods"
        events.normal(
            reference,
            reason: "SuccessfulCreate",
            "created \(pods) \(names.joined(separator: ", ")) of \(PoolConditions.name(hash, version))"
        )
    }

    private func newName(_ hash: String) -> String {
        "\(PoolRevision.labelValue(pool.name))-\(hash)-\(RevisionHash.text(reconciler.random(), length: 5))"
    }

    private func drain(_ name: String, _ reason: String, _ memory: inout PoolMemory) async throws {
        reconciler.runners.setDraining(true, namespace: pool.namespace, runner: name)
        guard try await annotate(name, drainRequestedAt: now.rfc3339Micro, &memory) else { return }
        let jobs = pods.first { $0.metadata.name == name }.flatMap { state(of: $0) }?.leasedJobs ?? 0
        let rest = jobs == 0 ? "it has none" : "it finishes \(jobs == 1 ? "the one" : "the \(jobs)") it has"
        events.normal(reference, reason: "Draining", "runner \(name) gets no more jobs, \(rest): \(reason)")
    }

    private func undrain(_ name: String, _ memory: inout PoolMemory) async throws {
        guard try await annotate(name, drainRequestedAt: nil, &memory) else { return }
        reconciler.runners.setDraining(false, namespace: pool.namespace, runner: name)
        events.normal(reference, reason: "Undrained", "runner \(name) is no longer drained: the pool needs it again")
    }

    private func annotate(
        _ name: String,
        drainRequestedAt: String?,
        _ memory: inout PoolMemory
    ) async throws -> Bool {
        guard let uid = pods.first(where: { $0.metadata.name == name })?.metadata.uid else { return false }
        let value: JSONValue = drainRequestedAt.map { .string($0) } ?? .null
        do {
            _ = try await client.patch(
                Pod.resource,
                namespace: pool.namespace,
                name: name,
                .merge(["metadata": ["annotations": [PodObservation.drainAnnotation: value], "uid": .string(uid)]]),
                WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
            )
        } catch let status as Status where status.reason == .notFound || status.reason == .conflict {
            return false
        }
        memory.expectations.didDrain(uid: uid, requestedAt: drainRequestedAt, now: now)
        return true
    }

    private func delete(
        _ name: String,
        _ reason: String,
        interrupts: Bool,
        _ memory: inout PoolMemory
    ) async throws {
        guard let pod = pods.first(where: { $0.metadata.name == name }), let uid = pod.metadata.uid else { return }
        // From here on it gets no jobs. If it got one since the plan was made, it stays, and the next plan drains it.
        reconciler.runners.setDraining(true, namespace: pool.namespace, runner: name)
        let jobs = leasedJobs(pod)
        if !interrupts && jobs > 0 {
            _ = try await annotate(name, drainRequestedAt: now.rfc3339Micro, &memory)
            return
        }
        do {
            try await client.delete(
                Pod.resource,
                namespace: pool.namespace,
                name: name,
                DeleteOptions(gracePeriodSeconds: interrupts ? Self.interruptionGrace : nil, uid: uid)
            )
        } catch let status as Status where status.reason == .notFound || status.reason == .conflict {
            return
        }
        memory.expectations.didDelete(uid: uid, now: now)
        if interrupts && jobs > 0 && !pod.isFinished {
            reconciler.metrics.interrupted(self.name, jobs)
            events.warning(
                reference,
                reason: "Interrupted",
                "deleted Pod \(name) with \(jobs) running jobs, which are requeued: \(reason)"
            )
        } else {
            events.normal(reference, reason: "SuccessfulDelete", "deleted Pod \(name): \(reason)")
        }
    }

    /// The jobs of the runner in a Pod, as of this moment.
    private func leasedJobs(_ pod: Pod) -> Int {
        let all = reconciler.runners.runners(namespace: pool.namespace, pool: pool.name)
        guard let state = all.first(where: { $0.name == pod.metadata.name }) else { return 0 }
        return state.podUID.isEmpty || state.podUID == pod.metadata.uid ? state.leasedJobs : 0
    }

    /// Takes the jobs back from runners whose Pods are gone, and sees to it that those that drain know it.
    mutating func releaseLost(_ memory: inout PoolMemory) async {
        var present: [String: String] = [:]
        for pod in pods {
            guard let uid = pod.metadata.uid, let name = pod.metadata.name, !pod.isFinished else { continue }
            present[uid] = name
            // The marks of the run engine live in memory; those in the API outlive the controller.
            let isDraining =
                pod.metadata.annotations?[PodObservation.drainAnnotation] != nil
                || pod.metadata.deletionTimestamp != nil
            if isDraining, state(of: pod)?.draining != true {
                reconciler.runners.setDraining(true, namespace: pool.namespace, runner: name)
            }
        }
        let known = Set(pods.compactMap(\.metadata.uid))
        for (uid, name) in memory.runners where present[uid] == nil {
            guard !present.values.contains(name) else { continue }
            do {
                let departure = known.contains(uid) ? .gone : try await departure(of: name, uid: uid, &memory)
                switch departure {
                case .released: continue
                case .present:
                    present[uid] = name
                    recheck(after: settings.syncPeriod)
                    continue
                case .gone: break
                }
                let count = try await reconciler.runners.releaseLeases(namespace: pool.namespace, runner: name)
                if count > 0 {
                    events.warning(
                        reference,
                        reason: "LeasesReleased",
                        "runner \(name) is gone; its \(count) jobs are given to others"
                    )
                }
            } catch {
                // They run out by themselves, only later.
                reconciler.logger.warning(
                    "leases of a lost runner could not be released",
                    metadata: ["runner": "\(name)", "error": "\(error)"]
                )
                present[uid] = name
                recheck(after: settings.syncPeriod)
            }
        }
        memory.runners = present
    }

    /// Brings the specification back. Returns whether it has changed; the next look records it.
    private mutating func rollBack(
        to hash: String,
        from failed: String,
        _ failure: RolloutFailure,
        _ memory: inout PoolMemory
    ) async throws -> Bool {
        let cause = Rollback.Cause(from: failed, text: "\(failure.reason): \(failure.message)")
        let plan: Rollback.Plan
        do {
            plan = try Rollback.plan(pool, revisions, to: .hash(hash), cause: cause)
        } catch {
            events.warning(reference, reason: "RollbackFailed", "\(error)")
            return false
        }
        try await patchPool(plan.patch, &memory)
        return true
    }
}

extension ControllerRevision {
    /// `spec.version` of the pool's revision that is recorded here.
    var version: String? { PoolRevision(recorded: self).version }
}
