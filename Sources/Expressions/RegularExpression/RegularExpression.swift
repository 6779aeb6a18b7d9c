/// A regular expression in RE2's syntax, matched in time proportional to the text.
///
/// There are no look-arounds and no back-references, so that no pattern can make matching explode: patterns come
/// from users. Searches are unanchored; `^` and `$` are the ends of the text unless the flag `m` is set.
public struct RegularExpression: Sendable {
    /// The pattern as it was written.
    public let pattern: String
    let program: RegexProgram

    /// Reads a pattern.
    ///
    /// - Throws: What is wrong with the pattern, in the words of RE2.
    public init(_ pattern: String) throws(RegularExpressionError) {
        self.pattern = pattern
        program = try RegexProgram(compiling: try RegexParser.parse(pattern))
    }

    /// Whether some part of the text matches.
    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { RegexMatcher(program: program, text: $0).search(from: 0, needsRange: false) != nil }
    }

    /// The first match, the leftmost and of those the one that the pattern prefers.
    public func firstMatch(in text: String) -> String? {
        var text = text
        return text.withUTF8 { bytes in
            RegexMatcher(program: program, text: bytes).search(from: 0, needsRange: true)
                .map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    /// The matches from left to right that do not overlap, at most that many.
    ///
    /// An empty match right after another match does not count.
    public func allMatches(in text: String, limit: Int = .max) -> [String] {
        var text = text
        return text.withUTF8 { bytes in
            let matcher = RegexMatcher(program: program, text: bytes)
            var result: [String] = []
            var position = 0
            var previousEnd = -1
            while result.count < limit, position <= bytes.count,
                let range = matcher.search(from: position, needsRange: true)
            {
                let isEmptyHere = range.upperBound == position
                if !(isEmptyHere && range.lowerBound == previousEnd) {
                    result.append(String(decoding: bytes[range], as: UTF8.self))
                }
                position = isEmptyHere ? position + matcher.width(at: position) : range.upperBound
                previousEnd = range.upperBound
            }
            return result
        }
    }

    /// How many steps matching takes for each character in the worst case.
    var cost: Int { program.instructions.count }
}

/// Why a text is not a regular expression.
public struct RegularExpressionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong.
    public var message: String
    /// The part of the pattern that is wrong.
    public var fragment: String

    /// `missing closing ]: `[a-z``
    public var description: String { fragment.isEmpty ? message : "\(message): `\(fragment)`" }
}
