extension Parser {
    /// A primary expression and the selections, calls and indices after it.
    mutating func member() throws(Failure) -> SyntaxNode {
        var operand = try primary()
        while true {
            let offset = token.offset
            if take(.dot) {
                let optional = take(.question)
                guard case .identifier(let name) = token.kind else { throw unexpected("a field name") }
                advance()
                let callOffset = token.offset
                if !optional, take(.leftParenthesis) {
                    let arguments = try self.arguments()
                    operand = try call(name, target: operand, arguments, at: callOffset)
                } else {
                    operand = try node(
                        .select(operand, field: name, optional: optional, testOnly: false),
                        at: offset
                    )
                }
            } else if take(.leftBracket) {
                let optional = take(.question)
                let index = try expression()
                try expect(.rightBracket)
                operand = try node(.index(operand, index, optional: optional), at: offset)
            } else {
                return operand
            }
        }
    }

    /// The arguments of a call, after the opening parenthesis.
    private mutating func arguments() throws(Failure) -> [SyntaxNode] {
        if take(.rightParenthesis) { return [] }
        var result = [try expression()]
        while take(.comma) { result.append(try expression()) }
        try expect(.rightParenthesis)
        return result
    }

    /// What stands alone: a literal, a name, a call, or something in brackets.
    private mutating func primary() throws(Failure) -> SyntaxNode {
        let offset = token.offset
        let kind = token.kind
        switch kind {
        case .symbol(.leftParenthesis):
            advance()
            let result = try expression()
            try expect(.rightParenthesis)
            return result
        case .symbol(.leftBracket):
            advance()
            return try node(.list(try elements()), at: offset)
        case .symbol(.leftBrace):
            advance()
            return try node(.map(try entries()), at: offset)
        case .symbol(.dot):
            advance()
            guard case .identifier(let name) = token.kind else { throw unexpected("a name") }
            return try named(name, prefix: ".", at: offset)
        case .identifier(let name):
            return try named(name, prefix: "", at: offset)
        default:
            return try literal()
        }
    }

    /// A name, a call of a function, or the construction of a message. Reserved words are noted.
    private mutating func named(_ name: String, prefix: String, at offset: Int) throws(Failure) -> SyntaxNode {
        if let type = messageName() {
            advance()
            return try node(.message(type, try fields()), at: offset)
        }
        advance()
        if ReservedWord.all.contains(name) { note(.reservedIdentifier, "reserved identifier: \(name)", at: offset) }
        let callOffset = token.offset
        guard take(.leftParenthesis) else { return try node(.identifier(prefix + name), at: offset) }
        let arguments = try self.arguments()
        return try call(name, target: nil, arguments, at: callOffset)
    }

    /// If a dotted name followed by a brace stands here, moves to the brace and returns the name.
    private mutating func messageName() -> String? {
        var distance = 0
        var names: [String] = []
        while case .identifier(let name) = tokenKind(ahead: distance) {
            names.append(name)
            distance += 1
            if tokenKind(ahead: distance) == .symbol(.leftBrace) {
                for _ in 0..<distance { advance() }
                return names.joined(separator: ".")
            }
            guard tokenKind(ahead: distance) == .symbol(.dot) else { return nil }
            distance += 1
        }
        return nil
    }

    /// The elements of a list, after its opening bracket. A comma may follow the last one.
    private mutating func elements() throws(Failure) -> [SyntaxNode.Element] {
        var result: [SyntaxNode.Element] = []
        while token.kind != .symbol(.rightBracket) {
            // A lone comma is an empty list.
            if result.isEmpty, take(.comma) { break }
            let isOptional = take(.question)
            result.append(SyntaxNode.Element(value: try expression(), isOptional: isOptional))
            if !take(.comma) { break }
        }
        try expect(.rightBracket)
        return result
    }

    /// The entries of a map, after its opening brace.
    private mutating func entries() throws(Failure) -> [SyntaxNode.Entry] {
        var result: [SyntaxNode.Entry] = []
        while token.kind != .symbol(.rightBrace) {
            if result.isEmpty, take(.comma) { break }
            let isOptional = take(.question)
            let key = try expression()
            try expect(.colon)
            result.append(SyntaxNode.Entry(key: key, value: try expression(), isOptional: isOptional))
            if !take(.comma) { break }
        }
        try expect(.rightBrace)
        return result
    }

    /// The values of the fields of a message, after its opening brace.
    private mutating func fields() throws(Failure) -> [SyntaxNode] {
        var result: [SyntaxNode] = []
        while token.kind != .symbol(.rightBrace) {
            if result.isEmpty, take(.comma) { break }
            _ = take(.question)
            guard case .identifier = token.kind else { throw unexpected("a field name") }
            advance()
            try expect(.colon)
            result.append(try expression())
            if !take(.comma) { break }
        }
        try expect(.rightBrace)
        return result
    }

    /// A literal. A number out of range is noted, so that an error further left is reported first.
    private mutating func literal() throws(Failure) -> SyntaxNode {
        let offset = token.offset
        let isNegative = token.kind == .symbol(.minus)
        if isNegative { advance() }
        let kind = token.kind
        let value: CELValue
        switch kind {
        case .int(let digits, let radix):
            if let number = Int64((isNegative ? "-" : "") + digits, radix: radix) {
                value = .int(number)
            } else {
                note(.syntax, "'\(isNegative ? "-" : "")\(digits)' does not fit an int of 64 bits", at: offset)
                value = .int(0)
            }
        case .double(let text):
            let number = Double(text) ?? .infinity
            if number.isInfinite { note(.syntax, "'\(text)' does not fit a double", at: offset) }
            value = .double(isNegative ? -number : number)
        case .uint(let digits, let radix) where !isNegative:
            if UInt64(digits, radix: radix) == nil {
                note(.syntax, "'\(digits)u' does not fit a uint of 64 bits", at: offset)
            }
            value = .uint(UInt64(digits, radix: radix) ?? 0)
        case .string(let text) where !isNegative: value = .string(text)
        case .bytes(let bytes) where !isNegative: value = .bytes(bytes)
        case .keyword(.true) where !isNegative: value = .bool(true)
        case .keyword(.false) where !isNegative: value = .bool(false)
        case .keyword(.null) where !isNegative: value = .null
        default: throw unexpected("a value, a name or '('")
        }
        advance()
        return try node(.literal(value), at: offset)
    }
}
