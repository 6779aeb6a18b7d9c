internal import Expressions

/// A compiled `pattern`.
struct Pattern: Sendable {
    private let expression: RegularExpression

    /// Compiles a regular expression in RE2's syntax.
    ///
    /// - Throws: `PatternSyntaxError` with the reason.
    init(_ source: String) throws(PatternSyntaxError) {
        do {
            expression = try RegularExpression(source)
        } catch {
            throw PatternSyntaxError(description: "error parsing regexp: \(error)")
        }
    }

    /// Whether the pattern matches somewhere in the text.
    func matches(_ text: String) -> Bool { expression.matches(text) }
}

/// A pattern that is not a regular expression, or not one that RE2 takes.
struct PatternSyntaxError: Error, CustomStringConvertible {
    let description: String
}
