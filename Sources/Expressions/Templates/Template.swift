public import APIMachinery

/// A text with expressions in it: `report-${{ params.name }}.json`.
///
/// A text that is exactly one `${{ … }}` stands for the expression's value, of whatever type; otherwise the values
/// become text: strings as they are, everything else as JSON.
public struct Template: Sendable {
    enum Part: Sendable {
        case text(String)
        case expression(Program)
    }

    /// The text as it was written.
    public let source: String
    let parts: [Part]

    /// Reads a template and compiles its expressions.
    ///
    /// - Parameters:
    ///   - source: The text.
    ///   - declarations: The variables and their types.
    ///   - checked: Whether to check the types of the expressions.
    /// - Throws: The first error in an expression, or that a `${{` is not closed.
    public init(
        parsing source: String,
        declarations: [String: CELType] = [:],
        checked: Bool = false
    ) throws(TemplateError) {
        self.source = source
        var parts: [Part] = []
        var rest = Substring(source)
        while let (before, inner, after) = try Self.nextExpression(in: rest, of: source) {
            if !before.isEmpty { parts.append(.text(String(before))) }
            do throws(ExpressionError) {
                parts.append(
                    .expression(try Expression.compile(String(inner), declarations: declarations, checked: checked))
                )
            } catch {
                throw TemplateError(template: source, expression: String(inner), cause: error)
            }
            rest = after
        }
        if !rest.isEmpty || parts.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    /// Whether there is an expression at all; most strings have none.
    public var isConstant: Bool {
        parts.allSatisfy { part in if case .text = part { true } else { false } }
    }

    /// Whether the template is one expression and nothing else, so that its value keeps its type.
    public var isSingleExpression: Bool {
        if parts.count == 1, case .expression = parts[0] { true } else { false }
    }

    /// What the expressions of the template read.
    public var references: [Reference] {
        parts.flatMap { part -> [Reference] in
            if case .expression(let program) = part { program.references } else { [] }
        }
    }

    /// The template's value for these variables.
    public func evaluate(
        _ variables: some Activation,
        budget: EvaluationBudget = .standard
    ) throws(TemplateError) -> JSONValue {
        var budget = budget
        return try evaluate(variables, spending: &budget)
    }

    /// The template's value, taking its cost from a budget that several templates share.
    public func evaluate(
        _ variables: some Activation,
        spending budget: inout EvaluationBudget
    ) throws(TemplateError) -> JSONValue {
        if parts.count == 1 {
            switch parts[0] {
            case .text(let text): return .string(text)
            case .expression(let program): return try value(of: program, variables, &budget).json
            }
        }
        var result = ""
        for part in parts {
            switch part {
            case .text(let text): result += text
            case .expression(let program):
                let json = try value(of: program, variables, &budget).json
                if case .string(let text) = json { result += text } else { result += json.text }
            }
        }
        return .string(result)
    }

    private func value(
        of program: Program,
        _ variables: some Activation,
        _ budget: inout EvaluationBudget
    ) throws(TemplateError) -> CELValue {
        do throws(ExpressionError) {
            return try program.evaluate(variables, spending: &budget)
        } catch {
            throw TemplateError(template: source, expression: program.source, cause: error)
        }
    }
}

/// Why a template cannot be read or evaluated.
public struct TemplateError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The text of the template.
    public var template: String
    /// The expression without its braces.
    public var expression: String
    /// What is wrong with the expression; `nil` if it is not closed.
    public var cause: ExpressionError?
    /// Where in a document the template stands, such as `command[1]`; empty if it stands alone.
    public var path = ""

    init(template: String, expression: String, cause: ExpressionError?) {
        self.template = template
        self.expression = expression
        self.cause = cause
    }

    /// One line: `command[1]: in "${{ params.x }}" at column 7: no such key: x`.
    public var description: String {
        let place = path.isEmpty ? "" : path + ": "
        let text = ExpressionError.oneLine(expression)
        guard let cause else { return "\(place)\"${{\" has no closing \"}}\" in \"\(text)\"" }
        return "\(place)in \"${{ \(text) }}\" at \(cause.positionText): \(cause.message)"
    }
}
