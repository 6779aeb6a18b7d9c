/// A compiled `pattern`.
protocol PatternMatching: Sendable {
    /// Whether the pattern matches somewhere in the text.
    func matches(_ text: String) -> Bool
}

/// A pattern that is no regular expression, or not one that RE2 takes.
struct PatternSyntaxError: Error, CustomStringConvertible {
    let description: String
}

/// Compiles patterns. The one place that knows the regular expression engine.
enum Pattern {
    /// Compiles a regular expression in RE2's syntax.
    static func compile(_ pattern: String) throws(PatternSyntaxError) -> any PatternMatching {
        do {
            _ = try Regex(pattern)
            return InterimPattern(source: pattern)
        } catch {
            throw PatternSyntaxError(description: "error parsing regexp: \(error)")
        }
    }
}

/// Swift's own engine, which is not `Sendable` and so compiles for every match.
private struct InterimPattern: PatternMatching {
    let source: String

    func matches(_ text: String) -> Bool {
        guard let regex = try? Regex(source).matchingSemantics(.unicodeScalar) else { return false }
        return (try? regex.firstMatch(in: text)) != nil
    }
}
