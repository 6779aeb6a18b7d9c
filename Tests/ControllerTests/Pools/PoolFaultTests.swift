import APIMachinery
import KubeAPI
import KubeClient
import KubeTestSupport
import Spec
import Synchronization
import TestSupport
import Testing

/// The real reconciler in bad weather: requests that fail, answers that are lost, caches that lag, restarts.
@Suite struct PoolFaultTests {
    @Test(arguments: 0..<6)
    func comesToRestAtWhatIsWanted(_ seed: Int) async throws {
        let weather = Weather(seed: UInt64(seed))
        let world = PoolWorld { StormyTransport($0, weather) }
        try await world.create(["replicas": 2, "template": PoolRolloutTests.template("r:1"), "drainTimeoutSeconds": 5])
        weather.isStormy.withLock { $0 = true }
        var image = 1
        for _ in 0..<80 {
            if weather.chance(4) {
                image += 1
                await weather.calmly { try? await world.change(["template": PoolRolloutTests.template("r:\(image)")]) }
            }
            if weather.chance(4) {
                let replicas = Int64(weather.number(0...5))
                await weather.calmly { try? await world.change(["replicas": .int(replicas)]) }
            }
            let forgets = weather.chance(10)
            if forgets || weather.chance(60) {
                // A controller that starts lists afresh: only one that runs on may lag.
                await weather.calmly { try? await world.source.refresh(world.client) }
            }
            world.isForgetful.withLock { $0 = forgets }
            // What fails is tried again at the next look.
            _ = try? await world.look()
            await weather.calmly { try? await world.runNode() }
            world.time.advance(by: .seconds(1))
        }
        weather.isStormy.withLock { $0 = false }
        world.isForgetful.withLock { $0 = false }
        try await world.change(["replicas": 3])
        try await world.step(60)
        let pods = try await world.pods()
        #expect(pods.count == 3, "seed \(seed)")
        #expect(pods.allSatisfy { $0.spec?.containers.first?.image == "r:\(image)" }, "seed \(seed)")
        let status = try await world.status()
        #expect(status.readyReplicas == 3, "seed \(seed)")
        #expect(status.conditions?["Progressing"]?.reason == "NewRevisionAvailable", "seed \(seed)")
        let numbers = try await world.revisions().map(\.revision)
        #expect(Set(numbers).count == numbers.count, "seed \(seed)")
    }
}

/// Whether something goes wrong next.
private final class Weather: Sendable {
    let isStormy = Mutex(false)
    private let random: Mutex<SplitMix64>

    init(seed: UInt64) { random = Mutex(SplitMix64(seed: seed)) }

    func chance(_ percent: Int) -> Bool { random.withLock { $0.chance(percent) } }

    func number(_ range: ClosedRange<Int>) -> Int { random.withLock { Int.random(in: range, using: &$0) } }

    /// The world itself does not suffer from the weather.
    func calmly(_ body: () async -> Void) async {
        let was = isStormy.withLock { stormy in
            defer { stormy = false }
            return stormy
        }
        await body()
        isStormy.withLock { $0 = was }
    }
}

/// Fails some requests before they are carried out, and loses the answers of others.
private final class StormyTransport: APITransport {
    private let api: MemoryAPI
    private let weather: Weather

    init(_ api: MemoryAPI, _ weather: Weather) {
        self.api = api
        self.weather = weather
    }

    func send(_ request: APIRequest) async throws -> APIResponse {
        let isStormy = weather.isStormy.withLock { $0 }
        if isStormy, weather.chance(8) { throw TransportError(.interrupted, "the request is lost") }
        let response = try await api.send(request)
        if isStormy, weather.chance(5) { throw TransportError(.interrupted, "the answer is lost") }
        return response
    }

    func shutdown() async {}
}
