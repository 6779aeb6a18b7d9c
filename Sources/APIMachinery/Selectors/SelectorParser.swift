/// Reads the text form of label selectors: a scanner and a parser with one token of look-ahead, which accept
/// exactly what `k8s.io/apimachinery/pkg/labels` accepts.
struct SelectorParser {
    private enum Kind {
        case identifier, end, comma, open, close, not, equals, doubleEquals, notEquals, greater, less, `in`, notIn
        case error
    }

    private struct Token {
        var kind: Kind
        var text: String

        /// `in` and `notin` are ordinary words where no operator can stand.
        var asValue: Kind { kind == .in || kind == .notIn ? .identifier : kind }
    }

    private var tokens: [Token] = []
    private var position = 0

    init(_ text: String) {
        var scanner = Scanner(bytes: Array(text.utf8))
        repeat { tokens.append(scanner.next()) } while tokens[tokens.count - 1].kind != .end
    }

    mutating func parse() throws(SelectorError) -> [Selector.Requirement] {
        var requirements: [Selector.Requirement] = []
        while true {
            switch peek.asValue {
            case .identifier, .not:
                do {
                    requirements.append(try requirement())
                } catch {
                    throw SelectorError("unable to parse requirement: \(error)")
                }
                let separator = next()
                switch separator.kind {
                case .end: return requirements
                case .comma:
                    guard peek.asValue == .identifier || peek.kind == .not else {
                        throw SelectorError("found '\(peek.text)', expected: identifier after ','")
                    }
                default: throw SelectorError("found '\(separator.text)', expected: ',' or 'end of string'")
                }
            case .end: return requirements
            default: throw SelectorError("found '\(peek.text)', expected: !, identifier, or 'end of string'")
            }
        }
    }

    private mutating func requirement() throws(SelectorError) -> Selector.Requirement {
        var token = next()
        let negated = token.kind == .not
        if negated { token = next() }
        guard token.asValue == .identifier else {
            throw SelectorError("found '\(token.text)', expected: identifier")
        }
        let key = token.text
        let faults = Validation.qualifiedName(key)
        guard faults.isEmpty else {
            throw SelectorError(faults: [.invalid(.root, .string(key), faults.joined(separator: "; "))])
        }
        if negated || peek.kind == .end || peek.kind == .comma {
            return try Selector.Requirement(key: key, operator: negated ? .doesNotExist : .exists, values: [])
        }
        let comparison = try comparisonOperator()
        let values = comparison == .in || comparison == .notIn ? try valueList() : [try singleValue()]
        return try Selector.Requirement(key: key, operator: comparison, values: values)
    }

    private mutating func comparisonOperator() throws(SelectorError) -> SelectorOperator {
        let token = next()
        switch token.kind {
        case .in: return .in
        case .notIn: return .notIn
        case .equals: return .equals
        case .doubleEquals: return .doubleEquals
        case .notEquals: return .notEquals
        case .greater: return .greaterThan
        case .less: return .lessThan
        default: throw SelectorError("found '\(token.text)', expected: in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func singleValue() throws(SelectorError) -> String {
        if peek.kind == .end || peek.kind == .comma { return "" }
        let token = next()
        guard token.asValue == .identifier else {
            throw SelectorError("found '\(token.text)', expected: identifier")
        }
        return token.text
    }

    private mutating func valueList() throws(SelectorError) -> [String] {
        let open = next()
        guard open.kind == .open else { throw SelectorError("found '\(open.text)' expected: '('") }
        switch peek.asValue {
        case .identifier, .comma: return try values()
        case .close:
            position += 1
            return [""]
        default: throw SelectorError("found '\(peek.text)', expected: ',', ')' or identifier")
        }
    }

    /// The values up to and with the closing parenthesis, each once and sorted. Nothing between two commas, or
    /// between a comma and a parenthesis, is the empty value.
    private mutating func values() throws(SelectorError) -> [String] {
        var result: [String] = []
        var seen: Set<[UInt8]> = []
        func insert(_ value: String) { if seen.insert(Array(value.utf8)).inserted { result.append(value) } }
        while true {
            let token = next()
            switch token.asValue {
            case .identifier:
                insert(token.text)
                guard peek.kind == .comma || peek.kind == .close else {
                    throw SelectorError("found '\(peek.text)', expected: ',' or ')'")
                }
            case .comma:
                if result.isEmpty || peek.kind == .comma || peek.kind == .close { insert("") }
            case .close: return result.sorted { $0.compareBytes(to: $1) < 0 }
            default: throw SelectorError("found '\(token.text)', expected: ',', or identifier")
            }
        }
    }

    private var peek: Token { tokens[position] }

    /// The end is never passed, however often it is read.
    private mutating func next() -> Token {
        let token = tokens[position]
        if position < tokens.count - 1 { position += 1 }
        return token
    }

    private struct Scanner {
        let bytes: [UInt8]
        var offset = 0

        mutating func next() -> Token {
            while offset < bytes.count, Self.isSpace(bytes[offset]) { offset += 1 }
            guard offset < bytes.count, bytes[offset] != 0 else { return Token(kind: .end, text: "") }
            return Self.isSymbol(bytes[offset]) ? symbol() : word()
        }

        private mutating func word() -> Token {
            let start = offset
            while offset < bytes.count, bytes[offset] != 0, !Self.isSymbol(bytes[offset]), !Self.isSpace(bytes[offset])
            {
                offset += 1
            }
            let text = String(decoding: bytes[start..<offset], as: UTF8.self)
            skipNull()
            switch text {
            case "in": return Token(kind: .in, text: text)
            case "notin": return Token(kind: .notIn, text: text)
            default: return Token(kind: .identifier, text: text)
            }
        }

        /// The longest operator that stands here.
        private mutating func symbol() -> Token {
            let first = bytes[offset]
            let second = offset + 1 < bytes.count ? bytes[offset + 1] : 0
            let kind: Kind
            var length = 1
            switch (first, second) {
            case (UInt8(ascii: "="), UInt8(ascii: "=")): (kind, length) = (.doubleEquals, 2)
            case (UInt8(ascii: "!"), UInt8(ascii: "=")): (kind, length) = (.notEquals, 2)
            case (UInt8(ascii: "="), _): kind = .equals
            case (UInt8(ascii: "!"), _): kind = .not
            case (UInt8(ascii: ">"), _): kind = .greater
            case (UInt8(ascii: "<"), _): kind = .less
            case (UInt8(ascii: "("), _): kind = .open
            case (UInt8(ascii: ")"), _): kind = .close
            case (UInt8(ascii: ","), _): kind = .comma
            default: kind = .error
            }
            let text = String(decoding: bytes[offset..<(offset + length)], as: UTF8.self)
            offset += length
            skipNull()
            return Token(kind: kind, text: text)
        }

        /// The reference takes a NUL for the end of a token, and goes on behind it.
        private mutating func skipNull() {
            if offset < bytes.count, bytes[offset] == 0 { offset += 1 }
        }

        private static func isSpace(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: " ") || byte == 0x09 || byte == 0x0A || byte == 0x0D
        }

        private static func isSymbol(_ byte: UInt8) -> Bool { "=!(),><".utf8.contains(byte) }
    }
}
