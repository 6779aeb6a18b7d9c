import APIMachinery
import Expressions

/// The ids of a workflow's steps, and what to say of an id that none has. For large workflows the error has no
/// suggestion, as each wrong id would be compared with every right one.
struct StepNames {
    let ids: Set<String>
    /// Those that CEL reads as a subtraction.
    let hyphenated: [String]
    private let listed: String

    private static let mostCompared = 200

    init(_ ids: Set<String>) {
        self.ids = ids
        hyphenated = ids.count > Self.mostCompared ? [] : ids.filter { $0.contains("-") }
        listed = ids.sorted().prefix(12).joined(separator: ", ")
    }

    func unknown(_ name: String) -> String {
        let question = ids.count > Self.mostCompared ? "" : Suggestion.question(for: name, in: ids)
        return "no step has this id\(question); the steps are: \(listed)"
    }
}

/// The names of a workflow's parameters, and what to say of a name that none has.
struct ParameterNames {
    let names: Set<String>
    private let listed: String

    init(_ names: Set<String>) {
        self.names = names
        listed = names.isEmpty ? "none are declared" : names.sorted().prefix(12).joined(separator: ", ")
    }

    func unknown(_ name: String) -> String {
        "params.\(name): no parameter has this name; declare it in spec.params (\(listed))"
    }
}

/// What the expressions of one step may speak of, and what is wrong with those that speak of something else.
struct ExpressionScope {
    /// Something wrong with an expression.
    struct Finding {
        var error: FieldError
        /// If the answer is yes, nothing is wrong after all.
        var unless: StepAncestry.Question?
    }

    /// The workflow's parameters.
    var parameters: ParameterNames
    /// All steps.
    var steps: StepNames
    var graph: WorkflowGraph
    /// Which steps have ended when this one begins.
    var ancestry: StepAncestry
    /// The position of the step itself.
    var step: Int

    private static let declarations: [String: CELType] = ["params": .dyn, "steps": .dyn, "run": .dyn]
    private static let runFields = ["name", "namespace", "uid", "workflow"]
    private static let stepFields = ["output", "phase", "error", "attempts"]

    /// The faults in the step's `when` and in the templates of its `with`.
    func validate(_ step: Step, at path: FieldPath) -> [Finding] {
        var errors: [Finding] = []
        if let when = step.when {
            let field = path.child("when")
            if when.contains("${{") {
                return [
                    Finding(
                        error: .invalid(
                            field,
                            .string(when),
                            "when is already an expression; write it without ${{ }}: \(Self.unwrapped(when))"
                        )
                    )
                ] + (step.with.map { validate(template: $0, at: path.child("with")) } ?? [])
            }
            do throws(ExpressionError) {
                let program = try Expression.compile(when, declarations: Self.declarations)
                errors += check(program.references, of: .string(when), in: when, at: field)
                if program.resultType != .bool, program.resultType != .dyn {
                    let fault = "must be true or false, but is a \(program.resultType)"
                    errors.append(Finding(error: .invalid(field, .string(when), fault)))
                }
            } catch {
                errors.append(Finding(error: .invalid(field, .string(when), remedied("\(error)", in: when))))
            }
        }
        if let with = step.with { errors += validate(template: with, at: path.child("with")) }
        return errors
    }

    private func validate(template value: JSONValue, at path: FieldPath) -> [Finding] {
        switch value {
        case .string(let text):
            guard text.contains("${{") else { return [] }
            do throws(TemplateError) {
                let template = try Template(parsing: text, declarations: Self.declarations, checked: true)
                return check(template.references, of: value, in: text, at: path)
            } catch {
                return [Finding(error: .invalid(path, value, remedied("\(error)", in: text)))]
            }
        case .array(let elements):
            return elements.enumerated().flatMap { validate(template: $1, at: path.index($0)) }
        case .object(let members):
            return members.flatMap { validate(template: $0.value, at: path.child($0.key)) }
        case .null, .bool, .int, .double:
            return []
        }
    }

    /// The fault, and what to write in place of a step's id that CEL reads as a subtraction.
    private func remedied(_ fault: String, in text: String) -> String {
        let ids = steps.hyphenated.filter { text.contains("steps.\($0)") }
        guard let id = ids.max(by: { $0.utf8.count < $1.utf8.count }) else { return fault }
        return "\(fault); an id with a hyphen is written steps[\"\(id)\"], as CEL reads steps.\(id) as a subtraction"
    }

    /// The text without the marks of a template.
    private static func unwrapped(_ text: String) -> String {
        var result = text
        for mark in ["${{", "}}"] { result = result.split(separator: mark).joined(separator: " ") }
        return result.split(separator: " ").joined(separator: " ")
    }

    private func check(
        _ references: [Reference],
        of value: JSONValue,
        in text: String,
        at path: FieldPath
    ) -> [Finding] {
        var told: Set<String> = []
        var findings: [Finding] = []
        for reference in references {
            guard let (fault, question) = check(reference), told.insert(fault).inserted else { continue }
            findings.append(Finding(error: .invalid(path, value, remedied(fault, in: text)), unless: question))
        }
        return findings
    }

    private func check(_ reference: Reference) -> (fault: String, unless: StepAncestry.Question?)? {
        let path = reference.path
        guard path.count > 1 else { return nil }
        let name = path[1]
        switch path[0] {
        case "params": return parameters.names.contains(name) ? nil : (parameters.unknown(name), nil)
        case "steps":
            if name.equalsBytes(of: graph.ids[step]) { return ("steps.\(name): a step cannot refer to itself", nil) }
            guard steps.ids.contains(name), let other = graph.position(of: name) else {
                return ("steps.\(name): \(steps.unknown(name))", nil)
            }
            let question = StepAncestry.Question(ancestor: other, step: step)
            let answer = ancestry.quickAnswer(question)
            if answer != false, path.count > 2, !Self.stepFields.contains(path[2]) {
                return ("steps.\(name).\(path[2]): a step has \(Self.stepFields.joined(separator: ", "))", nil)
            }
            if answer == true { return nil }
            let fault = "steps.\(name): this step may not have ended yet; add \(name) to dependsOn"
            return (fault, answer == nil ? question : nil)
        case "run":
            return Self.runFields.contains(name)
                ? nil : ("run.\(name): a run has \(Self.runFields.joined(separator: ", "))", nil)
        default: return nil
        }
    }
}
