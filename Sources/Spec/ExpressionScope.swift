import APIMachinery
import Expressions

/// The ids of a workflow's steps, and what to say of an id that none has. Large workflows are told of without guesses, as
/// each wrong id would be compared with every right one.
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

/// What the expressions of one step may speak of, and what is wrong with those that speak of something else.
struct ExpressionScope {
    /// The workflow's parameters.
    var parameters: Set<String>
    /// All steps.
    var steps: StepNames
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
            if when.contains("${{") {
                return [
                    .invalid(
                        field,
                        .string(when),
                        "when is an expression by itself; write it without ${{ }}: \(Self.unwrapped(when))"
                    )
                ] + (step.with.map { validate(template: $0, at: path.child("with")) } ?? [])
            }
            do throws(ExpressionError) {
                let program = try Expression.compile(when, declarations: Self.declarations)
                errors += check(program.references).map { .invalid(field, .string(when), remedied($0, in: when)) }
                if program.resultType != .bool, program.resultType != .dyn {
                    errors.append(
                        .invalid(field, .string(when), "must be true or false, but is a \(program.resultType)")
                    )
                }
            } catch {
                errors.append(.invalid(field, .string(when), remedied("\(error)", in: when)))
            }
        }
        if let with = step.with { errors += validate(template: with, at: path.child("with")) }
        return errors
    }

    /// Whether an expression of the step can name another step.
    static func speaksOfSteps(_ step: Step) -> Bool {
        func speaks(_ value: JSONValue) -> Bool {
            switch value {
            case .string(let text): text.contains("steps")
            case .array(let elements): elements.contains(where: speaks)
            case .object(let members): members.contains { speaks($0.value) }
            case .null, .bool, .int, .double: false
            }
        }
        return step.when?.contains("steps") ?? false || step.with.map(speaks) ?? false
    }

    private func validate(template value: JSONValue, at path: FieldPath) -> [FieldError] {
        switch value {
        case .string(let text):
            guard text.contains("${{") else { return [] }
            do throws(TemplateError) {
                let template = try Template(parsing: text, declarations: Self.declarations, checked: true)
                return check(template.references).map { .invalid(path, value, remedied($0, in: text)) }
            } catch {
                return [.invalid(path, value, remedied("\(error)", in: text))]
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
            let known =
                parameters.isEmpty ? "none are declared" : parameters.sorted().prefix(12).joined(separator: ", ")
            return "params.\(name): no parameter has this name; declare it in spec.params (\(known))"
        case "steps":
            if name == step { return "steps.\(name): a step cannot refer to itself" }
            if !steps.ids.contains(name) { return "steps.\(name): \(steps.unknown(name))" }
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
