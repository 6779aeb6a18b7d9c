/// A manifest that must be refused, with what the refusal must say: the field, and what is wrong with it.
///
/// The server and `ctl verify` must both say it, so the tests of both read this table.
public struct BrokenManifest: Sendable, CustomStringConvertible {
    /// What is wrong, for the reader of a failed test.
    public let name: String
    public let yaml: String
    /// What the refusal says, capitals aside.
    public let expected: [String]

    public var description: String { name }

    init(_ name: String, _ yaml: String, _ expected: String...) {
        self.name = name
        self.yaml = yaml
        self.expected = expected
    }

    /// A workflow with that specification.
    private static func workflow(_ name: String, _ spec: String, _ expected: String...) -> BrokenManifest {
        BrokenManifest(
            "workflow: \(name)",
            "apiVersion: martinet.dev/v1alpha1\nkind: Workflow\nmetadata: {name: broken}\nspec:\n" + indented(spec),
            expected
        )
    }

    /// A pool with that specification.
    static func pool(_ name: String, _ spec: String, _ expected: String...) -> BrokenManifest {
        BrokenManifest(
            "pool: \(name)",
            "apiVersion: martinet.dev/v1alpha1\nkind: WorkerPool\nmetadata: {name: broken}\nspec:\n" + indented(spec),
            expected
        )
    }

    private init(_ name: String, _ yaml: String, _ expected: [String]) {
        self.name = name
        self.yaml = yaml
        self.expected = expected
    }

    private static func indented(_ text: String) -> String {
        text.split(separator: "\n").map { "  \($0)\n" }.joined()
    }

    /// Every one of them.
    public static let all: [BrokenManifest] = workflows + steps + pools + autoscaling + objects

    // What a workflow as a whole can get wrong.
    static let workflows: [BrokenManifest] = [
        workflow("no steps", "pool: default", "spec.steps", "Required value"),
        workflow("an empty list of steps", "steps: []", "spec.steps", "should have at least 1 items"),
        workflow("steps are a text", "steps: none", "spec.steps", "must be of type array"),
        workflow("an unknown field", "stepz: []\nsteps: [{id: a, actor: noop}]", "unknown field \"spec.stepz\""),
        workflow(
            "an unknown field in a step",
            "steps: [{id: a, actor: noop, depend: [b]}]",
            "unknown field \"spec.steps[0].depend\""
        ),
        workflow("a pool that is no name", "pool: No_Name\nsteps: [{id: a, actor: noop}]", "spec.pool", "No_Name"),
        workflow(
            "a pool of the wrong type",
            "pool: 5\nsteps: [{id: a, actor: noop}]",
            "spec.pool",
            "must be of type string"
        ),
        workflow(
            "parallelism 0",
            "policy: {parallelism: 0}\nsteps: [{id: a, actor: noop}]",
            "spec.policy.parallelism",
            "greater than or equal to 1"
        ),
        workflow(
            "a negative timeout",
            "policy: {timeoutSeconds: -5}\nsteps: [{id: a, actor: noop}]",
            "spec.policy.timeoutSeconds",
            "greater than or equal to 1"
        ),
        workflow(
            "no attempts",
            "policy: {retry: {maxAttempts: 0}}\nsteps: [{id: a, actor: noop}]",
            "spec.policy.retry.maxAttempts"
        ),
        workflow(
            "waits that get shorter",
            "policy: {retry: {backoffCoefficient: 0.5}}\nsteps: [{id: a, actor: noop}]",
            "spec.policy.retry.backoffCoefficient"
        ),
        workflow(
            "a longest wait below the first",
            "policy: {retry: {initialIntervalSeconds: 10, maxIntervalSeconds: 2}}\nsteps: [{id: a, actor: noop}]",
            "spec.policy.retry.maxIntervalSeconds",
            "must not be less than initialIntervalSeconds"
        ),
        workflow(
            "a parameter that no expression can name",
            "params: [{name: a-b}]\nsteps: [{id: a, actor: noop}]",
            "spec.params[0].name",
            "a-b"
        ),
        workflow(
            "two parameters of one name",
            "params: [{name: x}, {name: x}]\nsteps: [{id: a, actor: noop}]",
            "spec.params[1]",
            "Duplicate value"
        ),
        workflow(
            "a parameter without a name",
            "params: [{default: 1}]\nsteps: [{id: a, actor: noop}]",
            "spec.params[0].name",
            "Required value"
        ),
    ]

