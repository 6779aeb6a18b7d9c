import APIMachinery
import KubeTestSupport
import Testing

@testable import KubeClient

struct KubeConfigTests {
    static let config: JSONValue = [
        "apiVersion": "v1", "kind": "Config", "current-context": "dev",
        "clusters": [
            [
                "name": "local",
                "cluster": ["server": "https://127.0.0.1:6443/", "certificate-authority-data": "Q0E="],
            ],
            ["name": "files", "cluster": ["server": "https://10.0.0.1", "certificate-authority": "pki/ca.crt"]],
            ["name": "none", "cluster": [:]],
            ["name": "odd", "cluster": ["server": "127.0.0.1:6443"]],
        ],
        "users": [
            ["name": "token", "user": ["token": "secret", "tokenFile": "ignored"]],
            ["name": "file", "user": ["tokenFile": "tok"]],
            ["name": "cert", "user": ["client-certificate-data": "Q0VSVA==", "client-key-data": "S0VZ"]],
            ["name": "half", "user": ["client-certificate-data": "Q0VSVA=="]],
            ["name": "garbled", "user": ["client-certificate-data": "%", "client-key-data": "S0VZ"]],
            ["name": "exec", "user": ["exec": ["command": "aws"]]],
            ["name": "basic", "user": ["username": "u", "password": "p"]],
        ],
        "contexts": [
            ["name": "dev", "context": ["cluster": "local", "user": "token", "namespace": "team"]],
            ["name": "files", "context": ["cluster": "files", "user": "file"]],
            ["name": "cert", "context": ["cluster": "local", "user": "cert"]],
            ["name": "half", "context": ["cluster": "local", "user": "half"]],
            ["name": "garbled", "context": ["cluster": "local", "user": "garbled"]],
            ["name": "exec", "context": ["cluster": "local", "user": "exec"]],
            ["name": "basic", "context": ["cluster": "local", "user": "basic"]],
            ["name": "anonymous", "context": ["cluster": "local"]],
            ["name": "lost-cluster", "context": ["cluster": "nowhere"]],
            ["name": "lost-user", "context": ["cluster": "local", "user": "nobody"]],
            ["name": "no-server", "context": ["cluster": "none"]],
            ["name": "odd-server", "context": ["cluster": "odd"]],
        ],
    ]

    private func resolve(_ context: String?) throws -> ClientConfiguration {
        try KubeConfig(Self.config, directory: "/home/u/.kube", origin: "F")
            .resolve(context: context, origin: "F") { Array("content of \($0)".utf8) }
    }

    @Test func currentContextIsUsed() throws {
        let result = try resolve(nil)
        #expect(result.server == "https://127.0.0.1:6443")
        #expect(result.namespace == "team")
        #expect(result.certificateAuthority == Array("CA".utf8))
        #expect(result.authorization == .bearer("secret"))
    }

    @Test func filesAreRelativeToTheKubeconfig() throws {
        let result = try resolve("files")
        #expect(result.certificateAuthority == Array("content of /home/u/.kube/pki/ca.crt".utf8))
        #expect(result.authorization == .bearerFile("/home/u/.kube/tok"))
        #expect(result.namespace == "default")
    }

    @Test func certificatesAndPasswords() throws {
        let certificate = try resolve("cert").clientCertificate
        #expect(certificate?.certificate == Array("CERT".utf8))
        #expect(certificate?.key == Array("KEY".utf8))
        #expect(try resolve("basic").authorization == .basic(username: "u", password: "p"))
        #expect(try resolve("anonymous").authorization == .none)
    }

    @Test(
        "Each fault names the entry",
        arguments: [
            ("half", "user \"half\": client-certificate and client-key must be given together"),
            ("garbled", "user \"garbled\": client-certificate-data: is not base64"),
            ("exec", "exec and auth-provider plug-ins are not supported"),
            ("lost-cluster", "cluster \"nowhere\" is not defined"),
            ("lost-user", "user \"nobody\" is not defined"),
            ("no-server", "cluster \"none\": server: is required"),
            ("odd-server", "must begin with https:// or http://"),
            ("missing", "there is no context \"missing\"; its contexts are anonymous,"),
        ]
    )
    func faults(_ context: String, _ expected: String) {
        do {
            _ = try resolve(context)
            Issue.record("resolved \(context)")
        } catch {
            #expect("\(error)".contains(expected), "\(error)")
        }
    }

    @Test func firstFileWins() throws {
        var first = try KubeConfig(
            ["clusters": [["name": "local", "cluster": ["server": "https://first"]]]],
            directory: "",
            origin: "1"
        )
        first.merge(try KubeConfig(Self.config, directory: "/d", origin: "2"))
        let result = try first.resolve(origin: "1:2") { _ in [] }
        #expect(result.server == "https://first")
        #expect(result.authorization == .bearer("secret"))
    }

    @Test func nothingIsAConfigThatSaysOtherwise() {
        #expect(throws: ConfigurationError.self) {
            try KubeConfig(["kind": "Pod"], directory: "", origin: "F")
        }
        #expect(throws: ConfigurationError.self) {
            try KubeConfig(["clusters": "x"], directory: "", origin: "F")
        }
    }

    @Test func tokenFilesAreReadAgainAfterAMinute() {
        let time = ManualTime()
        let source = TokenSource(.bearerFile("/t"), time: time) { _ in
            Array("t\(time.instant.components.seconds)\n".utf8)
        }
        #expect(source.header() == "Bearer t0")
        time.advance(by: .seconds(59))
        #expect(source.header() == "Bearer t0")
        time.advance(by: .seconds(2))
        #expect(source.header() == "Bearer t61")
    }
}
