/// A recursive-descent parser of CEL's grammar.
///
/// Syntax errors end it. What is wrong in meaning only (a reserved word as a name, a macro with a bad argument, a
/// number out of range) is noted and parsing goes on; of all errors the one that stands first in the text counts,
/// as in the reference.
struct Parser {
    /// Nesting, and the length of chains such as `a + b + c`, beyond which expressions are refused. The same as
    /// the reference's, and small enough for every recursive step that follows.
    static let maximumDepth = 250
    /// Longer sources are refused unread.
    static let maximumLength = 100_000

    /// An error before the source that it belongs to is put in.
    struct Failure: Error {
        var code: ExpressionError.Code
        var message: String
        var offset: Int

        func error(in source: String) -> ExpressionError {
            ExpressionError(phase: .parse, code: code, message: message, source: source, offset: offset)
        }
    }

    private let tokens: [Token]
    private var index = 0
    private var nesting = 0
    private var nextID = 0
    /// The first of the errors that do not end parsing.
    private var noted: Failure?

    private init(_ tokens: [Token]) { self.tokens = tokens }

    /// The expression's tree and how many nodes were made.
    static func parse(_ source: String) throws(ExpressionError) -> (root: SyntaxNode, count: Int) {
        if source.utf8.count > maximumLength {
            let failure = Failure(code: .syntax, message: "longer than \(maximumLength) bytes", offset: 0)
            throw failure.error(in: source)
        }
        var parser = Parser(Lexer.tokens(of: source))
        do throws(Failure) {
            let root = try parser.expression()
            guard case .end = parser.token.kind else { throw parser.unexpected("an operator or the end") }
            if let noted = parser.noted { throw noted }
            return (root, parser.nextID)
        } catch {
            if let noted = parser.noted, noted.offset <= error.offset { throw noted.error(in: source) }
            throw error.error(in: source)
        }
    }

    // MARK: Words

    var token: Token { tokens[index] }

    func tokenKind(ahead distance: Int) -> Token.Kind {
        index + distance < tokens.count ? tokens[index + distance].kind : .end
    }

    mutating func advance() {
        if index < tokens.count - 1 { index += 1 }
    }

    mutating func take(_ symbol: Token.Symbol) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: Token.Symbol) throws(Failure) {
        if !take(symbol) { throw unexpected("'\(symbol.rawValue)'") }
    }

    /// What stands here instead of what was expected; for text that is not a word, why it is not.
    func unexpected(_ expectation: String) -> Failure {
        if case .invalid(let reason) = token.kind {
            return Failure(code: .syntax, message: reason, offset: token.offset)
        }
        return Failure(
            code: .syntax,
            message: "unexpected \(token.description), expected \(expectation)",
            offset: token.offset
        )
    }

    /// Remembers an error that does not end parsing, if it stands before the one remembered.
    mutating func note(_ code: ExpressionError.Code, _ message: String, at offset: Int) {
        if let noted, noted.offset <= offset { return }
        noted = Failure(code: code, message: message, offset: offset)
    }

    /// Makes a node. All pass here, so that no tree gets deeper than the steps that follow can take.
    mutating func node(_ form: SyntaxNode.Form, at offset: Int) throws(Failure) -> SyntaxNode {
        let node = SyntaxNode(id: nextID, offset: offset, form: form)
        nextID += 1
        if node.depth > Self.maximumDepth { throw tooDeep(at: offset) }
        return node
    }

    private func tooDeep(at offset: Int) -> Failure {
        Failure(
            code: .syntax,
            message: "nested deeper than \(Self.maximumDepth) levels; split the expression",
            offset: offset
        )
    }

    // MARK: Operators, from the loosest to the tightest

    /// A whole expression. Between the question mark and the colon stands no further ternary without parentheses; after
    /// the colon it may.
    mutating func expression() throws(Failure) -> SyntaxNode {
        nesting += 1
        defer { nesting -= 1 }
        if nesting > Self.maximumDepth { throw tooDeep(at: token.offset) }
        let condition = try disjunction()
        let offset = token.offset
        guard take(.question) else { return condition }
        let first = try disjunction()
        try expect(.colon)
        let second = try expression()
        return try node(.conditional(condition, first, second), at: offset)
    }

    /// Terms of `||`, as one flat node: long chains do not count as deep.
    private mutating func disjunction() throws(Failure) -> SyntaxNode {
        let first = try conjunction()
        let offset = token.offset
        guard token.kind == .symbol(.or) else { return first }
        var terms = [first]
        while take(.or) { terms.append(try conjunction()) }
        return try node(.or(terms), at: offset)
    }

    /// Terms of `&&`, likewise.
    private mutating func conjunction() throws(Failure) -> SyntaxNode {
        let first = try relation()
        let offset = token.offset
        guard token.kind == .symbol(.and) else { return first }
        var terms = [first]
        while take(.and) { terms.append(try relation()) }
        return try node(.and(terms), at: offset)
    }

    /// Comparisons and `in`, all of one rank, from left to right.
    private mutating func relation() throws(Failure) -> SyntaxNode {
        var left = try sum()
        while let name = relationOperator {
            let offset = token.offset
            advance()
            let right = try sum()
            left = try node(.call(name, target: nil, [left, right]), at: offset)
        }
        return left
    }

    private var relationOperator: String? {
        switch token.kind {
        case .keyword(.in): "@in"
        case .symbol(.less): "_<_"
        case .symbol(.lessOrEqual): "_<=_"
        case .symbol(.greater): "_>_"
        case .symbol(.greaterOrEqual): "_>=_"
        case .symbol(.equal): "_==_"
        case .symbol(.notEqual): "_!=_"
        default: nil
        }
    }

    private mutating func sum() throws(Failure) -> SyntaxNode {
        var left = try product()
        while token.kind == .symbol(.plus) || token.kind == .symbol(.minus) {
            let name = token.kind == .symbol(.plus) ? "_+_" : "_-_"
            let offset = token.offset
            advance()
            let right = try product()
            left = try node(.call(name, target: nil, [left, right]), at: offset)
        }
        return left
    }

    private mutating func product() throws(Failure) -> SyntaxNode {
        var left = try unary()
        while true {
            let name: String
            switch token.kind {
            case .symbol(.star): name = "_*_"
            case .symbol(.slash): name = "_/_"
            case .symbol(.percent): name = "_%_"
            default: return left
            }
            let offset = token.offset
            advance()
            let right = try unary()
            left = try node(.call(name, target: nil, [left, right]), at: offset)
        }
    }

    /// Signs and negations come in runs of one kind; an even run is nothing at all, and one minus before a number
    /// belongs to the number, so that −9223372036854775808 can be written.
    private mutating func unary() throws(Failure) -> SyntaxNode {
        let offset = token.offset
        for (symbol, name) in [(Token.Symbol.exclamation, "!_"), (.minus, "-_")] {
            guard token.kind == .symbol(symbol) else { continue }
            if symbol == .minus {
                switch tokenKind(ahead: 1) {
                case .int, .double: return try member()
                default: break
                }
            }
            var count = 0
            while take(symbol) { count += 1 }
            let operand = try member()
            return count.isMultiple(of: 2) ? operand : try node(.call(name, target: nil, [operand]), at: offset)
        }
        return try member()
    }
}
