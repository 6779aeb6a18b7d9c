import APIMachinery
import KubeYAML
import Spec
import Testing

/// The door through which the API server and `ctl verify` ask for our rules.
@Suite struct SemanticValidationTests {
    @Test(
        "Objects of other kinds are not ours to judge",
        arguments: [
            "{}", "[]", "null", "{apiVersion: v1, kind: Pod}", "{apiVersion: example.com/v1, kind: Workflow, spec: 5}",
            "{apiVersion: runs.martinet.dev/v1alpha1, kind: WorkflowRun}",
        ]
    )
    func others(_ text: String) throws {
        #expect(SemanticValidation.validate(try YAML.parse(text)) == [])
    }

    @Test(
        "What cannot be read is an error at its field",
        arguments: [
            ("Workflow", "{steps: 5}", "spec.steps"),
            ("Workflow", "{}", "spec.steps"),
            ("Workflow", "{steps: [{actor: noop}]}", "spec.steps[0].id"),
            ("Workflow", "{steps: [{id: a, actor: 7}]}", "spec.steps[0].actor"),
            ("Workflow", "5", "spec"),
            ("WorkerPool", "{replicas: three}", "spec.replicas"),
            ("WorkerPool", "{autoscaling: {}}", "spec.autoscaling.maxReplicas"),
        ]
    )
    func unreadable(_ kind: String, _ spec: String, _ field: String) throws {
        #expect(SemanticValidation.validate(try Manifest.json(kind, spec)).map(\.field) == [field])
    }

    @Test func missingFieldsAreRequired() throws {
        let errors = SemanticValidation.validate(try Manifest.json("Workflow", "{steps: [{id: a}]}"))
        #expect(errors.map(\.description) == ["spec.steps[0].actor: Required value"])
        #expect(errors.map(\.reason) == [.required])
    }

    @Test func rulesAreAsked() throws {
        let workflow = try Manifest.json("Workflow", "{steps: [{id: a, actor: noop, dependsOn: [a]}]}")
        #expect(SemanticValidation.validate(workflow).map(\.field) == ["spec.steps[0].dependsOn"])
        let pool = try Manifest.json("WorkerPool", "{concurrency: 0}")
        #expect(SemanticValidation.validate(pool).map(\.field) == ["spec.concurrency"])
    }
}
