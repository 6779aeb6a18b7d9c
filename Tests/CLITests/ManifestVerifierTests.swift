import APIMachinery
import TestSupport
import Testing

@testable import CLI

/// `ctl verify` must refuse what the server refuses, in the same words.
@Suite struct ManifestVerifierTests {
    let verifier: ManifestVerifier

    init() throws { verifier = try ManifestVerifier() }

    private func verify(_ text: String) -> [ManifestVerifier.Finding] {
        verifier.verify(Array(text.utf8), file: "test.yaml")
    }

    @Test("Every broken manifest is refused with its message", arguments: BrokenManifest.all)
    func broken(_ manifest: BrokenManifest) {
        let errors = verify(manifest.yaml).flatMap(\.errors)
        #expect(!errors.isEmpty, "accepted:\n\(manifest.yaml)")
        let said = errors.map(\.description).joined(separator: "\n").lowercased()
        for text in manifest.expected {
            #expect(said.contains(text.lowercased()), "does not say \(text):\n\(said)")
        }
    }

    @Test("Quantities are numbers or texts, as in Kubernetes")
    func quantities() throws {
        let text = """
            apiVersion: martinet.dev/v1alpha1
            kind: WorkerPool
            metadata: {name: a}
            spec:
              autoscaling:
                maxReplicas: 3
                metrics:
                - {type: Queue, queue: {target: {type: AverageValue, averageValue: 0.5}}}
                - {type: Queue, queue: {target: {type: Value, value: 8}}}
                behavior: {scaleUp: {tolerance: 0.1}, scaleDown: {tolerance: '50m'}}
            """
        #expect(try #require(verify(text).first).errors == [])
    }

    @Test("What the server warns of is told, and is no fault")
    func warnings() throws {
        let text = """
            apiVersion: martinet.dev/v1alpha1
            kind: Workflow
            metadata: {name: a}
            spec:
              policy: {maxTokens: 5, caching: {enabled: true}}
              steps: [{id: a, actor: http, with: {url: x}}]
            """
        let finding = try #require(verify(text).first)
        #expect(finding.errors == [])
        #expect(finding.warnings.count == 3)
        #expect(finding.warnings.contains { $0.contains("spec.policy.maxTokens has no effect yet") })
        #expect(finding.json["valid"] == true)
        #expect(finding.json["warnings"]?.arrayValue?.count == 3)
    }

    @Test func enoughBrokenManifests() {
        #expect(BrokenManifest.all.count >= 40)
        #expect(Set(BrokenManifest.all.map(\.name)).count == BrokenManifest.all.count)
    }

    @Test(
        "What is right is valid, and what is not ours is passed over",
        arguments: [
            (
                "{apiVersion: martinet.dev/v1alpha1, kind: Workflow, metadata: {name: a}, spec: {steps: [{id: a, actor: noop}]}}",
                "Workflow/a", true
            ),
            (
                "{apiVersion: martinet.dev/v1alpha1, kind: WorkerPool, metadata: {generateName: a-}, spec: {}}",
                "WorkerPool/a-", true
            ),
            (
                "{apiVersion: runs.martinet.dev/v1alpha1, kind: WorkflowRun, metadata: {generateName: a-}, spec: {workflowRef: {name: a}, params: {x: [1]}}}",
                "WorkflowRun/a-", true
            ),
            ("{apiVersion: v1, kind: Secret, metadata: {name: a}}", "Secret/a", false),
            (
                "{apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization, resources: []}", "Kustomization",
                false
            ),
        ]
    )
    func valid(_ text: String, _ object: String, _ isKnown: Bool) throws {
        let finding = try #require(verify(text).first)
        #expect(finding.errors == [])
        #expect(finding.object == object)
        #expect(finding.isKnown == isKnown)
    }

    @Test(
        "Objects that are wrong as objects",
        arguments: [
            ("5", "kind: Required value"),
            ("{kind: Workflow}", "kind: Required value"),
            (
                "{apiVersion: martinet.dev/v1alpha1, kind: Workflow, metadata: {}, spec: {steps: [{id: a, actor: noop}]}}",
                "metadata.name: Required value"
            ),
            (
                "{apiVersion: martinet.dev/v1alpha1, kind: Workflow, metadata: {generateName: A-}, spec: {steps: [{id: a, actor: noop}]}}",
                "metadata.name: Invalid value: \"A-\""
            ),
            (
                "{apiVersion: martinet.dev/v1alpha1, kind: Workflow, metadata: 5, spec: {steps: [{id: a, actor: noop}]}}",
                "metadata"
            ),
            (
                "{apiVersion: runs.martinet.dev/v1alpha1, kind: WorkflowRun, metadata: {name: a}, spec: {}}",
                "spec.workflowRef: Required value"
            ),
            (
                "{apiVersion: runs.martinet.dev/v1alpha1, kind: WorkflowRun, metadata: {name: a}, spec: {workflowRef: {name: a}, parms: {}}}",
                "unknown field \"spec.parms\""
            ),
            (
                "{apiVersion: martinet.dev/v1alpha1, kind: Workflow, metadata: {name: a}, metadata: {name: b}}",
                "already set in map"
            ),
        ]
    )
    func invalid(_ text: String, _ fault: String) throws {
        let errors = verify(text).flatMap(\.errors).map(\.description).joined(separator: "\n")
        #expect(errors.contains(fault), "\(errors)")
    }

    @Test func streamsAndListsAreTakenApart() {
        let one = "apiVersion: martinet.dev/v1alpha1\nkind: WorkerPool\nmetadata: {name: a}\nspec: {}\n"
        #expect(verify("---\n\(one)---\n# nothing\n---\n\(one)").map(\.object) == ["WorkerPool/a", "WorkerPool/a"])
        let item = "{apiVersion: martinet.dev/v1alpha1, kind: WorkerPool, metadata: {name: b}, spec: {replicas: -1}}"
        let list = verify("{apiVersion: v1, kind: List, items: [\(item), \(item)]}")
        #expect(list.map(\.object) == ["WorkerPool/b", "WorkerPool/b"])
        #expect(list.allSatisfy { $0.errors.map(\.field) == ["spec.replicas"] })
        #expect(verify("").isEmpty)
    }

    @Test func findingsAsJSON() throws {
        let finding = try #require(
            verify("{apiVersion: martinet.dev/v1alpha1, kind: WorkerPool, metadata: {name: a}, spec: {replicas: x}}")
                .first
        )
        #expect(finding.json["valid"] == false)
        #expect(finding.json["checked"] == true)
        let error = try #require(finding.json["errors"]?.arrayValue?.first)
        #expect(error["field"] == "spec.replicas")
        #expect(error["reason"] == "FieldValueTypeInvalid")
    }

    @Test func foldersAreSearched() async throws {
        try await Files.withTemporaryDirectory { folder in
            let bad = "{apiVersion: martinet.dev/v1alpha1, kind: WorkerPool, metadata: {name: a}, spec: {replicas: -1}}"
            for name in ["b.yaml", "a.yml", "c.json", "ignored.txt"] { try Files.write(bad, to: "\(folder)/\(name)") }
            let findings = try ManifestVerifier().verify(path: folder)
            #expect(findings.map(\.file) == ["a.yml", "b.yaml", "c.json"].map { "\(folder)/\($0)" })
            let failure = #expect(throws: Failure.self) { try ManifestVerifier().verify(path: "\(folder)/none") }
            #expect(failure?.code == .notFound)
        }
    }
}
