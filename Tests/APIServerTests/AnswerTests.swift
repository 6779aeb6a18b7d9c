import APIMachinery
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// What goes around an answer: headers, forms, addresses, time limits.
@Suite struct AnswerTests {
    private func header(_ response: APIResponse, _ name: String) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test("Answers of every kind are private, but for those that have a tag of their contents")
    func caching() async throws {
        let server = try await TestServer()
        for path in ["/api/v1/pods", "/healthz", "/version", "/nope", "/api/v1/pods/x/y", "/openapi/v3", "/api"] {
            let response = await server.respond("GET", path)
            #expect(header(response, "Cache-Control") == "no-cache, private", "\(path)")
        }
        let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        let document = await server.respond("GET", "/apis", accept: accept)
        #expect(header(document, "Cache-Control") == "public")
        #expect(header(document, "Etag")?.hasPrefix("\"") == true)
    }

    @Test(
        "The timeout is a duration; watches have another one",
        arguments: [
            ("/api/v1/pods?timeout=abc", 400), ("/api/v1/pods?timeout=5", 400), ("/api/v1/pods?timeout=10x", 400),
            ("/healthz?timeout=q", 400), ("/api/v1/pods?timeout=1ns", 504), ("/api/v1/pods?timeout=0s", 200),
            ("/api/v1/pods?timeout=-1s", 200), ("/api/v1/pods?timeout=1h", 200), ("/api/v1/pods?timeout=", 200),
            ("/api/v1/pods?watch=1&timeout=abc&timeoutSeconds=1", 200),
        ]
    )
    func timeout(path: String, status: Int) async throws {
        let server = try await TestServer()
        #expect(await server.respond("GET", path).status == status)
    }

    @Test(
        "Durations are read as Go reads them",
        arguments: [
            ("1h2m3.5s", .nanoseconds(3_723_500_000_000)), ("0", .zero), ("-1.5h", .seconds(-5400)),
            (".5s", .milliseconds(500)),
            ("1us", .microseconds(1)), ("1\u{B5}s", .microseconds(1)), ("0.000000001s", .nanoseconds(1)),
        ] as [(String, Duration)]
    )
    func durations(text: String, duration: Duration) throws { #expect(try GoDuration.read(text) == duration) }

    @Test(
        "What is no duration is said as Go says it",
        arguments: [
            ("", "invalid duration \"\""), ("s", "invalid duration \"s\""), ("1", "missing unit in duration \"1\""),
            ("1y", "unknown unit \"y\" in duration \"1y\""), (".s", "invalid duration \".s\""),
            ("9223372036854775808ns", "invalid duration \"9223372036854775808ns\""),
            ("3000000h", "invalid duration \"3000000h\""),
        ]
    )
    func noDurations(text: String, message: String) {
        do throws(GoDuration.Failure) {
            _ = try GoDuration.read(text)
            Issue.record("\(text) was read")
        } catch {
            #expect(error.message == "time: \(message)")
        }
    }

    @Test(
        "Unknown paths of built-in groups are answered with a Status, others in plain text",
        arguments: [
            ("/api/v2", true), ("/api/v2/pods", true), ("/api/v1/nope", true), ("/apis/apps/v2", true),
            ("/apis/apps/v9/x", true), ("/version/x", true), ("/apis/nope", false), ("/apis/nope/v1/x", false),
            ("/nope", false),
        ]
    )
    func unknownPaths(path: String, isStatus: Bool) async throws {
        let server = try await TestServer()
        let answer = await server.request("GET", path)
        #expect(answer.status == 404)
        #expect((answer.body["kind"] == "Status") == isStatus)
    }

    @Test("What is plain text is not to be taken for anything else", arguments: ["/nope", "/healthz", "/livez/nope"])
    func plainText(path: String) async throws {
        let response = await (try TestServer()).respond("GET", path)
        #expect(header(response, "Content-Type") == "text/plain; charset=utf-8")
        #expect(header(response, "X-Content-Type-Options") == "nosniff")
    }

    @Test("The version is written for people, in its own order")
    func version() async throws {
        let server = try await TestServer()
        guard case .bytes(let bytes) = await server.respond("GET", "/version").body else { return }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines.first == "{" && lines.last == "}" && bytes.last == UInt8(ascii: "}"))
        #expect(lines.dropFirst().prefix(2) == ["  \"major\": \"1\",", "  \"minor\": \"36\","])
        #expect(await server.respond("POST", "/version").status == 405)
        #expect(await server.respond("GET", "/version", accept: "text/html").status == 406)
    }

    @Test("Answers are indented for those who ask for it and for programs that people look through")
    func pretty() throws {
        func isPretty(_ query: String, _ agent: String?, _ accept: String? = nil) throws -> Bool {
            try Negotiation.form(accept: accept, query: QueryParameters(query), userAgent: agent).isPretty
        }
        #expect(try isPretty("pretty=1", "kubectl/1") && isPretty("", "curl/8.0") && isPretty("", "Mozilla/5.0 (X)"))
        #expect(try !isPretty("pretty=0", "curl/8.0") && !isPretty("pretty=yes", nil) && !isPretty("", "kubectl/1"))
        #expect(try isPretty("", nil, "application/json;pretty=1"))
    }

