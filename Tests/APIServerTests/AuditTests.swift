import APIMachinery
import Logging
import Storage
import TestSupport
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// What the audit log says, and that it says no more.
@Suite struct AuditTests {
    private static func events(_ path: String) -> [JSONValue] {
        Files.text(path).split(separator: "\n").compactMap { try? JSONValue(parsing: String($0)) }
    }

    @Test("Every answer is one event, with who, what and how it ended, and no body")
    func events() async throws {
        try await Files.withTemporaryDirectory { directory in
            let path = "\(directory)/audit.log"
            var configuration = APIServer.Configuration(dataDirectory: directory)
            configuration.audit = AuditOptions(path: path)
            let server = APIServer(configuration: configuration, store: MemoryObjectStore())
            try await server.load()

            var create = APIRequest(
                method: "POST",
                path: "/api/v1/namespaces/default/secrets",
                headers: [
                    "content-type": "application/json", "user-agent": "test/1", "x-forwarded-for": "10.0.0.9, <script>",
                    "audit-id": "mine",
                ],
                body: Array(#"{"metadata":{"generateName":"a-"},"stringData":{"key":"very secret"}}"#.utf8),
                user: UserInfo(name: "admin", groups: ["system:masters"])
            )
            create.uri = "/api/v1/namespaces/default/secrets?fieldManager=x"
            create.remoteAddress = "192.0.2.7"
            let created = await server.respond(to: create)
            #expect(created.status == 201)
            #expect(created.headers.contains { $0 == ("Audit-Id", "mine") })

            var broken = create
            broken.body = Array(#"{"metadata":{"name":"b"},"stringData":"very secret"}"#.utf8)
            #expect(await server.respond(to: broken).status == 400)

            var list = APIRequest(method: "GET", path: "/api/v1/secrets", user: create.user)
            list.impersonation = [HeaderField(name: "impersonate-user", value: "jane")]
            #expect(await server.respond(to: list).status == 403)
            server.flushAuditLog()

            let events = Self.events(path)
            #expect(events.count == 3)
            #expect(!Files.text(path).contains("very secret"))
            let first = try #require(events.first)
            #expect(first["kind"] == "Event" && first["apiVersion"] == "audit.k8s.io/v1")
            #expect(first["level"] == "Metadata" && first["stage"] == "ResponseComplete")
            #expect(first["auditID"] == "mine" && first["verb"] == "create")
            #expect(first["requestURI"]?.stringValue == create.uri)
            #expect(first["user"] == ["username": "admin", "groups": ["system:masters"]])
            #expect(first["sourceIPs"] == ["10.0.0.9", "192.0.2.7"])
            #expect(first["userAgent"] == "test/1")
            #expect(first.value(at: "responseStatus", "code") == 201)
            #expect(first.value(at: "objectRef", "resource") == "secrets")
            #expect(first.value(at: "objectRef", "name")?.stringValue?.hasPrefix("a-") == true)
            #expect(first.value(at: "annotations", "authorization.k8s.io/decision") == "allow")
            for field in ["requestReceivedTimestamp", "stageTimestamp"] {
                #expect(Timestamp(rfc3339: first[field]?.stringValue ?? "") != nil)
            }
            #expect(events[1].value(at: "responseStatus", "code") == 400)
            #expect(events[2].value(at: "impersonatedUser", "username") == "jane")
            #expect(events[2].value(at: "user", "username") == "admin")
            #expect(events[2].value(at: "annotations", "authorization.k8s.io/decision") == "forbid")
            #expect(events[2].value(at: "responseStatus", "reason") == "Forbidden")
        }
    }

    @Test("A watch is noted when it begins and when it ends")
    func watch() async throws {
        try await Files.withTemporaryDirectory { directory in
            let path = "\(directory)/audit.log"
            var configuration = APIServer.Configuration(dataDirectory: directory)
            configuration.audit = AuditOptions(path: path)
            let server = APIServer(configuration: configuration, store: MemoryObjectStore())
            try await server.load()
            let request = APIRequest(
                method: "GET",
                path: "/api/v1/configmaps",
                query: QueryParameters("watch=1"),
                user: TestServer.administrator
            )
            let response = await server.respond(to: request)
            guard case .stream(let stream) = response.body else {
                Issue.record("a watch is a stream")
                return
            }
            stream.cancel()
            try? await stream.run(CollectingSink())
            server.flushAuditLog()
            #expect(Self.events(path).map { $0["stage"] } == ["ResponseStarted", "ResponseComplete"])
            #expect(Self.events(path).allSatisfy { $0["verb"] == "watch" })
        }
    }

    @Test("Files are put aside when they are full, only so many are kept, and others' files are left alone")
    func rotation() async throws {
        try await Files.withTemporaryDirectory { directory in
            var options = AuditOptions(path: "\(directory)/audit.log")
            options.maximumFileBytes = 100
            options.maximumBackups = 2
            try Files.write("mine", to: "\(directory)/audit-notes.log")
            let file = AuditFile(options)
            try file.open()
            for number in 0..<10 {
                let line = "\(number) " + String(repeating: "x", count: 60) + "\n"
                try file.write(Array(line.utf8), now: Timestamp(seconds: 1_800_000_000 + Int64(number)))
            }
            let names = try Files.names(in: directory)
            #expect(names.count == 4, "\(names)")
            #expect(names.contains("audit-notes.log"))
            let texts = names.filter { $0 != "audit-notes.log" }.sorted().map { Files.text("\(directory)/\($0)") }
            #expect(texts.map { $0.prefix(1) } == ["7", "8", "9"])
        }
    }

    @Test("A disk that is full loses events, not requests, and leaves no half line")
    func full() async throws {
        let file = AuditFile(AuditOptions(path: "/dev/full"))
        try file.open()
        #expect(throws: FileError.self) { try file.write(Array("line\n".utf8), now: Timestamp(seconds: 0)) }
        var configuration = APIServer.Configuration(dataDirectory: "/nonexistent")
        configuration.audit = AuditOptions(path: "/dev/full")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = APIServer(configuration: configuration, store: MemoryObjectStore(), logger: logger)
        try await server.load()
        let request = APIRequest(method: "GET", path: "/version", user: TestServer.administrator)
        #expect(await server.respond(to: request).status == 200)
        server.flushAuditLog()
        #expect(await server.respond(to: request).status == 200)
    }
}
