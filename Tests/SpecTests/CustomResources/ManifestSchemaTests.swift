import APIMachinery
import KubeYAML
import Schema
import Spec
import TestSupport
import Testing

/// Whole manifests through schema and rules, as a server takes them.
@Suite struct ManifestSchemaTests {
    static func accept(_ manifest: JSONValue) throws -> (object: JSONValue, faults: [String]) {
        let kind = manifest["kind"]?.stringValue
        let definition = try #require(
            CustomResourceDefinitionTests.definitions.first {
                $0.value(at: "spec", "names", "kind")?.stringValue == kind
            }
        )
        let schema = try CustomResourceSchema(json: try CustomResourceDefinitionTests.schema(definition))
        let (known, unknown) = try schema.coerce(manifest)
        let complete = schema.fillDefaults(known)
        let errors = schema.validateCreate(complete).errors + SemanticValidation.validate(complete)
        return (complete, unknown.map { "unknown field \($0)" } + errors.map(\.description))
    }

    /// The manifests of the design, which users begin with.
    static let design = """
        apiVersion: martinet.dev/v1alpha1
        kind: WorkerPool
        metadata: {name: default}
        spec:
          version: "0.5.0"
          queue: {maxDepth: 10000, expressPriority: 12, visibilityTimeoutSeconds: 30, maxDeliveries: 3}
          concurrency: 4
          autoscaling:
            minReplicas: 0
            maxReplicas: 8
            metrics:
              - {type: Queue, queue: {target: {type: AverageValue, averageValue: "8"}}}
              - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
            behavior: {scaleDown: {stabilizationWindowSeconds: 60}}
          updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
          rollbackOnFailure: true
          drainTimeoutSeconds: 120
          template:
            spec:
              containers:
                - {name: agent-runner, image: "martinet/agent-runner:0.5.0", resources: {requests: {cpu: 250m, memory: 64Mi}}}
        ---
        apiVersion: martinet.dev/v1alpha1
        kind: Workflow
        metadata: {name: python-triage}
        spec:
          pool: default
          params: [{name: path, default: "."}]
          policy: {maxTokens: 50000, caching: {enabled: true}, parallelism: 8, timeoutSeconds: 1800, retry: {maxAttempts: 3}}
          steps:
            - {id: lint,  actor: exec, with: {command: [ruff, check, --output-format, json, "${{ params.path }}"], output: json-document, successExitCodes: [0, 1]}}
            - {id: types, actor: exec, with: {command: [mypy, "${{ params.path }}"], output: text, successExitCodes: [0, 1]}}
            - {id: review, actor: llm, dependsOn: [lint, types], when: "size(steps.lint.output) > 0", with: {model: "...", prompt: "..."}}
        """

    @Test func designIsAccepted() throws {
        let manifests = try YAML.parseStream(Array(Self.design.utf8), strict: true)
        #expect(manifests.count == 2)
        for manifest in manifests {
            let (object, faults) = try Self.accept(manifest)
            #expect(faults == [])
            for (field, value) in manifest["spec"]?.objectValue ?? [:] {
                #expect(object.value(at: "spec", field) == value, "\(field) is kept as it was written")
            }
        }
    }

    @Test(
        "The full samples are accepted by their schemas",
        arguments: [
            SchemaFieldsTests.workflow, SchemaFieldsTests.pool, SchemaFieldsTests.run,
        ]
    )
    func samples(_ text: String) throws {
        let manifest = try YAML.parse(text)
        let (object, faults) = try Self.accept(manifest)
        // The samples fill every field, and so break rules about fields that exclude each other.
        #expect(faults.filter { $0.contains("unknown field") || $0.contains("must be of type") } == [])
        #expect(object["status"] == manifest["status"])
    }

    @Test func examplesAreAccepted() throws {
        for file in ["workerpool.yaml", "workflow.yaml", "burst.yaml"] {
            let text = Files.text("\(Files.root)/manifests/examples/triage/\(file)")
            let manifests = try YAML.parseStream(Array(text.utf8), strict: true)
            #expect(!manifests.isEmpty, "\(file) is missing")
            for manifest in manifests { #expect(try Self.accept(manifest).faults == [], "\(file)") }
        }
    }

    @Test func defaultsAreFilledIn() throws {
        let (workflow, faults) = try Self.accept(Manifest.json("Workflow", "{steps: [{id: a, actor: noop}]}"))
        #expect(faults == [])
        #expect(workflow["spec"] == ["pool": "default", "steps": [["id": "a", "actor": "noop"]]])
        let (pool, poolFaults) = try Self.accept(Manifest.json("WorkerPool", "{}"))
        #expect(poolFaults == [])
        #expect(pool["spec"] == ["replicas": 1])
    }

    @Test("Fields that are passed through are kept as they are")
    func passThrough() throws {
        let spec = "{template: {spec: {nodeSelector: {a: b}, containers: [{name: c, image: i, tty: true, x: [1.5]}]}}}"
        let manifest = try Manifest.json("WorkerPool", spec)
        let (pool, faults) = try Self.accept(manifest)
        #expect(faults == [])
        #expect(pool.value(at: "spec", "template") == manifest.value(at: "spec", "template"))
    }

    @Test(
        "A misspelt field is told with its path",
        arguments: [
            ("Workflow", "{stepz: [], steps: [{id: a, actor: noop}]}", "unknown field spec.stepz"),
            ("Workflow", "{steps: [{id: a, actor: noop, depend: [b]}]}", "unknown field spec.steps[0].depend"),
            (
                "WorkerPool", "{autoscaling: {maxReplicas: 1, maxReplica: 1}}",
                "unknown field spec.autoscaling.maxReplica"
            ),
            ("WorkerPool", "{template: {specs: {}}}", "unknown field spec.template.specs"),
        ]
    )
    func unknownFields(_ kind: String, _ spec: String, _ fault: String) throws {
        #expect(try Self.accept(Manifest.json(kind, spec)).faults.first == fault)
    }
}
