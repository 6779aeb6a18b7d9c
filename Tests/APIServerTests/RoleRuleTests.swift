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

/// What one rule allows, and which rules cover others: Kubernetes' semantics, case by case.
@Suite struct RoleRuleTests {
    @Test(
        "A rule about resources",
        arguments: [
            // verbs, groups, resources, names | verb, group, resource, subresource, name | allowed
            ("get", "", "pods", "", "get  pods  a", true),
            ("get", "", "pods", "", "list  pods  ", false),
            ("*", "", "pods", "", "frob  pods  ", true),
            ("get", "", "pods", "", "get apps pods  a", false),
            ("get", "*", "pods", "", "get apps pods  a", true),
            ("get", "*", "*", "", "get apps pods log a", true),
            ("get", "", "pods", "", "get  pods log a", false),
            ("get", "", "pods/log", "", "get  pods log a", true),
            ("get", "", "pods/log", "", "get  pods  a", false),
            ("get", "", "pods/*", "", "get  pods log a", false),
            ("update", "apps", "*/scale", "", "update apps deployments scale a", true),
            ("update", "apps", "*/scale", "", "update apps deployments status a", false),
            ("update", "apps", "*/scale", "", "update apps scale  a", false),
            ("update", "apps", "*/scale", "", "update apps deployments autoscale a", false),
            ("get", "", "secrets", "a b", "get  secrets  b", true),
            ("get", "", "secrets", "a b", "get  secrets  c", false),
            ("list", "", "secrets", "a", "list  secrets  ", false),
            ("create", "", "secrets", "a", "create  secrets  ", false),
            ("get list", "", "pods services", "", "list  services  ", true),
            ("get", "", "pod", "", "get  pods  a", false),
        ]
    )
    func resources(
        verbs: String,
        groups: String,
        resources: String,
        names: String,
        asked: String,
        isAllowed: Bool
    ) {
        func words(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }
        let rule = PolicyRule(
            verbs: words(verbs),
            apiGroups: [groups],
            resources: words(resources),
            resourceNames: words(names)
        )
        let parts = asked.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let attributes = AccessAttributes(
            user: UserInfo(name: "x"),
            verb: parts[0],
            group: parts[1],
            resource: parts[2],
            subresource: parts[3],
            name: parts[4]
        )
        #expect(rule.allows(attributes) == isAllowed)
    }

    @Test(
        "A rule about paths",
        arguments: [
            ("/healthz", "/healthz", true), ("/healthz", "/healthz/", false), ("/healthz/*", "/healthz/ping", true),
            ("/healthz/*", "/healthz", false), ("/healthz*", "/healthzz", true), ("*", "/anything", true),
            ("/apis/*", "/apis/apps/v1", true), ("/a*b", "/axb", false), ("/logs/**", "/logs/x", true),
        ]
    )
    func paths(pattern: String, path: String, isAllowed: Bool) {
        let rule = PolicyRule(verbs: ["get"], nonResourceURLs: [pattern])
        #expect(rule.allows(AccessAttributes(user: UserInfo(name: "x"), verb: "get", path: path)) == isAllowed)
        #expect(!rule.allows(AccessAttributes(user: UserInfo(name: "x"), verb: "post", path: path)))
        // A rule about resources says nothing about paths, not even a rule about all of them.
        let all = PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"])
        #expect(!all.allows(AccessAttributes(user: UserInfo(name: "x"), verb: "get", path: path)))
    }

    private static let readPods = PolicyRule(verbs: ["get", "list"], apiGroups: [""], resources: ["pods", "pods/log"])

    @Test(
        "What is missing of rules that are to be granted",
        arguments: [
            ([readPods], [readPods], []),
            ([PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"])], [readPods], []),
            (
                [PolicyRule(verbs: ["*"], apiGroups: [""], resources: ["pods", "*/log"])], [readPods], []
            ),
            (
                [PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["pods", "pods/log"])], [readPods],
                [
                    "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"list\"]}",
                    "{APIGroups:[\"\"], Resources:[\"pods/log\"], Verbs:[\"list\"]}",
                ]
            ),
            (
                [PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["secrets"], resourceNames: ["a"])],
                [PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["secrets"])],
                ["{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}"]
            ),
            (
                [PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["secrets"])],
                [PolicyRule(verbs: ["get"], apiGroups: [""], resources: ["secrets"], resourceNames: ["a"])], []
            ),
            (
                [PolicyRule(verbs: ["get"], nonResourceURLs: ["/a/*"])],
                [PolicyRule(verbs: ["get"], nonResourceURLs: ["/a/b", "/c"])],
                ["{NonResourceURLs:[\"/c\"], Verbs:[\"get\"]}"]
            ),
            (
                [], [PolicyRule(verbs: ["get", "list"], apiGroups: [""], resources: ["nodes"])],
                ["{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\" \"list\"]}"]
            ),
        ] as [([PolicyRule], [PolicyRule], [String])]
    )
    func coverage(held: [PolicyRule], wanted: [PolicyRule], missing: [String]) {
        let found = RuleCoverage.compact(RuleCoverage.missing(wanted, from: held)).map(RuleCoverage.text)
        #expect(found == missing)
    }
}

