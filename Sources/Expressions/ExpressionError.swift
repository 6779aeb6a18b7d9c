/// Why an expression cannot be read, is not well typed, or fails when it is evaluated.
public struct ExpressionError: Error, Sendable, Equatable {
    /// When the error was found.
    public enum Phase: String, Sendable {
        /// The text is not an expression.
        case parse
        /// The types do not fit together.
        case check
        /// The values at hand do not allow the evaluation.
        case eval
    }

    /// The kinds of errors; stable names that scripts and tests may compare.
    public enum Code: String, Sendable {
        case syntax
        case reservedIdentifier = "reserved-identifier"
        case badMacro = "bad-macro"

        case undeclared
        case noMatchingOverload = "no-matching-overload"
        case typeMismatch = "type-mismatch"
        case undefinedField = "undefined-field"
        case badTimestamp = "bad-timestamp"
        case badDuration = "bad-duration"

        case notIterable = "not-iterable"
        case badRegex = "bad-regex"
        case badFormat = "bad-format"

        case noSuchAttribute = "no-such-attribute"
        case noSuchKey = "no-such-key"
        case noSuchOverload = "no-such-overload"
        case unsupportedIndex = "unsupported-index"
        case indexOutOfBounds = "index-out-of-bounds"
        case divideByZero = "divide-by-zero"
        case modulusByZero = "modulus-by-zero"
        case overflow
        case nanOrder = "nan-order"
        case badConversion = "bad-conversion"
        case invalidArgument = "invalid-argument"
        case emptyList = "empty-list"
        case duplicateKey = "duplicate-key"
        case optionalNone = "optional-none"
        case budgetExceeded = "budget-exceeded"
    }

    /// When the error was found.
    public var phase: Phase
    /// What kind of error it is.
    public var code: Code
    /// The reason, in one line, without the position.
    public var message: String
    /// The expression as it was written.
    public var source: String
    /// The byte of the expression at which the error stands, counted from 0.
    public var offset: Int

    /// An error at that byte of the expression.
    public init(phase: Phase, code: Code, message: String, source: String, offset: Int) {
        self.phase = phase
        self.code = code
        self.message = message
        self.source = source
        self.offset = offset
    }

    /// The line (from 1) and the column in characters (from 1) of the error.
    public var position: (line: Int, column: Int) {
        var line = 1
        var column = 1
        for scalar in String(decoding: source.utf8.prefix(max(0, offset)), as: UTF8.self).unicodeScalars {
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return (line, column)
    }
}

extension ExpressionError: CustomStringConvertible {
    /// One line: `"steps.lint.output.errors > 0" at column 18: no such key: errors`
    public var description: String { "\"\(Self.oneLine(source))\" at \(positionText): \(message)" }

    /// `column 18`, or `line 2, column 3` in expressions of several lines.
    var positionText: String {
        let (line, column) = position
        return source.contains("\n") ? "line \(line), column \(column)" : "column \(column)"
    }

    /// An expression as messages show it: in one line, and only the beginning of a long one.
    static func oneLine(_ source: String) -> String {
        let text = source.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return text.count <= 160 ? text : text.prefix(157) + "..."
    }
}

/// A failure inside the evaluator, before the expression that it belongs to is put in.
struct EvaluationFailure: Error, Sendable {
    var code: ExpressionError.Code
    var message: String
    /// The byte of the expression; −1 until the program, which knows the positions, fills it in.
    var offset = -1

    init(_ code: ExpressionError.Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// This failure with a position, unless something further inside has set one already.
    func located(at position: Int) -> EvaluationFailure {
        guard offset < 0 else { return self }
        var result = self
        result.offset = position
        return result
    }

    /// `&&`, `||`, `all` and `exists` absorb what goes wrong in the side that does not decide; running out of
    /// budget is not among it, or no loop would ever end early.
    var isAbsorbable: Bool { code != .budgetExceeded }

    static let noSuchOverload = EvaluationFailure(.noSuchOverload, "no such overload")

    static func noSuchOverload(_ function: String, _ arguments: [CELValue] = []) -> EvaluationFailure {
        let types = arguments.map(\.typeName).joined(separator: ", ")
        return EvaluationFailure(.noSuchOverload, "no such overload: \(function)(\(types))")
    }

    static func badConversion(from: String, to: String) -> EvaluationFailure {
        EvaluationFailure(.badConversion, "type conversion error from '\(from)' to '\(to)'")
    }
}
