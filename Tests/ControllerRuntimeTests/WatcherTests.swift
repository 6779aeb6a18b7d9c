import APIMachinery
import ControllerRuntime
import KubeClient
import KubeTestSupport
import Synchronization
import Testing

private func pod(_ name: String, _ version: String) -> Unstructured {
    Unstructured(["metadata": ["name": .string(name), "namespace": "n", "resourceVersion": .string(version)]])
}

struct WatcherStateTests {
    private static let down = Status.serviceUnavailable("down")
    private static let expired = Status.gone("too old")

    private func listed(_ version: String = "5") -> WatcherState {
        var state = WatcherState()
        _ = state.handle(.page(ObjectList(items: [], resourceVersion: version)), random: 0)
        return state
    }

    @Test func pagesBecomeOneListAndThenAWatch() {
        var state = WatcherState()
        #expect(state.step == .list(continueToken: nil))
        let first = state.handle(
            .page(ObjectList(items: [pod("a", "1")], resourceVersion: "5", continueToken: "t")),
            random: 0
        )
        #expect(first.events == [.listStarted, .listed(pod("a", "1"))])
        #expect(first.next == .list(continueToken: "t"))
        let second = state.handle(.page(ObjectList(items: [pod("b", "2")], resourceVersion: "5")), random: 0)
        #expect(second.events == [.listed(pod("b", "2")), .listFinished])
        #expect(second.next == .watch(resourceVersion: "5"))
    }

    @Test func aListThatFailsBeginsAnewAndLater() {
        var state = WatcherState()
        _ = state.handle(.page(ObjectList(items: [], resourceVersion: "5", continueToken: "t")), random: 0)
        let output = state.handle(.failed(Self.expired), random: 0)
        #expect(output.next == .list(continueToken: nil))
        #expect(output.delay == .milliseconds(800))
        #expect(state.handle(.failed(Self.down), random: 0).delay == .milliseconds(1600))
        #expect(state.handle(.failed(Self.down), random: 0.5).delay == .milliseconds(4800))
    }

    @Test func aWatchGoesOnFromTheLastVersionSeen() {
        var state = listed()
        #expect(state.handle(.event(.added(pod("a", "6"))), random: 0).events == [.applied(pod("a", "6"))])
        #expect(state.handle(.event(.modified(pod("a", "7"))), random: 0).next == nil)
        #expect(state.handle(.event(.deleted(pod("a", "8"))), random: 0).events == [.deleted(pod("a", "8"))])
        #expect(state.handle(.event(.bookmark(resourceVersion: "20")), random: 0).events == [])
        let ended = state.handle(.watchEnded, random: 0)
        #expect(ended.next == .watch(resourceVersion: "20"))
        #expect(ended.delay == .zero)
    }

    @Test func watchesThatEndAtOnceAreSlowedDown() {
        var state = listed()
        #expect(state.handle(.watchEnded, random: 0).delay == .milliseconds(800))
        #expect(state.handle(.watchEnded, random: 0).delay == .milliseconds(1600))
        _ = state.handle(.event(.bookmark(resourceVersion: "6")), random: 0)
        #expect(state.handle(.watchEnded, random: 0).delay == .zero)
        #expect(state.handle(.watchEnded, random: 0).delay == .milliseconds(800))
    }

    @Test(
        "Expired history leads to a list, whether told as an event or as a failure",
        arguments: [WatcherState.Input.event(.error(expired)), .failed(expired)]
    )
    func expiry(_ input: WatcherState.Input) {
        var state = listed()
        let output = state.handle(input, random: 0)
        #expect(output.next == .list(continueToken: nil))
        #expect(output.delay == .zero)
    }

    @Test func expiryRightAfterAListWaits() {
        var state = listed()
        _ = state.handle(.failed(Self.expired), random: 0)
        _ = state.handle(.page(ObjectList(items: [], resourceVersion: "5")), random: 0)
        #expect(state.handle(.failed(Self.expired), random: 0).next == .list(continueToken: nil))
        #expect(state.handle(.failed(Self.down), random: 0).delay > .zero)
    }

    @Test func otherFailuresKeepTheVersion() {
        var state = listed("9")
        let output = state.handle(.failed(Self.down), random: 0)
        #expect(output.next == .watch(resourceVersion: "9"))
        #expect(output.delay == .milliseconds(800))
        #expect(output.failure == Self.down)
    }
}

/// What an informer was told, in order.
final class Told: Sendable {
    private let list = Mutex<[String]>([])
    let signal = Notifier()

    var all: [String] { list.withLock { $0 } }

    func add(_ text: String) {
        list.withLock { $0.append(text) }
        signal.notify()
    }

    /// Returns when that was told.
    func wait(for text: String) async {
        while !all.contains(text) { await signal.wait() }
    }

    func watch(_ informer: Informer<Unstructured>) {
        informer.addHandler { event in
            switch event {
            case .added(let object): self.add("+\(object.name)")
            case .updated(_, let object): self.add("~\(object.name)=\(object.labels["v"] ?? "")")
            case .deleted(let object): self.add("-\(object.name)")
            }
        }
    }
}

