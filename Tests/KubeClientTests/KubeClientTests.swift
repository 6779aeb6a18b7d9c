import APIMachinery
import KubeClient
import KubeTestSupport
import Testing

struct KubeClientTests {
    static let pods = GroupVersionResource(group: "", version: "v1", resource: "pods")
    static let unavailable = #"{"kind":"Status","code":503,"reason":"ServiceUnavailable","message":"starting"}"#

    private func client(_ transport: ScriptedTransport, _ time: ManualTime = ManualTime()) -> KubeClient {
        KubeClient(
            ClientConfiguration(server: "https://x"),
            transport: transport,
            time: time,
            random: { 0 }
        )
    }

    @Test("A name that leads elsewhere is sent nowhere", arguments: ["a/exec", "", ".", "..", "50%", "a%2Fb", "/"])
    func names(_ name: String) async throws {
        let transport = ScriptedTransport([])
        for namespace in ["default", ""] {
            let error = await #expect(throws: Status.self) {
                try await client(transport).delete(Self.pods, namespace: namespace, name: name)
            }
            #expect(error?.code == 400)
        }
        #expect(transport.requests.isEmpty)
    }

    @Test(
        "Which failures are repeated, and when",
        arguments: [
            (.transport(.notConnected), 1, false, .milliseconds(100)),
            (.transport(.notConnected), 3, false, .milliseconds(400)),
            (.transport(.notConnected), 4, true, nil),
            (.transport(.interrupted), 1, true, .milliseconds(100)),
            (.transport(.interrupted), 1, false, nil),
            (.transport(.untrusted), 1, true, nil),
            (.answer(status: 429, retryAfterSeconds: 2), 1, false, .seconds(2)),
            (.answer(status: 503, retryAfterSeconds: 1), 1, false, .seconds(1)),
            (.answer(status: 503, retryAfterSeconds: 3600), 1, true, nil),
            (.answer(status: 503, retryAfterSeconds: nil), 1, false, nil),
            (.answer(status: 503, retryAfterSeconds: nil), 1, true, .milliseconds(100)),
            (.answer(status: 429, retryAfterSeconds: nil), 1, false, .milliseconds(100)),
            (.answer(status: 500, retryAfterSeconds: 1), 1, true, nil),
            (.answer(status: 404, retryAfterSeconds: nil), 1, true, nil),
            (.answer(status: 409, retryAfterSeconds: 1), 1, true, nil),
        ] as [(RequestRetryPolicy.Failure, Int, Bool, Duration?)]
    )
    func policy(_ failure: RequestRetryPolicy.Failure, _ attempt: Int, _ isIdempotent: Bool, _ expected: Duration?) {
        let delay = RequestRetryPolicy().delay(after: failure, attempt: attempt, isIdempotent: isIdempotent, random: 0)
        #expect(delay == expected)
    }

    @Test func requestsAreRepeatedAfterThePause() async throws {
        let time = ManualTime()
        let transport = ScriptedTransport([
            .json(503, Self.unavailable, headers: ["retry-after": "7"]),
            .json(200, #"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}"#),
        ])
        let client = client(transport, time)
        async let pod = client.create(Self.pods, Unstructured(["metadata": ["name": "a", "namespace": "n"]]))
        await time.waitForSleepers()
        #expect(time.remaining == [.seconds(7)])
        time.advance(by: .seconds(7))
        #expect(try await pod.name == "a")
        #expect(transport.requests.map(\.path) == ["/api/v1/namespaces/n/pods", "/api/v1/namespaces/n/pods"])
    }

    @Test func bodiesThatBreakOffAreReadAgain() async throws {
        let (broken, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        continuation.yield(Array(#"{"kind":"#.utf8))
        continuation.finish(throwing: TransportError(.interrupted, "reset"))
        let time = ManualTime()
        let client = client(ScriptedTransport([.stream(broken), .json(200, #"{"metadata":{"name":"a"}}"#)]), time)
        async let pod = client.get(Self.pods, namespace: "n", name: "a")
        await time.advanceToNextSleeper()
        #expect(try await pod.name == "a")
    }

    @Test func theServersStatusIsThrown() async {
        let client = client(
            ScriptedTransport([.json(404, #"{"kind":"Status","code":404,"reason":"NotFound","message":"gone"}"#)])
        )
        let error = await #expect(throws: Status.self) {
            _ = try await client.get(Self.pods, namespace: "n", name: "a")
        }
        #expect(error?.isNotFound == true)
        #expect(error?.message == "gone")
    }

    @Test func answersOfProxiesBecomeAStatus() async {
        let client = client(ScriptedTransport([.json(403, "<html>no</html>")]))
        let error = await #expect(throws: Status.self) { _ = try await client.list(Self.pods, namespace: "n") }
        #expect(error?.reason == .forbidden)
        #expect(error?.message == "GET /api/v1/namespaces/n/pods: HTTP 403: <html>no</html>")
    }

    @Test func nobodyThereIsAStatus() async {
        let transport = ScriptedTransport([.fails(TransportError(.untrusted, "certificate is not trusted"))])
        let error = await #expect(throws: Status.self) {
            _ = try await client(transport).get(Self.pods, namespace: "n", name: "a")
        }
        #expect(error?.isConnectionFailure == true)
        #expect(error?.message == "certificate is not trusted")
    }

    @Test func pagesAreJoined() async throws {
        let transport = ScriptedTransport([
            .json(
                200,
                #"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5","continue":"t"},"items":[{"metadata":{"name":"a"}}]}"#
            ),
            .json(
                200,
                #"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"b"}}]}"#
            ),
        ])
        let list = try await client(transport).listAll(Self.pods, namespace: "n", pageSize: 1)
        #expect(list.items.map(\.name) == ["a", "b"])
        #expect(list.items.map(\.kind) == ["Pod", "Pod"])
        #expect(list.resourceVersion == "5")
        #expect(transport.requests.map(\.query).last == [.init("limit", "1"), .init("continue", "t")])
    }

    @Test func realServersThatAreNotThereAreReported() async throws {
        // Port 1 of the loopback address: nothing listens there.
        let client = try KubeClient(ClientConfiguration(server: "http://127.0.0.1:1"), retry: .never)
        let error = await #expect(throws: Status.self) { _ = try await client.list(Self.pods, namespace: "n") }
        #expect(error?.isConnectionFailure == true)
        #expect(error?.message?.contains("cannot connect to http://127.0.0.1:1") == true, "\(error?.message ?? "")")
        await client.shutdown()
    }
}
