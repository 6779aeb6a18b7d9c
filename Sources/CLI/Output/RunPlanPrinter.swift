import APIMachinery
import Spec

/// Shows what a run would do: its steps in an order in which they may begin, and under which conditions.
enum RunPlanPrinter {
    static func show(_ workflow: Workflow, params: JSONObject, format: OutputFormat?) throws {
        let declared = workflow.spec.params ?? []
        var effective = JSONObject()
        var missing: [String] = []
        for parameter in declared {
            if let value = params[parameter.name] ?? parameter.default {
                effective[parameter.name] = value
            } else if parameter.required ?? true {
                missing.append(parameter.name)
            }
        }
        let unknown = params.keys.filter { name in !declared.contains { $0.name == name } }
        guard missing.isEmpty, unknown.isEmpty else {
            let parts =
                missing.map { "params.\($0): Required value" } + unknown.map { "params.\($0): no such parameter" }
            throw Failure(.refused, parts.joined(separator: "; "))
        }
        let stages = stages(of: workflow.spec.steps)
        let plan: JSONValue = [
            "workflow": .string(workflow.metadata.name ?? ""),
            "pool": .string(workflow.spec.poolName),
            "params": .object(effective),
            "steps": .array(
                workflow.spec.steps.indices.sorted { (stages[$0], $0) < (stages[$1], $1) }.map { index in
                    let step = workflow.spec.steps[index]
                    var entry: JSONValue = [
                        "id": .string(step.id), "actor": .string(step.actor), "stage": .int(Int64(stages[index])),
                        "maxAttempts": .int(
                            Int64(step.retry?.maxAttempts ?? workflow.spec.policy?.retry?.maxAttempts ?? 1)
                        ),
                    ]
                    if let names = step.dependsOn { entry["dependsOn"] = .array(names.map { .string($0) }) }
                    if let when = step.when { entry["when"] = .string(when) }
                    return entry
                }
            ),
        ]
        if Printing.structured(plan, format, name: "workflow/\(workflow.metadata.name ?? "")") { return }
        Terminal.line("Plan of \(workflow.metadata.name ?? "") on pool \(workflow.spec.poolName); nothing is started.")
        if !effective.isEmpty { Terminal.line("Parameters: \(JSONValue.object(effective).text)") }
        if let policy = workflow.spec.policy {
            if let tokens = policy.maxTokens { Terminal.line("Budget: \(tokens) tokens") }
            if let seconds = policy.timeoutSeconds { Terminal.line("Deadline: \(seconds) s after the start") }
            if let parallelism = policy.parallelism { Terminal.line("At once: \(parallelism) steps") }
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
        Terminal.write(table.render())
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
