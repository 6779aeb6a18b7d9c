/// Reads RE2's syntax, as the Go implementation takes it with Perl's extensions.
struct RegexParser {
    /// Groups nested deeper than this are refused.
    private static let maximumDepth = 250
    /// The largest count of a repetition, also of nested ones multiplied.
    private static let maximumRepetition = 1000

    /// The flags in effect; groups restore those from before when they end.
    struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotMatchesLineFeed = false
        var isUngreedy = false
    }

    let scalars: [UnicodeScalar]
    var position = 0
    var flags = Flags()
    private var depth = 0
    private var groupNames: Set<String> = []

    private init(_ pattern: String) { scalars = Array(pattern.unicodeScalars) }

    /// The tree of a pattern, or what is wrong with it.
    static func parse(_ pattern: String) throws(RegularExpressionError) -> RegexNode {
        var parser = RegexParser(pattern)
        let node = try parser.alternation()
        if parser.position < parser.scalars.count { throw parser.failure("unexpected )", from: 0) }
        return node
    }

    // MARK: Characters

    func peek(_ distance: Int = 0) -> UnicodeScalar? {
        position + distance < scalars.count ? scalars[position + distance] : nil
    }

    mutating func take(_ scalar: UnicodeScalar) -> Bool {
        guard peek() == scalar else { return false }
        position += 1
        return true
    }

    mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard position + wanted.count <= scalars.count,
            scalars[position..<position + wanted.count].elementsEqual(wanted)
        else { return false }
        position += wanted.count
        return true
    }

    func failure(_ message: String, from start: Int, to end: Int? = nil) -> RegularExpressionError {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[min(start, scalars.count)..<min(end ?? scalars.count, scalars.count)])
        return RegularExpressionError(message: "error parsing regexp: " + message, fragment: String(text))
    }

    // MARK: Structure

    /// Branches between bars, up to the end of the group or of the pattern.
    private mutating func alternation() throws(RegularExpressionError) -> RegexNode {
        depth += 1
        defer { depth -= 1 }
        if depth > Self.maximumDepth { throw failure("expression nests too deeply", from: 0) }
        var branches = [try concatenation()]
        while take("|") { branches.append(try concatenation()) }
        return branches.count == 1 ? branches[0] : .alternation(branches)
    }

    /// Parts one after the other. A repetition applies to the last part; at the start, and right after another
    /// repetition, it is refused.
    private mutating func concatenation() throws(RegularExpressionError) -> RegexNode {
        var parts: [RegexNode] = []
        /// Where the last repetition operator began, if the last part is repeated; another may not follow.
        var lastRepetition: Int?
        while let scalar = peek(), scalar != "|", scalar != ")" {
            let start = position
            if let (minimum, maximum) = try repetition() {
                guard let body = parts.popLast() else {
                    throw failure("missing argument to repetition operator", from: start, to: position)
                }
                let isLazy = take("?")
                if let lastRepetition {
                    throw failure("invalid nested repetition operator", from: lastRepetition, to: position)
                }
                let node = RegexNode.repetition(
                    body,
                    minimum: minimum,
                    maximum: maximum,
                    isGreedy: isLazy == flags.isUngreedy
                )
                if minimum > 1 || maximum ?? 0 > 1, node.repetitionFactor > Self.maximumRepetition {
                    throw failure("invalid repeat count", from: start, to: position)
                }
                parts.append(node)
                lastRepetition = start
                continue
            }
            lastRepetition = nil
            try atom(into: &parts)
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .concatenation(parts)
    }

    /// A repetition operator with its bounds. A brace that begins none is an ordinary character.
    private mutating func repetition() throws(RegularExpressionError) -> (Int, Int?)? {
        switch peek() {
        case "*":
            position += 1
            return (0, nil)
        case "+":
            position += 1
            return (1, nil)
        case "?":
            position += 1
            return (0, 1)
        case "{":
            let start = position
            position += 1
            guard let minimum = number() else {
                position = start
                return nil
            }
            var maximum: Int? = minimum
            if take(",") { maximum = peek() == "}" ? nil : number() ?? -1 }
            guard take("}"), maximum != -1 else {
                position = start
                return nil
            }
            if minimum > Self.maximumRepetition || maximum ?? 0 > Self.maximumRepetition || maximum ?? minimum < minimum
            {
                throw failure("invalid repeat count", from: start, to: position)
            }
            return (minimum, maximum)
        default: return nil
        }
    }

    /// A decimal number without leading zeros; one that is too large for any count stays too large.
    private mutating func number() -> Int? {
        let digits = scalars[position...].prefix { $0.value >= 0x30 && $0.value <= 0x39 }
        if digits.isEmpty || (digits.count > 1 && digits.first == "0") { return nil }
        position += digits.count
        if digits.count > 8 { return 100_000_000 }
        return digits.reduce(0) { $0 * 10 + Int($1.value) - 0x30 }
    }

    /// One part: a group, a class, an assertion or a character.
    private mutating func atom(into parts: inout [RegexNode]) throws(RegularExpressionError) {
        guard let scalar = peek() else { return }
        switch scalar {
        case "(": parts.append(contentsOf: try group())
        case "[": parts.append(.set(try characterClass()))
        case ".":
            position += 1
            parts.append(flags.dotMatchesLineFeed ? .any : .anyExceptLineFeed)
        case "^":
            position += 1
            parts.append(.assertion(flags.isMultiline ? .lineStart : .textStart))
        case "$":
            position += 1
            parts.append(.assertion(flags.isMultiline ? .lineEnd : .textEnd))
        case "\\": try backslash(into: &parts)
        default:
            position += 1
            parts.append(literal(scalar.value))
        }
    }

    /// One character, or all that differ from it only in case.
    func literal(_ value: UInt32) -> RegexNode {
        guard flags.ignoresCase else { return .scalar(value) }
        let others = CaseFolding.others(of: value)
        if others.isEmpty { return .scalar(value) }
        var set = ScalarSet()
        for member in [value] + others { set.insert(member...member) }
        set.finish()
        return .set(set)
    }

    /// What a backslash begins outside of brackets.
    private mutating func backslash(into parts: inout [RegexNode]) throws(RegularExpressionError) {
        switch peek(1) {
        case "A": parts.append(.assertion(.textStart))
        case "z": parts.append(.assertion(.textEnd))
        case "b": parts.append(.assertion(.wordBoundary))
        case "B": parts.append(.assertion(.noWordBoundary))
        case "Q":
            position += 2
            while position < scalars.count, !take("\\E") {
                parts.append(literal(scalars[position].value))
                position += 1
            }
            return
        default:
            var set = ScalarSet()
            var isClass = perlClass(into: &set)
            if !isClass { isClass = try unicodeClass(into: &set) }
            if isClass {
                set.finish()
                parts.append(.set(set))
            } else {
                parts.append(literal(try escape()))
            }
            return
        }
        position += 2
    }

    // MARK: Groups

    /// A group, or flags for the rest of the enclosing one, for which it returns no part.
    private mutating func group() throws(RegularExpressionError) -> [RegexNode] {
        let start = position
        position += 1
        let outer = flags
        if take("?") {
            if take("P<") || take("<") {
                try groupName(from: start)
            } else if try !groupFlags(from: start) {
                return []
            }
        }
        let body = try alternation()
        guard take(")") else { throw failure("missing closing )", from: 0) }
        flags = outer
        return [body]
    }

    /// The name of a group; groups are not captured, but the name must be a proper one and the only one.
    private mutating func groupName(from start: Int) throws(RegularExpressionError) {
        var name = String.UnicodeScalarView()
        while let scalar = peek(), scalar != ">" {
            name.append(scalar)
            position += 1
        }
        let isWord = name.allSatisfy { Self.isWord($0.value) }
        guard take(">"), !name.isEmpty, isWord else {
            throw failure("invalid named capture", from: start, to: position)
        }
        if !groupNames.insert(String(name)).inserted {
            throw failure("duplicate capture group name", from: start, to: position)
        }
    }

    /// `(?i)` sets flags and has no body, which gives false; `(?i:` and `(?:` have one.
    private mutating func groupFlags(from start: Int) throws(RegularExpressionError) -> Bool {
        var changed = flags
        var isOn = true
        var sawFlag = false
        while let scalar = peek() {
            position += 1
            switch scalar {
            case "i": changed.ignoresCase = isOn
            case "m": changed.isMultiline = isOn
            case "s": changed.dotMatchesLineFeed = isOn
            case "U": changed.isUngreedy = isOn
            case "-" where isOn:
                isOn = false
                sawFlag = false
                continue
            case ":" where isOn || sawFlag:
                flags = changed
                return true
            case ")" where isOn || sawFlag:
                flags = changed
                return false
            default: throw failure("invalid or unsupported Perl syntax", from: start, to: position)
            }
            sawFlag = true
        }
        throw failure("missing argument to repetition operator", from: start)
    }

    /// Letters, digits and underscore of ASCII: what `\\w` and `\\b` mean in RE2.
    static func isWord(_ value: UInt32) -> Bool {
        value < 0x80 && (UInt8(value).isIdentifierStart || UInt8(value).isDigit)
    }
}