/// Whose rules apply where.
@Suite struct RoleIndexTests {
    private static func binding(_ role: (String, String), _ subjects: [(String, String, String)]) -> JSONValue {
        [
            "roleRef": ["kind": .string(role.0), "name": .string(role.1)],
            "subjects": .array(
                subjects.map { ["kind": .string($0.0), "name": .string($0.1), "namespace": .string($0.2)] }
            ),
        ]
    }

    private static let index: RoleIndex = {
        var index = RoleIndex()
        let rules: JSONValue = ["rules": [["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]]]]
        index.set(.clusterRoles, path: "view", rules)
        index.set(.roles, path: "a/reader", rules)
        index.set(.clusterRoleBindings, path: "group", binding(("ClusterRole", "view"), [("Group", "ops", "")]))
        index.set(
            .roleBindings,
            path: "a/user",
            binding(("Role", "reader"), [("User", "x", ""), ("User", "jane", "")])
        )
        index.set(.roleBindings, path: "a/account", binding(("ClusterRole", "view"), [("ServiceAccount", "bot", "")]))
        index.set(
            .roleBindings,
            path: "b/account",
            binding(("ClusterRole", "view"), [("ServiceAccount", "bot", "a")])
        )
        index.set(
            .clusterRoleBindings,
            path: "homeless",
            binding(("ClusterRole", "view"), [("ServiceAccount", "bot", "")])
        )
        index.set(.roleBindings, path: "b/gone", binding(("Role", "reader"), [("User", "jane", "")]))
        return index
    }()

    @Test(
        "Bindings apply by user, group and service account, in their namespace or everywhere",
        arguments: [
            ("jane", [], "a", ["RoleBinding \"user/a\" of Role \"reader\" to User \"jane\""]),
            ("jane", [], "", []),
            ("joe", ["ops"], "", ["ClusterRoleBinding \"group\" of ClusterRole \"view\" to Group \"ops\""]),
            ("joe", ["ops"], "b", ["ClusterRoleBinding \"group\" of ClusterRole \"view\" to Group \"ops\""]),
            ("joe", ["OPS"], "b", []),
            (
                "system:serviceaccount:a:bot", [], "a",
                ["RoleBinding \"account/a\" of ClusterRole \"view\" to ServiceAccount \"bot/a\""]
            ),
            (
                "system:serviceaccount:a:bot", [], "b",
                ["RoleBinding \"account/b\" of ClusterRole \"view\" to ServiceAccount \"bot/a\""]
            ),
            ("system:serviceaccount:b:bot", [], "b", []),
            ("system:serviceaccount:a:bot", [], "", []),
        ] as [(String, [String], String, [String])]
    )
    func sources(user: String, groups: [String], namespace: String, sources: [String]) {
        var found: [String] = []
        _ = Self.index.visit(UserInfo(name: user, groups: groups), in: namespace) { grant in
            found.append(grant.source)
            return true
        }
        #expect(found == sources)
    }

    @Test("A binding of a role that is not there says so, and hinders nothing else")
    func missing() {
        let errors = Self.index.visit(UserInfo(name: "jane", groups: ["ops"]), in: "b") { _ in true }
        #expect(errors.map(\.message) == ["role.rbac.authorization.k8s.io \"reader\" not found"])
    }

    @Test("What is taken away is gone, and a changed binding counts as it is now")
    func changes() {
        var index = Self.index
        func count(_ user: String) -> Int {
            var count = 0
            _ = index.visit(UserInfo(name: user), in: "a") { _ in
                count += 1
                return true
            }
            return count
        }
        index.set(.roleBindings, path: "a/user", Self.binding(("Role", "reader"), [("User", "joe", "")]))
        #expect(count("jane") == 0 && count("joe") == 1)
        index.remove(.roleBindings, path: "a/user")
        #expect(count("joe") == 0)
    }

    @Test("With ten thousand bindings of others, a decision stays one of a few microseconds")
    func scale() {
        let authorizer = RBACAuthorizer()
        var index = Self.index
        for number in 0..<10_000 {
            let subjects = [("User", "user-\(number)", "")]
            index.set(.roleBindings, path: "a/b\(number)", Self.binding(("Role", "reader"), subjects))
        }
        authorizer.replace(index)
        let attributes = AccessAttributes(
            user: UserInfo(name: "user-777", groups: ["system:authenticated", "devs"]),
            verb: "get",
            group: "",
            resource: "pods",
            namespace: "a"
        )
        // How long it takes is for benchmarks; here only the answer counts, often.
        for _ in 0..<1000 { #expect(authorizer.authorize(attributes).isAllowed) }
    }
}
