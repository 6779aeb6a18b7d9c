import APIMachinery
import Spec

/// Shows what a run would do: its steps in an order in which they may begin, and under which conditions.
enum RunPlanPrinter {
    static func show(_ workflow: Workflow, params: JSONObject, format: OutputFormat?) throws {
        let plan = try plan(of: workflow, params: params)
        if Printing.structured(plan, format, name: "workflow/\(workflow.metadata.name ?? "")") { return }
        Terminal.write(text(of: plan, workflow))
    }

    /// What a run with those parameters would do, for programs.
    static func plan(of workflow: Workflow, params: JSONObject) throws(Failure) -> JSONValue {
        let stages = stages(of: workflow.spec.steps)
        let order = workflow.spec.steps.indices.sorted { (stages[$0], $0) < (stages[$1], $1) }
        return [
            "workflow": .string(workflow.metadata.name ?? ""),
            "pool": .string(workflow.spec.poolName),
            "params": .object(try effective(params, declared: workflow.spec.params ?? [])),
            "steps": .array(
                order.map { index in
                    let step = workflow.spec.steps[index]
                    let attempts = step.retry?.maxAttempts ?? workflow.spec.policy?.retry?.maxAttempts ?? 1
                    var entry: JSONValue = [
                        "id": .string(step.id), "actor": .string(step.actor), "stage": .int(Int64(stages[index])),
                        "maxAttempts": .int(Int64(attempts)),
                    ]
                    if let names = step.dependsOn { entry["dependsOn"] = .array(names.map { .string($0) }) }
                    if let when = step.when { entry["when"] = .string(when) }
                    return entry
                }
            ),
        ]
    }

    /// The parameters with their defaults; all faults are told at once.
    private static func effective(_ params: JSONObject, declared: [Parameter]) throws(Failure) -> JSONObject {
        var effective = JSONObject()
        var faults: [String] = []
        for parameter in declared {
            if let value = params[parameter.name] ?? parameter.default {
                effective[parameter.name] = value
            } else if parameter.required ?? true {
                faults.append("params.\(parameter.name): Required value: give it with -p \(parameter.name)=…")
            }
        }
        let (_, errors) = ParameterBinding.complete(params, declared: declared, at: FieldPath("params"))
        faults += errors.filter { $0.reason == .typeInvalid }.map(\.description)
        let names = declared.map(\.name)
        let known =
            names.isEmpty ? "the workflow has no parameters" : "the parameters are: \(names.joined(separator: ", "))"
        for name in params.keys where !names.contains(name) {
            faults.append("params.\(name): no such parameter; \(known)")
        }
        guard faults.isEmpty else { throw Failure(.refused, faults.joined(separator: "\n")) }
        return effective
    }

    /// The plan for people.
    static func text(of plan: JSONValue, _ workflow: Workflow) -> String {
        var lines = ["Plan of \(workflow.metadata.name ?? "") on pool \(workflow.spec.poolName); nothing is started."]
        if let params = plan["params"], params != [:] { lines.append("Parameters: \(params.text)") }
        if let policy = workflow.spec.policy {
            if let tokens = policy.maxTokens { lines.append("Budget: \(tokens) tokens") }
            if let seconds = policy.timeoutSeconds { lines.append("Deadline: \(seconds) s after the creation") }
            if let parallelism = policy.parallelism { lines.append("At once: \(parallelism) steps") }
        }
        var table = Table(">STAGE", "STEP", "ACTOR", "AFTER", "WHEN", ">ATTEMPTS")
        for entry in plan["steps"]?.arrayValue ?? [] {
            table.add(
                "\(entry["stage"]?.intValue ?? 0)",
                entry["id"]?.stringValue ?? "",
                entry["actor"]?.stringValue ?? "",
                entry["dependsOn"]?.arrayValue?.compactMap(\.stringValue).joined(separator: ", ") ?? "-",
                entry["when"]?.stringValue ?? "-",
                "\(entry["maxAttempts"]?.intValue ?? 1)"
            )
        }
        return lines.map { $0 + "\n" }.joined() + table.render()
    }

    /// For each step, how many steps must end one after the other before it can begin, counted from 1.
    private static func stages(of steps: [Step]) -> [Int] {
        let graph = WorkflowGraph(steps: steps)
        var stages = [Int](repeating: 1, count: steps.count)
        for index in graph.topologicalOrder {
            for dependency in graph.dependencies[index] { stages[index] = max(stages[index], stages[dependency] + 1) }
        }
        return stages
    }
}
