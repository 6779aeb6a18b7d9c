import APIMachinery
import Glibc
import TestSupport
import Testing

/// Clients that nobody here wrote: the official Python client and the kopf operator framework, over TLS with the
/// generated kubeconfig. `scripts/install-packages test` installs them.
@Suite("Foreign clients", .serialized)
struct ClientTests {
    @Test("The official Python client works, typed, dynamic and asynchronous; and a kopf operator on its own kind")
    func python() async throws {
        try await Plane.with { plane in
            for script in ["typed", "dynamic", "watching", "asynchronous", "electing", "operating"] {
                try await Self.run("\(script).py", on: plane)
            }
        }
    }

    @Test("A server killed in the middle of cascades leaks nothing")
    func cascades() async throws {
        try await Plane.with { plane in
            try await Self.run("collecting.py", "make", on: plane)
            try await Self.run("collecting.py", "delete", on: plane)
            // The requests are answered, most of what follows from them is not done yet.
            try await Self.kill(plane)
            try await Self.run("collecting.py", "wait", on: plane)
            try await Self.run("collecting.py", "drop-definition", on: plane)
            try await Self.kill(plane)
            try await Self.run("collecting.py", "wait-for-definition", on: plane)
        }
    }

    @Test("Runs belong to their owners like any other object, and to their namespace")
    func runsAsDependents() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("create", "namespace", "other")
            for namespace in ["default", "other"] {
                try await plane.kubectl("apply", "-n", namespace, "-f", "-", input: Self.workflow)
                try await plane.kubectl("create", "configmap", "owner", "-n", namespace)
                let owner = try await plane.get("configmap", "owner", namespace: namespace)
                let input = Self.ownedRun(owner: owner.value(at: "metadata", "uid")?.stringValue)
                try await plane.kubectl("create", "-n", namespace, "-f", "-", input: input)
            }
            try await plane.kubectl("delete", "configmap", "owner")
            try await plane.kubectl("wait", "--for=delete", "workflowrun/owned", "--timeout=60s")
            let left = try await plane.kubectl("get", "workflowruns", "-n", "other", "-o", "name")
            #expect(left.out.contains("owned"))
            // In the foreground the owner goes last.
            try await plane.kubectl("delete", "configmap", "owner", "-n", "other", "--cascade=foreground")
            let none = try await plane.kubectl("get", "workflowruns", "-n", "other", "-o", "name")
            #expect(none.out.isEmpty)
            try await plane.kubectl("create", "-n", "other", "-f", "-", input: Self.ownedRun(owner: nil))
            try await plane.kubectl("delete", "namespace", "other", "--timeout=60s")
        }
    }

    /// Runs a script of `Clients` to its end; its output is the failure's text.
    private static func run(_ script: String, _ arguments: String..., on plane: Plane) async throws {
        let python = "\(Files.root)/.cache/clients/bin/python"
        try await plane.commands.check([python, "\(Files.root)/Tests/EndToEndTests/Clients/\(script)"] + arguments)
    }

    private static func kill(_ plane: Plane) async throws {
        plane.controller.signal(SIGKILL)
        try await plane.controller.wait()
        try await plane.restart()
    }

    private static let workflow = """
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: nothing}
        spec:
          pool: none
          steps: [{id: nothing, actor: noop}]
        """

    private static func ownedRun(owner: String?) -> String {
        let reference = owner.map {
            "{apiVersion: v1, kind: ConfigMap, name: owner, uid: \($0), blockOwnerDeletion: true}"
        }
        return """
            apiVersion: runs.martinet.dev/v1alpha1
            kind: WorkflowRun
            metadata: {name: owned, ownerReferences: [\(reference ?? "")]}
            spec: {workflowRef: {name: nothing}}
            """
    }
}
