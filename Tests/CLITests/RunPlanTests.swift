import APIMachinery
import KubeYAML
import Spec
import Testing

@testable import CLI

/// `ctl run --dry-run`.
@Suite struct RunPlanTests {
    static func workflow(_ spec: String) throws -> Workflow {
        let object: JSONValue = [
            "apiVersion": "martinet.dev/v1alpha1", "kind": "Workflow", "metadata": ["name": "w"],
            "spec": try YAML.parse(spec),
        ]
        return try JSONValueDecoder().decode(Workflow.self, from: object)
    }

    static let spec = """
        {pool: p, params: [{name: path, default: .}, {name: depth}, {name: note, required: false}],
         policy: {retry: {maxAttempts: 3}, maxTokens: 100, timeoutSeconds: 60, parallelism: 2},
         steps: [{id: join, actor: noop, dependsOn: [a, b]}, {id: a, actor: exec},
                 {id: b, actor: sleep, dependsOn: [a], when: params.depth > 1, retry: {maxAttempts: 1}}]}
        """

    @Test func stepsComeInAnOrderInWhichTheyMayBegin() throws {
        let plan = try RunPlanPrinter.plan(of: Self.workflow(Self.spec), params: ["depth": 2])
        let steps = try #require(plan["steps"]?.arrayValue)
        #expect(steps.map { $0["id"]?.stringValue } == ["a", "b", "join"])
        #expect(steps.map { $0["stage"]?.intValue } == [1, 2, 3])
        #expect(steps.map { $0["maxAttempts"]?.intValue } == [3, 1, 3])
        #expect(plan["params"] == ["path": ".", "depth": 2])
        #expect(plan["pool"] == "p")
    }

    @Test func textsTakeTheTypesOfTheDefaults() throws {
        let declared = [Parameter(name: "threshold", default: 1), Parameter(name: "who", default: "world")]
        let values = try RunCommand.values(of: ["threshold": "3", "who": "3", "other": "3"], declared: declared)
        #expect(values == ["threshold": 3, "who": "3", "other": "3"])
        let failure = #expect(throws: Failure.self) {
            try RunCommand.values(of: ["threshold": "three"], declared: declared)
        }
        #expect("\(failure.map { "\($0)" } ?? "")".contains("must be a number, as its default is 1"))
        #expect(throws: Failure.self) {
            try RunPlanPrinter.plan(
                of: Self.workflow("{params: [{name: limit, default: 1}], steps: [{id: a, actor: noop}]}"),
                params: ["limit": "x"]
            )
        }
    }

    @Test func printed() throws {
        let workflow = try Self.workflow(Self.spec)
        let plan = try RunPlanPrinter.plan(of: workflow, params: ["depth": 2])
        #expect(
            plain(RunPlanPrinter.text(of: plan, workflow)) == """
                Plan of w on pool p; nothing is started.
                Parameters: {"depth":2,"path":"."}
                Budget: 100 tokens
                Deadline: 60 s after the creation
                At once: 2 steps
                STAGE   STEP   ACTOR   AFTER   WHEN               ATTEMPTS
                    1   a      exec    -       -                         3
                    2   b      sleep   a       params.depth > 1          1
                    3   join   noop    a, b    -                         3

                """
        )
    }

    @Test func faultyParametersAreToldTogether() throws {
        let workflow = try Self.workflow(Self.spec)
        let failure = #expect(throws: Failure.self) {
            try RunPlanPrinter.plan(of: workflow, params: ["nope": 1])
        }
        #expect(failure?.code == .refused)
        #expect(
            failure?.message == """
                params.depth: Required value: give it with -p depth=…
                params.nope: no such parameter; the parameters are: path, depth, note
                """
        )
    }
}