    // What steps can get wrong.
    static let steps: [BrokenManifest] = [
        workflow("a step without an id", "steps: [{actor: noop}]", "spec.steps[0].id", "Required value"),
        workflow("a step without an actor", "steps: [{id: a}]", "spec.steps[0].actor", "Required value"),
        workflow("an id with a blank", "steps: [{id: 'a b', actor: noop}]", "spec.steps[0].id", "a b"),
        workflow(
            "two steps of one id",
            "steps: [{id: a, actor: noop}, {id: a, actor: noop}]",
            "spec.steps[1]",
            "Duplicate value"
        ),
        workflow(
            "an actor nobody plays",
            "steps: [{id: a, actor: magic}]",
            "spec.steps[0].actor",
            "Unsupported value",
            "exec"
        ),
        workflow(
            "a dependency on no step",
            "steps: [{id: a, actor: noop, dependsOn: [b]}]",
            "spec.steps[0].dependsOn[0]",
            "no step has this id"
        ),
        workflow(
            "a step that waits for itself",
            "steps: [{id: a, actor: noop, dependsOn: [a]}]",
            "circular dependency: a -> a"
        ),
        workflow(
            "two steps that wait for each other",
            "steps: [{id: a, actor: noop, dependsOn: [b]}, {id: b, actor: noop, dependsOn: [a]}]",
            "circular dependency: a -> b -> a"
        ),
        workflow(
            "a cycle behind other steps",
            """
            steps:
            - {id: start, actor: noop}
            - {id: p, actor: noop, dependsOn: [start, r]}
            - {id: q, actor: noop, dependsOn: [p]}
            - {id: r, actor: noop, dependsOn: [q]}
            """,
            "circular dependency: p -> r -> q -> p"
        ),
        workflow(
            "exec without a command",
            "steps: [{id: a, actor: exec}]",
            "spec.steps[0].with.command",
            "Required value"
        ),
        workflow(
            "a command that is one text",
            "steps: [{id: a, actor: exec, with: {command: ls -l}}]",
            "spec.steps[0].with.command",
            "list of strings"
        ),
        workflow(
            "a command with a number",
            "steps: [{id: a, actor: exec, with: {command: [sleep, 5]}}]",
            "spec.steps[0].with.command[1]",
            "must be of type string"
        ),
        workflow(
            "an output nobody knows",
            "steps: [{id: a, actor: exec, with: {command: [ls], output: xml}}]",
            "spec.steps[0].with.output",
            "json-document"
        ),
        workflow(
            "an exit code that does not exist",
            "steps: [{id: a, actor: exec, with: {command: [ls], successExitCodes: [300]}}]",
            "spec.steps[0].with.successExitCodes"
        ),
        workflow(
            "sleep without an end",
            "steps: [{id: a, actor: sleep}]",
            "spec.steps[0].with.seconds",
            "Required value"
        ),
        workflow(
            "an expression that cannot be read",
            "steps: [{id: a, actor: noop, when: 'params.x >'}]",
            "spec.steps[0].when"
        ),
        workflow(
            "an expression about a step that does not exist",
            "steps: [{id: a, actor: noop}, {id: b, actor: noop, dependsOn: [a], when: 'steps.c.output > 1'}]",
            "spec.steps[1].when",
            "c"
        ),
        workflow(
            "an expression about a step that is not waited for",
            "steps: [{id: a, actor: noop}, {id: b, actor: noop, when: 'steps.a.output > 1'}]",
            "spec.steps[1].when",
            "dependsOn"
        ),
        workflow(
            "an expression about a parameter that does not exist",
            "steps: [{id: a, actor: noop, with: {x: '${{ params.nope }}'}}]",
            "spec.steps[0].with",
            "nope"
        ),
        workflow(
            "a template that does not end",
            "steps: [{id: a, actor: exec, with: {command: [echo, '${{ params.x']}}]",
            "spec.steps[0].with"
        ),
    ]
}
