import APIMachinery

import Synchronization
import Testing

@testable import KubeClient

/// The transport over real sockets, with servers that misbehave.
struct HTTPTransportTests {
    static let pods = GroupVersionResource(group: "", version: "v1", resource: "pods")

    /// Runs the body with a client of such a server.
    private func run(
        retry: RequestRetryPolicy = .never,
        _ change: @escaping (inout ClientConfiguration) -> Void = { _ in },
        server: @escaping @Sendable (RawServer.Connection) async throws -> Void,
        _ body: (KubeClient) async throws -> Void
    ) async throws {
        try await RawServer.with(server) { url in
            var configuration = ClientConfiguration(server: url)
            change(&configuration)
            let client = try KubeClient(configuration, retry: retry)
            do {
                try await body(client)
                await client.shutdown()
            } catch {
                await client.shutdown()
                throw error
            }
        }
    }

    private static func line(_ name: String) -> String {
        #"{"type":"ADDED","object":{"metadata":{"name":"\#(name)","resourceVersion":"1"}}}"# + "\n"
    }

    @Test func requestsCarryWhatTheConfigurationSays() async throws {
        try await run {
            $0.authorization = .bearer("secret")
            $0.userAgent = "tester"
            $0.impersonate = .init(user: "ann", groups: ["a", "b"])
        } server: { connection in
            let body = #"{"metadata":{"name":"x"},"head":""#
            let lines = connection.head.split(separator: "\r\n").joined(separator: "|").lowercased()
            let text = body + lines.replacing("\"", with: "'") + #""}"#
            try await connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        } _: { client in
            let pod = try await client.get(Self.pods, namespace: "n", name: "x")
            let head = pod.json["head"]?.stringValue ?? ""
            #expect(head.hasPrefix("get /api/v1/namespaces/n/pods/x http/1.1|"))
            for header in [
                "authorization: bearer secret", "user-agent: tester", "accept: application/json",
                "impersonate-user: ann", "impersonate-group: a", "impersonate-group: b",
            ] {
                #expect(head.contains(header), "\(header) in \(head)")
            }
        }
    }

    @Test func watchesArriveAsTheyAreSent() async throws {
        try await run { connection in
            try await connection.beginChunks()
            let text = Self.line("a") + Self.line("b")
            // Cut where no line ends.
            for piece in [text.prefix(7), text.dropFirst(7).dropLast(9), text.suffix(9)] {
                try await connection.chunk(String(piece))
            }
            try await connection.write("0\r\n\r\n")
        } _: { client in
            var names: [String] = []
            for try await event in try await client.watch(Self.pods, namespace: "n") {
                if case .added(let pod) = event { names.append(pod.name) }
            }
            #expect(names == ["a", "b"])
        }
    }

    @Test func brokenWatchesThrow() async throws {
        try await run { connection in
            try await connection.beginChunks()
            try await connection.chunk(Self.line("a"))
            // The connection closes without the last chunk.
        } _: { client in
            var count = 0
            let error = await #expect(throws: Status.self) {
                for try await _ in try await client.watch(Self.pods, namespace: "n") { count += 1 }
            }
            #expect(error?.isConnectionFailure == true)
            #expect(count == 1)
        }
    }

    @Test func watchesEndWithTheirTask() async throws {
        try await run { connection in
            try await connection.beginChunks()
            try await connection.chunk(Self.line("a"))
            // Silent from here on, until the client goes.
            let (never, continuation) = AsyncStream<Void>.makeStream()
            for await _ in never {}
            continuation.finish()
        } _: { client in
            await withThrowingTaskGroup(of: Void.self) { group in
                let (seen, first) = AsyncStream<Void>.makeStream()
                group.addTask {
                    for try await _ in try await client.watch(Self.pods, namespace: "n") { first.yield() }
                }
                for await _ in seen { break }
                group.cancelAll()
                do {
                    try await group.waitForAll()
                    Issue.record("the watch ended without an error")
                } catch {
                    #expect(error is CancellationError, "\(error)")
                }
            }
        }
    }

    @Test func interruptedReadsAreRepeatedAndWritesAreNot() async throws {
        let count = Mutex(0)
        try await run(retry: RequestRetryPolicy(backoff: Backoff(base: .milliseconds(1), cap: .milliseconds(1)))) {
            connection in
            let number = count.withLock { count in
                count += 1
                return count
            }
            // The first answer breaks off in the middle.
            let text = #"{"metadata":{"name":"x"}}"#
            let sent = number == 1 ? String(text.prefix(5)) : text
            // Not kept alive, so that the next request does not meet a connection that is just closing.
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: \(text.utf8.count)\r\n\r\n"
            try await connection.write(head + sent)
        } _: { client in
            let pod = try await client.get(Self.pods, namespace: "n", name: "x")
            #expect(pod.name == "x")
            #expect(count.withLock { $0 } == 2)
            count.withLock { $0 = 0 }
            let object = Unstructured(["metadata": ["name": "x", "namespace": "n"]])
            let error = await #expect(throws: Status.self) { _ = try await client.create(Self.pods, object) }
            #expect(error?.isConnectionFailure == true)
            #expect(count.withLock { $0 } == 1)
        }
    }

    @Test func answersThatAreNotHTTPAreReported() async throws {
        try await run {
            try await $0.write("220 smtp.example.com ESMTP\r\n")
        } _: { client in
            let error = await #expect(throws: Status.self) { _ = try await client.list(Self.pods, namespace: "n") }
            #expect(error?.isConnectionFailure == true)
        }
    }

    @Test func serversWithoutTLSAreToldFromOthers() async throws {
        try await run {
            $0 = ClientConfiguration(server: $0.server.replacing("http://", with: "https://"))
        } server: { connection in
            try await connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        } _: { client in
            let error = await #expect(throws: Status.self) { _ = try await client.list(Self.pods, namespace: "n") }
            #expect(error?.isConnectionFailure == true)
        }
    }

    @Test(
        "TLS failures in words for people",
        arguments: [
            ("SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at x.cc:320", "is not signed by"),
            ("NIOSSLExtraError.failedToValidateHostname: no", "is for other names"),
            ("OPENSSL_internal:WRONG_VERSION_NUMBER", "does not speak TLS"),
            ("OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA", "refused the TLS handshake"), ("odd", "failed: odd"),
        ]
    )
    func tls(_ error: String, _ expected: String) {
        #expect(HTTPTransport.untrusted(error, "https://x").contains(expected))
    }

    @Test(
        "Hosts of servers",
        arguments: [
            ("https://a.example:6443", "a.example"), ("http://127.0.0.1", "127.0.0.1"), ("https://[::1]:6443", "::1"),
            ("https://a/b:c", "a"), ("nothing", nil),
        ] as [(String, String?)]
    )
    func hosts(_ server: String, _ expected: String?) { #expect(HTTPTransport.host(server) == expected) }
}