    @Test(
        "Forms that are not there are refused by path and by handler",
        arguments: [
            ("/api/v1/pods", "text/html", 406, true), ("/api/v1/pods", "application/*", 406, true),
            ("/api/v1/pods", "application/json;g=meta.k8s.io;v=v1", 406, false), ("/api/v1/pods", "*/*", 200, false),
            ("/api", "text/html", 406, true), ("/api/v1/pods", "application/json;stream=other", 406, false),
        ]
    )
    func forms(path: String, accept: String, status: Int, hasDetails: Bool) async throws {
        let server = try await TestServer()
        let answer = await server.request("GET", path, accept: accept)
        #expect(answer.status == status)
        #expect((answer.body["details"] != nil) == hasDetails)
    }

    @Test("A bookmark of a built-in kind has no creation time")
    func bookmark() async throws {
        let server = try await TestServer()
        let query = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
        let response = await server.respond("GET", "/api/v1/pods?\(query)")
        guard case .stream(let stream) = response.body else { return }
        let sink = CollectingSink()
        let task = Task { try await stream.run(sink) }
        var iterator = sink.values.makeAsyncIterator()
        let event = await iterator.next()
        stream.cancel()
        try await task.value
        #expect(event?["type"] == "BOOKMARK")
        let metadata = event?["object"]?["metadata"]
        #expect(metadata?["annotations"]?["k8s.io/initial-events-end"] == "true")
        #expect(metadata?["creationTimestamp"] == nil)
    }

    @Test("An address that cannot be read is no request; an escaped slash is a slash")
    func addresses() async throws {
        try await ServedAPI.run { api in
            let broken = try await api.exchange(api.request("GET /api/v1/%zz"))
            #expect(broken.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(broken.hasSuffix("\r\n\r\n400 Bad Request"))
            let closing = "\r\n"
            let slash = try await api.exchange(api.head("GET /api/v1%2fpods", "Connection: close") + closing)
            #expect(slash.contains("PodList"))
            let inside = "GET /api/v1/namespaces/default/configmaps/a%2Fb"
            let missing = try await api.exchange(api.head(inside, "Connection: close") + closing)
            #expect(missing.contains("the server could not find the requested resource"))
        }
    }

    @Test("What is compressed piece by piece is one whole")
    func compression() throws {
        let pieces = (0..<5).map { piece in Array(String(repeating: "piece \(piece) of many ", count: 3_000).utf8) }
        var stream = GzipStream()
        var bytes: [UInt8] = []
        for piece in pieces { bytes += stream.add(piece) }
        bytes += stream.finish()
        #expect(bytes.count < 20_000)
        #expect(Inflater.inflate(bytes) == pieces.flatMap { $0 })
        #expect(Gzip.isAccepted("br, gzip") && !Gzip.isAccepted("gzip;q=1") && !Gzip.isAccepted(nil))
    }
}

/// Reads blocks of fixed Huffman codes (RFC 1951).
private struct Inflater {
    private let bytes: [UInt8]
    private var position = 80  // bits; the head has ten bytes
    private var output: [UInt8] = []

    static func inflate(_ bytes: [UInt8]) -> [UInt8] {
        var inflater = Inflater(bytes: bytes)
        while !inflater.block() {}
        return inflater.output
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func bit() -> Int {
        defer { position += 1 }
        return Int(bytes[position / 8] >> UInt8(position % 8) & 1)
    }

    private mutating func number(_ count: Int) -> Int { (0..<count).reduce(0) { $0 | bit() << $1 } }

    private mutating func code(_ count: Int, after prefix: Int = 0) -> Int {
        (0..<count).reduce(prefix) { code, _ in code << 1 | bit() }
    }

    private mutating func symbol() -> Int {
        let seven = code(7)
        if seven < 24 { return seven + 256 }
        let eight = code(1, after: seven)
        if eight < 192 { return eight - 48 }
        if eight < 200 { return eight + 88 }
        return code(1, after: eight) - 256
    }

    /// Whether the block was the last.
    private mutating func block() -> Bool {
        let isLast = bit() == 1
        guard number(2) == 1 else { return true }
        while true {
            let symbol = symbol()
            if symbol < 256 {
                output.append(UInt8(symbol))
            } else if symbol == 256 {
                return isLast
            } else {
                let length = value(symbol - 257, group: 4, base: 3, last: 28)
                let distance = value(code(5), group: 2, base: 1, last: nil)
                for _ in 0..<length { output.append(output[output.count - distance]) }
            }
        }
    }

    private mutating func value(_ symbol: Int, group: Int, base: Int, last: Int?) -> Int {
        if symbol == last { return 258 }
        if symbol < 2 * group { return symbol + base }
        let bits = symbol / group - 1
        return base + (group + symbol % group) << bits + number(bits)
    }
}
