import APIMachinery
import ControllerRuntime
import KubeAPI
import KubeClient
import RunEngine
import Spec

/// Taking what belongs to the pool, and letting go of what no longer does.
extension PoolLook {
    /// Reads the pool's Pods and revisions, after adopting those without an owner and releasing those without its label.
    mutating func claim(_ memory: inout PoolMemory) async throws {
        let orphans = reconciler.source.orphans(namespace: pool.namespace, pool: PoolRevision.labelValue(pool.name))
        let mayAdopt = orphans.isEmpty ? false : try await mayAdopt()
        revisions = reconciler.source.revisions(ownedBy: pool.uid)
        for revision in orphans.revisions where mayAdopt && claims(revision.metadata) == .adopt {
            if let adopted = try await change(revision, adopting: true) {
                revisions.append(adopted)
                events.normal(reference, reason: "Adopted", "ControllerRevision \(revision.name), which had no owner")
            }
        }
        let owned = reconciler.source.pods(ownedBy: pool.uid)
        memory.released.formIntersection(owned.compactMap(\.metadata.uid))
        var mine: [Pod] = []
        for pod in owned where !memory.released.contains(pod.metadata.uid ?? "") {
            guard claims(pod.metadata) == .release, try await change(pod, adopting: false) != nil else {
                mine.append(pod)
                continue
            }
            release(pod, &memory)
        }
        for pod in orphans.pods where mayAdopt && claims(pod.metadata, isFinished: pod.isFinished) == .adopt {
            guard !memory.expectations.hasCreated(uid: pod.metadata.uid),
                let adopted = try await change(pod, adopting: true)
            else { continue }
            memory.expectations.didCreate(adopted, now: now)
            events.normal(reference, reason: "Adopted", "Pod \(pod.name), which had no owner")
        }
        pods = memory.expectations.overlay(mine, now: now)
    }

    private func claims(_ object: ObjectMeta, isFinished: Bool = false) -> OwnershipClaim {
        OwnershipClaim(object, isFinished: isFinished, pool: pool.name, uid: pool.uid)
    }

    /// Whether the pool is still what the cache says: one that is being deleted must not take what it was to leave.
    private func mayAdopt() async throws -> Bool {
        let fresh = try await client.find(WorkerPool.self, namespace: pool.namespace, name: pool.name)
        return fresh?.metadata.uid == pool.uid && fresh?.metadata.deletionTimestamp == nil
    }

    /// Makes the pool the controller of an object, or no longer. `nil` if it has changed meanwhile or is gone; the
    /// change wakes the pool again.
    private func change<Object: Resource>(_ object: Object, adopting: Bool) async throws -> Object? {
        let patch = OwnershipClaim.patch(
            object.metadata,
            adding: adopting ? RevisionResolver.reference(to: pool) : nil,
            removing: pool.uid
        )
        do {
            return try await client.patch(
                Object.self,
                namespace: pool.namespace,
                name: object.name,
                .merge(patch),
                WriteOptions(fieldManager: WorkerPoolReconciler.fieldManager)
            )
        } catch let status as Status where status.reason == .notFound || status.reason == .conflict {
            return nil
        }
    }

    /// A Pod that is no longer the pool's gets no more of its jobs.
    private func release(_ pod: Pod, _ memory: inout PoolMemory) {
        if let uid = pod.metadata.uid { memory.released.insert(uid) }
        reconciler.runners.setDraining(true, namespace: pool.namespace, runner: pod.name)
        events.normal(reference, reason: "Released", "Pod \(pod.name), which no longer has the pool's label")
    }

    /// What became of a Pod that is no longer among the pool's.
    enum Departure {
        case gone
        /// It runs on and is no longer the pool's.
        case released
        /// It is still the pool's; only the cache does not show it.
        case present
    }

    /// Finds out what became of a Pod. One that has lost the labels by which the cache knows it is released here.
    func departure(of name: String, uid: String, _ memory: inout PoolMemory) async throws -> Departure {
        guard let pod = try await client.find(Pod.self, namespace: pool.namespace, name: name),
            pod.metadata.uid == uid, !pod.isFinished
        else { return .gone }
        switch claims(pod.metadata) {
        case .ignore, .adopt: return .released
        case .keep: return .present
        case .release:
            guard try await change(pod, adopting: false) != nil else { return .present }
            release(pod, &memory)
            return .released
        }
    }

    /// Runners that say they are the pool's and run in no Pod of it get none of its jobs: an owner was taken from
    /// their Pod, and the pool has another in its place.
    mutating func refuseStrangers(_ memory: inout PoolMemory) {
        let mine = Set(pods.compactMap(\.metadata.name))
        for state in states.values where !state.podUID.isEmpty {
            if mine.contains(state.name) {
                if memory.strangers.remove(state.name) != nil {
                    reconciler.runners.setDraining(false, namespace: pool.namespace, runner: state.name)
                }
            } else if !memory.runners.values.contains(state.name) {
                memory.strangers.insert(state.name)
                if !state.draining {
                    reconciler.runners.setDraining(true, namespace: pool.namespace, runner: state.name)
                }
            }
        }
        memory.strangers.formIntersection(states.keys)
    }
}

extension Resource {
    /// The object's name; empty where it has none yet.
    var name: String { metadata.name ?? "" }
}
