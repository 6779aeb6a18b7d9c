import APIMachinery
import ControllerRuntime
import KubeClient
import KubeTestSupport
import ServiceLifecycle
import ServiceLifecycleTestKit
import Synchronization
import Testing

struct ControllerTests {
    static let pods = GroupVersionResource(group: "", version: "v1", resource: "pods")

    private struct Flaky: Error {}

    /// Runs a controller whose first key is `n/a` until the body returns.
    private func run(
        _ time: ManualTime,
        _ reconcile: @escaping @Sendable (Request) async throws -> Reconciliation,
        _ body: (Controller) async throws -> Void
    ) async throws {
        let controller = Controller(
            name: "test",
            reconciler: ClosureReconciler(reconcile),
            workers: 3,
            rateLimit: .init(base: .seconds(1), cap: .seconds(100)),
            time: time
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await controller.run() }
            controller.queue.add(Request(namespace: "n", name: "a"))
            try await body(controller)
            group.cancelAll()
        }
    }

    @Test func failuresAreRetriedWithGrowingPauses() async throws {
        let time = ManualTime()
        let calls = Mutex<[Duration]>([])
        let done = Notifier()
        try await run(time) { _ in
            let count = calls.withLock { calls in
                calls.append(time.instant)
                return calls.count
            }
            if count < 4 { throw Flaky() }
            done.notify()
            return .done
        } _: { _ in
            for _ in 0..<3 { await time.advanceToNextSleeper() }
            await done.wait()
        }
        #expect(calls.withLock { $0 } == [0, 1, 3, 7].map { .seconds($0) })
    }

    @Test func requeueComesBackAfterTheTimeGiven() async throws {
        let time = ManualTime()
        let calls = Mutex<[Duration]>([])
        let done = Notifier()
        try await run(time) { _ in
            let count = calls.withLock { calls in
                calls.append(time.instant)
                return calls.count
            }
            if count == 3 { done.notify() }
            return .requeue(after: .seconds(60))
        } _: { _ in
            for _ in 0..<2 { await time.advanceToNextSleeper() }
            await done.wait()
        }
        #expect(calls.withLock { $0 } == [0, 60, 120].map { .seconds($0) })
    }

    @Test("An object that is deleted while it is reconciled is no failure; another missing object is one")
    func deletedMeanwhile() async throws {
        let time = ManualTime()
        let calls = Mutex<[String]>([])
        let done = Notifier()
        try await run(time) { request in
            calls.withLock { $0.append(request.name) }
            switch request.name {
            case "a": throw Status.notFound(GroupResource(group: "martinet.dev", resource: "tests"), name: "a")
            case "b" where calls.withLock({ $0.count { $0 == "b" } }) < 2:
                throw Status.notFound(GroupResource(group: "", resource: "secrets"), name: "b")
            default: done.notify()
            }
            return .done
        } _: { controller in
            controller.queue.add(Request(namespace: "n", name: "b"))
            await time.advanceToNextSleeper()
            await done.wait()
        }
        #expect(calls.withLock { $0.sorted() } == ["a", "b", "b"])
    }

    @Test func terminalErrorsAreNotRetried() async throws {
        let time = ManualTime()
        let calls = Mutex(0)
        let done = Notifier()
        try await run(time) { request in
            if request.name == "end" {
                done.notify()
                return .done
            }
            calls.withLock { $0 += 1 }
            throw TerminalError("spec.replicas: 3 is more than the licence allows; lower it")
        } _: { controller in
            controller.queue.add(Request(namespace: "n", name: "end"))
            await done.wait()
            while !controller.queue.isIdle { await Task.yield() }
        }
        #expect(calls.withLock { $0 } == 1)
    }

    @Test func gracefulShutdownLetsWorkFinish() async throws {
        let started = Notifier()
        let release = Notifier()
        let finished = Mutex(false)
        let controller = Controller(
            name: "test",
            reconciler: ClosureReconciler { _ in
                started.notify()
                await release.wait()
                try Task.checkCancellation()
                finished.withLock { $0 = true }
                return .done
            }
        )
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await controller.run() }
                controller.queue.add(Request(namespace: "n", name: "a"))
                await started.wait()
                trigger.triggerGracefulShutdown()
                release.notify()
                try await group.waitForAll()
            }
        }
        #expect(finished.withLock { $0 })
    }

    @Test func workersWaitForTheCaches() async throws {
        let api = MemoryAPI()
        let client = api.client()
        for name in ["a", "b", "c"] {
            _ = try await client.create(
                Self.pods,
                Unstructured(["metadata": ["name": .string(name), "namespace": "n"]])
            )
        }
        let informer = Informer(client: client, resource: Self.pods)
        let seen = Mutex<[Int]>([])
        let done = Notifier()
        let controller = Controller(
            name: "test",
            reconciler: ClosureReconciler { _ in
                let count = seen.withLock { seen in
                    seen.append(informer.store.count)
                    return seen.count
                }
                if count == 3 { done.notify() }
                return .done
            }
        )
        controller.watch(informer)
        controller.queue.add(Request(namespace: "n", name: "a"))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await controller.run() }
            group.addTask { try? await informer.run() }
            await done.wait()
            group.cancelAll()
        }
        #expect(seen.withLock { $0 } == [3, 3, 3])
    }

    @Test func ownersAreFoundByGroupAndKind() async throws {
        let api = MemoryAPI()
        let client = api.client()
        let pool = GroupVersionKind(group: "martinet.dev", version: "v1alpha1", kind: "WorkerPool")
        func create(_ name: String, _ apiVersion: String, _ kind: String, controller: Bool) async throws {
            var object = Unstructured(["metadata": ["name": .string(name), "namespace": "n"]])
            object.ownerReferences = [
                OwnerReference(
                    apiVersion: apiVersion,
                    kind: kind,
                    name: "owner-of-\(name)",
                    uid: "u",
                    controller: controller
                )
            ]
            _ = try await client.create(Self.pods, object)
        }
        try await create("a", "martinet.dev/v1", "WorkerPool", controller: true)
        try await create("b", "martinet.dev/v1alpha1", "WorkerPool", controller: false)
        try await create("c", "apps/v1", "WorkerPool", controller: true)
        let informer = Informer(client: client, resource: Self.pods)
        let asked = Mutex<[String]>([])
        let controller = Controller(
            name: "test",
            reconciler: ClosureReconciler { request in
                asked.withLock { $0.append(request.description) }
                return .done
            }
        )
        controller.watch(owned: informer, by: pool)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await informer.run() }
            try? await informer.waitUntilSynced()
            group.cancelAll()
        }
        #expect(controller.queue.depth == 1)
        #expect(await controller.queue.next() == Request(namespace: "n", name: "owner-of-a"))
    }
}
