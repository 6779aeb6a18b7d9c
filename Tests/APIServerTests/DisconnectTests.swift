import APIMachinery
import Storage
import Testing
import TestSupport

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// What becomes of the work for clients that have left.
@Suite struct DisconnectTests {
    private static let maps = "/api/v1/namespaces/default/configmaps"

    private func make(_ count: Int, in server: APIServer) async {
        for index in 0..<count {
            let object: JSONValue = ["metadata": ["name": .string("m\(1000 + index)")]]
            let request = APIRequest(
                method: "POST",
                path: Self.maps,
                headers: ["content-type": "application/json"],
                body: object.bytes,
                user: TestServer.administrator
            )
            #expect(await server.respond(to: request).status == 201)
        }
    }

    private func count(_ server: APIServer) async -> Int {
        let request = APIRequest(method: "GET", path: Self.maps, headers: [:], user: TestServer.administrator)
        guard case .bytes(let bytes) = await server.respond(to: request).body else { return -1 }
        return (try? JSONValue(parsing: bytes))?["items"]?.arrayValue?.count ?? -1
    }

    @Test("A deletion of many objects ends when its client leaves; what had begun is done")
    func deletion() async throws {
        let store = HeldStore()
        try await ServedAPI.run(store: store) { api in
            await make(200, in: api.server)
            store.hold()
            defer { store.release() }
            try await api.connect { connection in
                try await connection.send(api.request("DELETE \(Self.maps)"))
                try await eventually("deletions are under way") { store.waiting == 32 }
                #expect(!api.server.usage.isIdle)
            }
            try await eventually("the server has noticed") { store.cancelled == 32 }
            store.release()
            try await eventually("nothing is worked on") { api.server.usage.isIdle }
            #expect(await count(api.server) == 168)
        }
    }

    @Test("A list that compares much ends when its client leaves, and lets others have their turn before")
    func list() async throws {
        let test = try await TestServer()
        await make(500, in: test.server)
        let selector = (0..<50_000).map { "!a\($0)" }.joined(separator: ",")
        let list = Task { await test.request("GET", "\(Self.maps)?labelSelector=\(selector)").status }
        try await eventually("it is worked on") { !test.server.usage.isIdle }
        list.cancel()
        #expect(await list.value == 499)
        #expect(test.server.usage.isIdle)
    }

    @Test("A request that waits for its turn leaves the queue with its client")
    func waiting() async throws {
        let control = FlowControl(
            limits: .init(seats: 1, seatsOfAKind: 1, queueLength: 10, waiting: 10, bytesOfASeat: 100),
            metrics: ServerMetrics()
        )
        let now = Timestamp(seconds: 1_800_000_000)
        let seat = try await control.seat(flow: "a", isMutating: true, bodyBytes: 0, now: now)
        let second = Task { () -> Int in
            do throws(Status) {
                _ = try await control.seat(flow: "a", isMutating: true, bodyBytes: 0, now: now)
                return 200
            } catch {
                return error.code
            }
        }
        try await eventually("the second one waits") { control.waitingCount == 1 }
        second.cancel()
        #expect(await second.value == 499)
        #expect(control.waitingCount == 0)
        withExtendedLifetime(seat) {}
    }
}
