import APIMachinery
import HTTPServing
import KubeAPIServer
import Testing
import TestSupport

/// What comes over a connection, and what must not get any further.
@Suite struct HTTPLimitTests {
    private static let collection = "/api/v1/namespaces/default/configmaps"

    private func status(_ answer: String) -> Int {
        Int(answer.split(separator: " ", maxSplits: 2).dropFirst().first ?? "") ?? 0
    }

    @Test("What leaves open where a request ends, or is no request, is refused and the connection closed")
    func refusedFraming() async throws {
        try await ServedAPI.run { api in
            let post = "POST \(Self.collection)"
            let requests: [(String, Int)] = [
                (api.head(post, "Content-Length: 5", "Transfer-Encoding: chunked") + "\r\n0\r\n\r\n", 400),
                (api.head(post, "Content-Length: 5", "Content-Length: 6") + "\r\nhello", 400),
                (api.head(post, "Content-Length: 5", "Content-Length: 5") + "\r\nhello", 400),
                (api.head(post, "Content-Length: +5") + "\r\nhello", 400),
                (api.head(post, "Content-Length: 5, 5") + "\r\nhello", 400),
                (api.head(post, "Transfer-Encoding: gzip, chunked") + "\r\n0\r\n\r\n", 501),
                (api.head(post, "Transfer-Encoding: xchunked") + "\r\n0\r\n\r\n", 501),
                (api.head(post, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + "\r\n0\r\n\r\n", 400),
                (api.head(post, "Transfer-Encoding : chunked") + "\r\n0\r\n\r\n", 400),
                (api.head(post, "Transfer-Encoding: chunked") + "\r\nzz\r\n", 400),
                (api.head("GET /version", "Host: other") + "\r\n", 400),
                ("GET /version HTTP/1.1\r\n\r\n", 400),
                (api.head("GET /version", "A: b", " c: d") + "\r\n", 400),
                ("GET /version HTTP/3.1\r\nHost: a\r\n\r\n", 505),
                ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
                ("nonsense\r\n\r\n", 400),
                (api.head("GET /version", "Expect: miracles") + "\r\n", 417),
                (api.head("GET /version", "X: " + String(repeating: "x", count: 1 << 20)) + "\r\n", 431),
                (api.head("GET /version?" + String(repeating: "x", count: 1 << 20)) + "\r\n", 431),
                (api.head("GET /version", String(repeating: "X: y\r\n", count: 1000) + "Z: z") + "\r\n", 431),
            ]
            for (request, expected) in requests {
                let answer = try await api.exchange(request)
                #expect(status(answer) == expected, "\(request.prefix(120)) -> \(answer.prefix(200))")
                #expect(answer.lowercased().contains("connection: close"))
            }
        }
    }

    @Test("A method that no standard names is answered as any method that a resource does not have")
    func unknownMethod() async throws {
        try await ServedAPI.run { api in
            let refused = try await api.exchange(api.request("FROB \(Self.collection)"))
            #expect(status(refused) == 405)
            #expect(refused.contains("\"reason\":\"MethodNotAllowed\""))
            // The body of such a request is not taken for a request.
            let body = api.request("GET /version")
            let withBody = api.head("FROB \(Self.collection)", "Content-Length: \(body.utf8.count)") + "\r\n" + body
            let answer = try await api.exchange(withBody)
            #expect(status(answer) == 405)
            #expect(!answer.contains("gitVersion"))
            do {
                let answer = try await api.exchange("FROB \(Self.collection) HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(status(answer) == 403)
            }
            try await api.connect { connection in
                // After another request on the same connection, and byte by byte.
                try await connection.send(api.request("GET /version"))
                _ = try await connection.read(upTo: "}")
                for byte in api.request("FROB \(Self.collection)") { try await connection.send(String(byte)) }
                let slow = try await connection.rest()
                #expect(status(slow) == 405)
            }
        }
    }

    @Test("Requests in a row are answered in their order; a wrong one after them ends the connection")
    func pipelining() async throws {
        try await ServedAPI.run { api in
            let good = api.request("GET /version")
            let answer = try await api.exchange(String(repeating: good, count: 50) + "FROB / HTTP/1.1\r\n\r\n")
            let parts = answer.split(separator: "HTTP/1.1 ")
            #expect(parts.count == 51)
            #expect(parts.dropLast().allSatisfy { $0.hasPrefix("200") })
            #expect(parts.last?.hasPrefix("400") == true)
        }
    }

    @Test("HTTP/1.0, HEAD, and the wish to close are honoured")
    func closing() async throws {
        try await ServedAPI.run { api in
            let old = try await api.exchange("GET /version HTTP/1.0\r\n\r\n")
            #expect(old.hasPrefix("HTTP/1.0 200"))
            #expect(!old.lowercased().contains("transfer-encoding"))
            let watch = api.request("GET \(Self.collection)?watch=1&timeoutSeconds=1")
            let events = try await api.exchange(watch.replacing(" HTTP/1.1", with: " HTTP/1.0"))
            #expect(events.hasPrefix("HTTP/1.0 200"))
            let heads = try await api.exchange(
                api.request("HEAD /readyz") + api.head("HEAD /healthz", "Connection: close") + "\r\n"
            )
            #expect(heads.split(separator: "HTTP/1.1 200 OK").count == 2)
            #expect(!heads.contains("{"))
        }
    }

    @Test("A body that is too large is refused at once, whether its length is announced or not")
    func largeBodies() async throws {
        try await ServedAPI.run { api in
            // Nothing of the announced body is sent.
            let announced = api.head("POST \(Self.collection)", "Content-Length: 100000000") + "\r\n"
            let refused = try await api.exchange(announced)
            #expect(status(refused) == 413)
            #expect(refused.contains("\"reason\":\"RequestEntityTooLarge\""))
            let asking = api.head("POST \(Self.collection)", "Content-Length: 100000000", "Expect: 100-continue")
            do {
                let answer = try await api.exchange(asking + "\r\n")
                #expect(status(answer) == 413)
            }
            try await api.connect { connection in
                try await connection.send(api.head("POST \(Self.collection)", "Transfer-Encoding: chunked") + "\r\n")
                let chunk = "100000\r\n" + String(repeating: "x", count: 1 << 20) + "\r\n"
                for _ in 0..<4 { try await connection.send(chunk) }
                let answer = try await connection.rest()
                #expect(status(answer) == 413)
            }
            let encoded = api.head("POST \(Self.collection)", "Content-Length: 2", "Content-Encoding: gzip") + "\r\n{}"
            do {
                let answer = try await api.exchange(encoded)
                #expect(status(answer) == 415)
            }
            let parameters = String(repeating: "a=1&", count: 10_000)
            let query = api.head("GET \(Self.collection)?\(parameters)", "Connection: close") + "\r\n"
            do {
                let answer = try await api.exchange(query)
                #expect(status(answer) == 400)
            }
        }
    }

    @Test("An object just below the limit is stored and comes back")
    func largeObject() async throws {
        try await ServedAPI.run { api in
            let text = String(repeating: "x", count: (3 << 20) - 4096)
            // ConfigMaps themselves may only have 1 MiB; this kind has no limit of its own.
            let definition = String(decoding: TestServer.definition.bytes, as: UTF8.self)
                .replacing("\"type\":\"integer\"", with: "\"x-kubernetes-preserve-unknown-fields\":true")
            let defined = api.request("POST /apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)
            let large: JSONValue = [
                "apiVersion": "test.example/v1", "kind": "Thing", "metadata": ["name": "large"],
                "spec": ["size": .string(text)],
            ]
            let body = String(decoding: large.bytes, as: UTF8.self)
            try await api.connect { connection in
                try await connection.send(defined)
                _ = try await connection.read(upTo: "\r\n\r\n")
                _ = try await connection.read(upTo: "storedVersions")
                _ = try await connection.read(upTo: "}")
                try await connection.send(
                    api.head(
                        "POST \(TestServer.things)",
                        "Content-Type: application/json",
                        "Content-Length: \(body.utf8.count)",
                        "Expect: 100-continue"
                    ) + "\r\n"
                )
                let interim = try await connection.read(upTo: "\r\n\r\n")
                #expect(interim.hasSuffix("HTTP/1.1 100 Continue\r\n\r\n"))
                try await connection.send(body)
                let answer = try await connection.read(upTo: "\r\n\r\n")
                #expect(status(answer) == 201)
            }
            #expect(api.server.usage.bodyBytes == 0)
        }
    }

    @Test("Who is slow with a head, a body or nothing at all is cut off; nobody else waits")
    func slowClients() async throws {
        var limits = ConnectionLimits()
        limits.headTimeout = .seconds(6)
        limits.bodyTimeout = .seconds(1)
        limits.idleTimeout = .seconds(1)
        try await ServedAPI.run(limits: limits) { api in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await api.connect { connection in
                            try await connection.send("GET /vers")
                            let answer = try await connection.rest()
                            #expect(status(answer) == 408)
                        }
                    }
                    group.addTask {
                        try await api.connect { connection in
                            try await connection.send(
                                api.head("POST \(Self.collection)", "Content-Length: 50") + "\r\n{"
                            )
                            let answer = try await connection.rest()
                            #expect(status(answer) == 408)
                            #expect(answer.contains("\"reason\":\"Timeout\""))
                        }
                    }
                    group.addTask {
                        try await api.connect { connection in
                            try await connection.send(api.request("GET /version"))
                            let answer = try await connection.rest()
                            #expect(status(answer) == 200)
                        }
                    }
                    group.addTask {
                        // Not a byte.
                        try await api.connect { connection in
                            let answer = try await connection.rest()
                            #expect(answer.isEmpty)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await eventually("all connections are gone") { api.server.usage.connections == 0 }
        }
    }

    @Test("More connections than there may be are told so, and can come back")
    func tooManyConnections() async throws {
        var limits = ConnectionLimits()
        limits.maximumConnections = 2
        try await ServedAPI.run(limits: limits) { api in
            try await api.connect { first in
                try await first.send(api.request("GET /version"))
                _ = try await first.read(upTo: "}")
                try await api.connect { second in
                    try await second.send(api.request("GET /version"))
                    _ = try await second.read(upTo: "}")
                    let refused = try await api.exchange(api.request("GET /version"))
                    #expect(status(refused) == 429)
                    #expect(refused.contains("Retry-After: 1"))
                }
            }
            try await eventually("the connections are gone") { api.server.usage.connections == 0 }
            try await api.connect { connection in
                try await connection.send(api.request("GET /version"))
                let answer = try await connection.read(upTo: "}")
                #expect(status(answer) == 200)
            }
        }
    }

    @Test("A client that takes nothing of an answer is cut off")
    func stalledReader() async throws {
        var limits = ConnectionLimits()
        limits.stallTimeout = .milliseconds(500)
        try await ServedAPI.run(limits: limits) { api in
            let text = String(repeating: "x", count: 1 << 20)
            for name in 0..<12 {
                let map: JSONValue = ["metadata": ["name": .string("m\(name)")], "data": ["text": .string(text)]]
                let body = String(decoding: map.bytes, as: UTF8.self)
                let request = api.head(
                    "POST \(Self.collection)",
                    "Content-Type: application/json",
                    "Connection: close",
                    "Content-Length: \(body.utf8.count)"
                )
                do {
                    let answer = try await api.exchange(request + "\r\n" + body)
                    #expect(status(answer) == 201)
                }
            }
            try await api.connect { connection in
                try await connection.send(api.request("GET \(Self.collection)"))
                try await eventually("the list is cut off") { api.server.usage.connections == 0 }
                // The request learns of it a moment after its connection is gone.
                try await eventually("the request is over") { api.server.usage.isIdle }
            }
        }
    }

    @Test("Watchers that come and go leave nothing behind")
    func comingAndGoing() async throws {
        try await ServedAPI.run { api in
            for _ in 0..<2 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<20 {
                        group.addTask {
                            try await api.connect { connection in
                                try await connection.send(api.request("GET \(Self.collection)?watch=1"))
                                _ = try await connection.read(upTo: "\r\n\r\n")
                            }
                        }
                    }
                    try await group.waitForAll()
                }
            }
            try await eventually("all watchers are gone") { api.server.usage.watchers == 0 }
            try await eventually("all connections are gone") { api.server.usage.connections == 0 }
            #expect(api.server.usage.isIdle)
        }
    }
}
