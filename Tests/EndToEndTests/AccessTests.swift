import APIMachinery
import TestSupport
import Testing

/// Who may do what on a running plane, with the real kubectl.
@Suite("Access", .serialized)
struct AccessTests {
    @Test("A user with a few rights, made with kubectl, has those and no others")
    func leastPrivilege() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("create", "namespace", "team")
            try await plane.kubectl("apply", "-f", "-", "-n", "team", input: Self.pool)
            try await plane.kubectl("create", "configmap", "c", "-n", "team", "--from-literal=a=b")
            try await plane.kubectl(
                "create",
                "role",
                "reader",
                "-n",
                "team",
                "--verb=get,list,watch",
                "--resource=configmaps"
            )
            try await plane.kubectl("create", "rolebinding", "reads", "-n", "team", "--role=reader", "--user=jane")
            try await plane.kubectl(
                "create",
                "clusterrole",
                "node-reader",
                "--verb=get,list",
                "--resource=nodes"
            )
            try await plane.kubectl(
                "create",
                "clusterrolebinding",
                "nodes",
                "--clusterrole=node-reader",
                "--group=devs"
            )
            try await plane.kubectl(
                "create",
                "rolebinding",
                "bot",
                "-n",
                "team",
                "--clusterrole=view",
                "--serviceaccount=team:bot"
            )

