import APIMachinery
import Expressions
public import Storage

/// Makes the variables of a run's expressions: `params`, `run` (`name`, `namespace`, `uid`, `workflow`) and, by their
/// ids, `steps` (`output`, `phase`, `error`, `attempts`).
///
/// Parameters and outputs are stored as bytes; each is parsed when the first expression needs it, and once.
struct RunEnvironment {
    private let run: RunRecord
    private var base: [String: CELValue]?
    private var outputs: [Int: JSONValue] = [:]

    init(run: RunRecord) { self.run = run }

    /// The variables for one step's expressions, with the steps these may speak of.
    mutating func variables(
        for step: CompiledStep,
        _ workflow: CompiledWorkflow,
        _ steps: [StepRecord]
    ) throws -> [String: CELValue] {
        var variables = try common()
        var members = JSONObject()
        for index in step.references {
            members[workflow.steps[index].id] = try describe(steps[index], at: index)
        }
        variables["steps"] = CELValue(json: .object(members))
        return variables
    }

    private mutating func common() throws -> [String: CELValue] {
        if let base { return base }
        let params = run.params.isEmpty ? [:] : try JSONValue(parsing: run.params)
        let facts: JSONValue = [
            "name": .string(run.name), "namespace": .string(run.namespace), "uid": .string(run.uid),
            "workflow": .string(run.workflow),
        ]
        let variables = ["params": CELValue(json: params), "run": CELValue(json: facts)]
        base = variables
        return variables
    }

    private mutating func describe(_ step: StepRecord, at index: Int) throws -> JSONValue {
        var result: JSONObject = [
            "phase": .string(step.phase.name), "attempts": .int(Int64(step.attempts)), "output": .null,
            "error": .null,
        ]
        if !step.output.isEmpty {
            let output = try outputs[index] ?? JSONValue(parsing: step.output)
            outputs[index] = output
            result["output"] = output
        }
        if let failure = step.failure {
            var error: JSONObject = ["reason": .string(failure.reason), "message": .string(failure.message)]
            if let exitCode = failure.exitCode { error["exitCode"] = .int(Int64(exitCode)) }
            result["error"] = .object(error)
        }
        return .object(result)
    }
}

extension StepRecord.Phase {
    /// The phase as users see it.
    var name: String {
        switch self {
        case .pending: "Pending"
        case .queued: "Queued"
        case .running: "Running"
        case .succeeded: "Succeeded"
        case .failed: "Failed"
        case .skipped: "Skipped"
        case .cancelled: "Cancelled"
        }
    }
}

extension RunRecord.Phase {
    /// The phase as users see it.
    public var name: String {
        switch self {
        case .pending: "Pending"
        case .running: "Running"
        case .suspended: "Suspended"
        case .succeeded: "Succeeded"
        case .failed: "Failed"
        case .cancelled: "Cancelled"
        }
    }

    /// Reads what `name` writes.
    public init?(name: String) {
        guard let phase = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = phase
    }
}
