import APIMachinery
import Expressions

/// What the expressions of one step may speak of, and what is wrong with those that speak of something else.
struct ExpressionScope {
    /// The workflow's parameters.
    var parameters: Set<String>
    /// All steps.
    var steps: Set<String>
    /// The steps that have ended when this one begins.
    var upstream: Set<String>
    /// The step itself.
    var step: String

    private static let declarations: [String: CELType] = ["params": .dyn, "steps": .dyn, "run": .dyn]
    private static let runFields = ["name", "namespace", "uid", "workflow"]
    private static let stepFields = ["output", "phase", "error", "attempts"]

    /// The faults in the step's `when` and in the templates of its `with`.
    func validate(_ step: Step, at path: FieldPath) -> [FieldError] {
        var errors: [FieldError] = []
        if let when = step.when {
            let field = path.child("when")
            do throws(ExpressionError) {
                let program = try Expression.compile(when, declarations: Self.declarations)
                errors += check(program.references).map { .invalid(field, .string(when), $0) }
                if program.resultType != .bool, program.resultType != .dyn {
                    errors.append(
                        .invalid(field, .string(when), "must be true or false, but is a \(program.resultType)")
                    )
                }
            } catch {
                errors.append(.invalid(field, .string(when), "\(error)"))
            }
        }
        if let with = step.with { errors += validate(template: with, at: path.child("with")) }
        return errors
    }

    private func validate(template value: JSONValue, at path: FieldPath) -> [FieldError] {
        switch value {
        case .string(let text):
            guard text.contains("${{") else { return [] }
            do throws(TemplateError) {
                let template = try Template(parsing: text, declarations: Self.declarations, checked: true)
                return check(template.references).map { .invalid(path, value, $0) }
            } catch {
                return [.invalid(path, value, "\(error)")]
            }
        case .array(let elements):
            return elements.enumerated().flatMap { validate(template: $1, at: path.index($0)) }
        case .object(let members):
            return members.flatMap { validate(template: $0.value, at: path.child($0.key)) }
        case .null, .bool, .int, .double:
            return []
        }
    }

    private func check(_ references: [Reference]) -> [String] {
        var faults: [String] = []
        for reference in references {
            guard let fault = check(reference), !faults.contains(fault) else { continue }
            faults.append(fault)
        }
        return faults
    }

    private func check(_ reference: Reference) -> String? {
        let path = reference.path
        guard path.count > 1 else { return nil }
        let name = path[1]
        switch path[0] {
        case "params":
            if parameters.contains(name) { return nil }
            let known = parameters.isEmpty ? "there are none" : parameters.sorted().joined(separator: ", ")
            return "params.\(name): no parameter has this name; declare it in spec.params (\(known))"
        case "steps":
            if name == step { return "steps.\(name): a step cannot speak of itself" }
            if !steps.contains(name) {
                return
                    "steps.\(name): no step has this id; the steps are: \(steps.sorted().prefix(12).joined(separator: ", "))"
            }
            if !upstream.contains(name) {
                return "steps.\(name): this step may not have ended yet; add \(name) to dependsOn"
            }
            if path.count > 2, !Self.stepFields.contains(path[2]) {
                return "steps.\(name).\(path[2]): a step has \(Self.stepFields.joined(separator: ", "))"
            }
        case "run":
            if !Self.runFields.contains(name) {
                return "run.\(name): a run has \(Self.runFields.joined(separator: ", "))"
            }
        default: break
        }
        return nil
    }
}