struct InformerTests {
    static let pods = GroupVersionResource(group: "", version: "v1", resource: "pods")

    private func create(_ client: KubeClient, _ name: String) async throws {
        let object: JSONValue = ["metadata": ["name": .string(name), "namespace": "n", "labels": ["app": "x"]]]
        _ = try await client.create(Self.pods, Unstructured(object))
    }

    private func label(_ client: KubeClient, _ name: String, _ value: String) async throws {
        let change: JSONValue = ["metadata": ["labels": ["v": .string(value)]]]
        _ = try await client.patch(Self.pods, namespace: "n", name: name, .merge(change))
    }

    /// Runs the test against an informer that is watching.
    private func withInformer(
        _ api: MemoryAPI,
        _ time: any TimeSource = SystemTime(),
        options: Watcher.Options = .init(backoff: Backoff(base: .milliseconds(1), cap: .milliseconds(1))),
        _ body: (Informer<Unstructured>, Told) async throws -> Void
    ) async throws {
        let informer = Informer(
            client: api.client(),
            resource: Self.pods,
            options: options,
            indices: ["label": { [$0.labels["v"] ?? ""] }],
            time: time
        )
        let told = Told()
        told.watch(informer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await informer.run() }
            try await informer.waitUntilSynced()
            try await body(informer, told)
            group.cancelAll()
        }
    }

    @Test func cacheFollowsTheServer() async throws {
        let api = MemoryAPI()
        let client = api.client()
        try await create(client, "a")
        try await withInformer(api) { informer, told in
            #expect(informer.store.list().map(\.name) == ["a"])
            try await create(client, "b")
            try await label(client, "b", "1")
            await told.wait(for: "~b=1")
            #expect(informer.store.list(index: "label", value: "1").map(\.name) == ["b"])
            #expect(informer.store.list(index: "label", value: "").map(\.name) == ["a"])
            try await client.delete(Self.pods, namespace: "n", name: "a")
            await told.wait(for: "-a")
            #expect(informer.store.get(namespace: "n", name: "a") == nil)
            #expect(informer.store.list(index: "label", value: "") == [])
            #expect(told.all == ["+a", "+b", "~b=1", "-a"])
        }
    }

    @Test func brokenWatchesAreResumedWithoutLoss() async throws {
        let api = MemoryAPI()
        let client = api.client()
        try await create(client, "a")
        try await withInformer(api) { _, told in
            for round in 1...20 {
                api.breakWatches()
                try await label(client, "a", "\(round)")
                await told.wait(for: "~a=\(round)")
            }
            // No second list was needed.
            #expect(api.requests.filter { $0.method == .get && !$0.target.contains("watch=") }.count == 1)
        }
    }

    @Test func expiredHistoryIsListedAgain() async throws {
        let api = MemoryAPI()
        let client = api.client()
        try await create(client, "a")
        try await create(client, "b")
        try await withInformer(api) { informer, told in
            api.setFault { $0.target.contains("watch=") ? Status.serviceUnavailable("away") : nil }
            api.breakWatches()
            try await client.delete(Self.pods, namespace: "n", name: "a")
            try await create(client, "c")
            try await client.delete(Self.pods, namespace: "n", name: "b")
            try await create(client, "b")
            api.compact()
            api.setFault(nil)
            await told.wait(for: "+c")
            await told.wait(for: "-a")
            #expect(informer.store.list().map(\.name) == ["b", "c"])
            // The new b is another object, which a consumer must be able to tell.
            #expect(told.all == ["+a", "+b", "-b", "+b", "+c", "-a"])
        }
    }

    @Test func silentWatchesAreRenewed() async throws {
        let api = MemoryAPI()
        let time = ManualTime()
        let options = Watcher.Options(idleTimeout: .seconds(100))
        try await withInformer(api, time, options: options) { _, _ in
            func watches() -> Int { api.requests.filter { $0.target.contains("watch=") }.count }
            await time.waitForSleepers()
            time.advance(by: .seconds(100))
            // The first renewal of a watch that told nothing waits a little.
            await time.advanceToNextSleeper()
            await time.waitForSleepers()
            while watches() < 2 { await Task.yield() }
            #expect(watches() == 2)
        }
    }

    @Test func lateHandlersHearOfWhatIsThere() async throws {
        let api = MemoryAPI()
        try await create(api.client(), "a")
        try await withInformer(api) { informer, _ in
            let late = Told()
            late.watch(informer)
            #expect(late.all == ["+a"])
        }
    }

    @Test func waitingForTheCacheCanBeCancelled() async {
        let informer = Informer(client: MemoryAPI().client(), resource: Self.pods)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await informer.waitUntilSynced()) == nil }
            group.cancelAll()
            for await wasCancelled in group { #expect(wasCancelled) }
        }
    }
}