            let jane = try await Self.user("jane", group: "devs", on: plane)
            #expect(try await jane.check(["kubectl", "auth", "whoami"]).out.contains("jane"))
            let get = ["kubectl", "get", "-o", "name"]
            #expect(try await jane.check(get + ["cm", "c", "-n", "team"]).out == "configmap/c\n")
            #expect(try await jane.check(get + ["nodes"]).out.hasPrefix("node/"))
            let refused = try await jane.run(["kubectl", "get", "secrets", "-n", "team"])
            #expect(
                refused.err.contains(
                    "secrets is forbidden: User \"jane\" cannot list resource \"secrets\" in API group \"\" in the namespace \"team\""
                )
            )
            for words in [
                ["get", "cm", "-n", "default"], ["delete", "cm", "c", "-n", "team"],
                ["get", "workerpools", "-n", "team"],
                ["create", "role", "x", "-n", "team", "--verb=get", "--resource=pods"],
                ["get", "cm", "--as", "joe", "-n", "team"],
            ] {
                let answer = try await jane.run(["kubectl"] + words)
                #expect(!answer.succeeded && answer.err.contains("orbidden"), "\(words): \(answer)")
            }
            #expect(try await jane.run(["kubectl", "auth", "can-i", "delete", "cm", "-n", "team"]).out == "no\n")
            #expect(try await jane.run(["kubectl", "auth", "can-i", "get", "cm", "-n", "team", "-q"]).succeeded)
            let list = try await jane.check(["kubectl", "auth", "can-i", "--list", "-n", "team"])
            #expect(list.out.contains("configmaps") && list.out.contains("[get list watch]"))

            let can = ["auth", "can-i"]
            for (words, answer) in [
                (["get", "workerpools", "-n", "team", "--as", "system:serviceaccount:team:bot"], "yes\n"),
                (["patch", "workerpools", "-n", "team", "--as", "system:serviceaccount:team:bot"], "no\n"),
                (["get", "pods", "--subresource=log", "-n", "team", "--as", "x", "--as-group", "devs"], "no\n"),
                (["get", "/livez", "--as", "x"], "yes\n"), (["get", "/metrics", "--as", "x"], "no\n"),
            ] {
                let asked = try await plane.commands.run(["kubectl"] + can + words)
                #expect(asked.out == answer, "\(words): \(asked)")
            }
            let stranger = try await Self.user("jane", group: "system:masters", authority: nil, on: plane)
            let unknown = try await stranger.run(["kubectl", "get", "nodes"])
            #expect(!unknown.succeeded && unknown.err.contains("Unauthorized"), "\(unknown)")
            let metrics = try await plane.metrics()
            let denied = try #require(Self.value(of: "authorization_attempts_total{result=\"denied\"}", in: metrics))
            let failed = try #require(Self.value(of: "authentication_attempts_total{result=\"failure\"}", in: metrics))
            #expect(denied >= 6 && failed >= 1)
        }
    }

    @Test("kubectl auth reconcile brings roles and bindings about")
    func reconcile() async throws {
        try await Plane.with { plane in
            for _ in 0..<2 { try await plane.kubectl("auth", "reconcile", "-f", "-", input: Self.roles) }
            let asked = try await plane.kubectl("auth", "can-i", "get", "cm", "-n", "fresh", "--as", "jane")
            #expect(asked.out == "yes\n")
        }
    }

    @Test("The plane's own parts are refused nothing that they ask for, and a runner's token is good for its pool only")
    func identities() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "-f", "-", input: Self.pool)
            for name in try await plane.submit("noop", count: 5, params: [:]) { try await plane.succeeded(run: name) }
            try await plane.kubectl(
                "patch",
                "workerpool",
                "default",
                "--type=merge",
                "-p",
                #"{"spec":{"concurrency":2}}"#
            )
            try await eventually("the change is rolled out") {
                try await plane.get("workerpool", "default").isRolledOut
            }
            let secret = try await plane.get("secret", "martinet-runner")
            let encoded = try #require(secret.value(at: "data", "default")?.stringValue)
            let token = try await plane.commands.check(["base64", "-d"], input: encoded).out
            func status(_ words: String...) async throws -> String {
                let curl = ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}"]
                return try await plane.commands.check(curl + ["-H", "Authorization: Bearer \(token)"] + words).out
            }
            let http = "http://127.0.0.1:\(plane.httpPort)"
            let own = #"{"namespace":"default","pool":"default","runner":"x"}"#
            let other = #"{"namespace":"default","pool":"other","runner":"x"}"#
            let kind = "Content-Type: application/json"
            #expect(try await status("-H", kind, "-d", own, "\(http)/agents/v1/heartbeat") == "200")
            #expect(try await status("-H", kind, "-d", other, "\(http)/agents/v1/heartbeat") == "403")
            #expect(try await status("\(http)/api/v1/namespaces/default/runs") == "403")
            #expect(try await status("https://127.0.0.1:\(plane.apiPort)/api") == "401")

            let users = Set(plane.auditEvents().compactMap { $0.value(at: "user", "username")?.stringValue })
            #expect(users.contains("system:martinet:controller"))
            #expect(users.contains { $0.hasPrefix("system:node:") })
            #expect(!Files.text(plane.auditLog).contains(encoded))
        }
    }

    // MARK: Users

    /// kubectl for a user whose certificate an administrator has signed; without an authority it is self-made.
    private static func user(
        _ name: String,
        group: String,
        authority: String? = "ca",
        on plane: Plane
    ) async throws -> Commands {
        let file = "\(plane.directory)/\(name)-\(group.filter(\.isLetter))"
        let pki = "\(plane.dataDirectory)/pki"
        try await plane.commands.check([
            "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            "\(file).key", "-out", "\(file).csr", "-subj", "/O=\(group)/CN=\(name)",
        ])
        try Files.write("extendedKeyUsage=clientAuth\n", to: "\(file).ext")
        let signer =
            authority == nil
            ? ["-signkey", "\(file).key"]
            : ["-CA", "\(pki)/ca.crt", "-CAkey", "\(pki)/ca.key", "-CAcreateserial", "-CAserial", "\(file).srl"]
        try await plane.commands.check(
            ["openssl", "x509", "-req", "-in", "\(file).csr", "-days", "1", "-extfile", "\(file).ext"]
                + ["-out", "\(file).crt"] + signer
        )
        let config = "\(file).kubeconfig"
        let kubectl = ["kubectl", "--kubeconfig", config, "config"]
        try await plane.commands.check(
            kubectl + [
                "set-cluster", "plane", "--server", "https://127.0.0.1:\(plane.apiPort)", "--certificate-authority",
                "\(plane.dataDirectory)/ca.crt",
            ]
        )
        try await plane.commands.check(
            kubectl + [
                "set-credentials", name, "--client-certificate", "\(file).crt", "--client-key", "\(file).key",
            ]
        )
        try await plane.commands.check(kubectl + ["set-context", "plane", "--cluster=plane", "--user", name])
        try await plane.commands.check(kubectl + ["use-context", "plane"])
        return Commands(directory: plane.directory, environment: ["KUBECONFIG": config])
    }

    private static func value(of series: String, in metrics: String) -> Double? {
        metrics.split(separator: "\n").first { $0.hasPrefix(series) }?.split(separator: " ").last.flatMap { Double($0) }
    }

    private static let pool = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: default}
        spec: {concurrency: 4}
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: noop}
        spec: {steps: [{id: noop, actor: noop}]}
        """

    private static let roles = """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: reader, namespace: fresh}
        rules: [{apiGroups: [""], resources: [configmaps], verbs: [get, list]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: reader, namespace: fresh}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]
        """
}
