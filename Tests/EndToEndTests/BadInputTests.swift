import TestSupport
import Testing

/// Bad objects are refused, the message names the field and the fault, and nothing is half-done.
@Suite("Bad input")
struct BadInputTests {
    @Test("Every broken manifest is refused by kubectl apply and by ctl verify, with its message")
    func broken() async throws {
        #expect(BrokenManifest.all.count >= 40)
        try await Plane.with { plane in
            for manifest in BrokenManifest.all {
                let file = "\(plane.directory)/broken.yaml"
                try Files.write(manifest.yaml, to: file)
                let applied = try await plane.commands.run(["kubectl", "apply", "-f", file])
                #expect(!applied.succeeded, "\(manifest): accepted\n\(manifest.yaml)")
                for text in manifest.expected {
                    #expect(
                        applied.err.lowercased().contains(text.lowercased()),
                        "\(manifest): kubectl does not say \(text):\n\(applied.err)"
                    )
                }
                let verified = try await plane.commands.run(["\(Plane.binaries)/ctl", "verify", file])
                #expect(
                    verified.status == .code(2),
                    "\(manifest): ctl verify ended with \(verified.status)\n\(verified)"
                )
                for text in manifest.expected {
                    #expect(
                        (verified.out + verified.err).lowercased().contains(text.lowercased()),
                        "\(manifest): ctl verify does not say \(text):\n\(verified.out)\(verified.err)"
                    )
                }
            }
            let left = try await plane.kubectl("get", "workflows,workerpools", "-A", "-o", "name")
            #expect(left.out.isEmpty, "something was half-applied: \(left.out)")
        }
    }

    @Test("A list with one bad object changes nothing of that object, and says which it was")
    func list() async throws {
        try await Plane.with { plane in
            let good =
                "apiVersion: martinet.dev/v1alpha1\nkind: Workflow\nmetadata: {name: good}\nspec: {steps: [{id: a, actor: noop}]}\n"
            let bad =
                "apiVersion: martinet.dev/v1alpha1\nkind: Workflow\nmetadata: {name: bad}\nspec: {steps: [{id: a, actor: nop}]}\n"
            let result = try await plane.commands.run(["kubectl", "apply", "-f", "-"], input: good + "---\n" + bad)
            #expect(!result.succeeded)
            #expect(result.err.contains("\"bad\" is invalid"))
            let left = try await plane.kubectl("get", "workflows", "-o", "name")
            #expect(left.out.contains("good") && !left.out.contains("bad"))
        }
    }

    @Test("A dry run on the server says the same and keeps nothing; explain knows every kind")
    func dryRunAndExplain() async throws {
        try await Plane.with { plane in
            try await plane.kubectl("apply", "--dry-run=server", "-k", MainJobTests.example)
            let left = try await plane.kubectl("get", "workflows,workerpools", "-o", "name")
            #expect(left.out.isEmpty)
            for kind in ["workflow", "workerpool", "workflowrun", "pod", "configmap", "controllerrevision"] {
                let explained = try await plane.kubectl("explain", kind)
                #expect(explained.out.contains("KIND:"), "explain \(kind): \(explained.out)")
            }
            let field = try await plane.kubectl("explain", "workflow.spec.steps.when")
            #expect(field.out.contains("CEL"))
        }
    }
}
