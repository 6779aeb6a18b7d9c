import Basics

/// Splits an expression into words. Every match is the longest possible: `.5` is a number, `1.foo` is not.
struct Lexer {
    let bytes: [UInt8]
    var position = 0

    init(_ source: String) { bytes = Array(source.utf8) }

    /// All words, ending with `end`, or with an invalid one after which nothing is read.
    static func tokens(of source: String) -> [Token] {
        var lexer = Lexer(source)
        var result: [Token] = []
        while true {
            let token = lexer.next()
            result.append(token)
            switch token.kind {
            case .end, .invalid: return result
            default: break
            }
        }
    }

    /// The byte that many ahead; zero beyond the end, which no word begins with.
    func peek(_ distance: Int = 0) -> UInt8 {
        position + distance < bytes.count ? bytes[position + distance] : 0
    }

    /// The next word. Strings come before names, because `b` and `r` can begin both.
    private mutating func next() -> Token {
        skipBlanks()
        let start = position
        guard position < bytes.count else { return Token(kind: .end, offset: start) }
        let byte = bytes[position]
        if byte.isDigit || (byte == UInt8(ascii: ".") && peek(1).isDigit) {
            return Token(kind: number(), offset: start)
        }
        if let string = stringLiteral() { return Token(kind: string, offset: start) }
        if byte.isIdentifierStart { return Token(kind: word(), offset: start) }
        if let (symbol, length) = symbol() {
            position += length
            return Token(kind: .symbol(symbol), offset: start)
        }
        let scalar = String(decoding: bytes[position...], as: UTF8.self).unicodeScalars.first.map(String.init) ?? "?"
        return Token(kind: .invalid("unexpected character '\(scalar)'"), offset: start)
    }

    /// The operator or bracket that begins here, and how many bytes it has.
    private func symbol() -> (Token.Symbol, Int)? {
        let next = peek(1)
        switch peek() {
        case UInt8(ascii: "="): return next == UInt8(ascii: "=") ? (.equal, 2) : nil
        case UInt8(ascii: "!"): return next == UInt8(ascii: "=") ? (.notEqual, 2) : (.exclamation, 1)
        case UInt8(ascii: "<"): return next == UInt8(ascii: "=") ? (.lessOrEqual, 2) : (.less, 1)
        case UInt8(ascii: ">"): return next == UInt8(ascii: "=") ? (.greaterOrEqual, 2) : (.greater, 1)
        case UInt8(ascii: "&"): return next == UInt8(ascii: "&") ? (.and, 2) : nil
        case UInt8(ascii: "|"): return next == UInt8(ascii: "|") ? (.or, 2) : nil
        case UInt8(ascii: "["): return (.leftBracket, 1)
        case UInt8(ascii: "]"): return (.rightBracket, 1)
        case UInt8(ascii: "{"): return (.leftBrace, 1)
        case UInt8(ascii: "}"): return (.rightBrace, 1)
        case UInt8(ascii: "("): return (.leftParenthesis, 1)
        case UInt8(ascii: ")"): return (.rightParenthesis, 1)
        case UInt8(ascii: "."): return (.dot, 1)
        case UInt8(ascii: ","): return (.comma, 1)
        case UInt8(ascii: "-"): return (.minus, 1)
        case UInt8(ascii: "?"): return (.question, 1)
        case UInt8(ascii: ":"): return (.colon, 1)
        case UInt8(ascii: "+"): return (.plus, 1)
        case UInt8(ascii: "*"): return (.star, 1)
        case UInt8(ascii: "/"): return (.slash, 1)
        case UInt8(ascii: "%"): return (.percent, 1)
        default: return nil
        }
    }

    /// Blanks and comments, which run from two slashes to the end of the line.
    private mutating func skipBlanks() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0C, 0x0D: position += 1
            case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"):
                while position < bytes.count, bytes[position] != 0x0A { position += 1 }
            default: return
            }
        }
    }

    /// A name or one of the four words that cannot be names.
    private mutating func word() -> Token.Kind {
        let start = position
        while peek().isIdentifierStart || peek().isDigit { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        return Token.Keyword(rawValue: text).map { .keyword($0) } ?? .identifier(text)
    }

    /// A number; what follows it begins the next word.
    private mutating func number() -> Token.Kind {
        let start = position
        if peek() == UInt8(ascii: "0"), peek(1) == UInt8(ascii: "x"), peek(2).isHexDigit {
            position += 2
            let digits = take { $0.isHexDigit }
            return takeUnsignedSuffix() ? .uint(digits: digits, radix: 16) : .int(digits: digits, radix: 16)
        }
        let digits = take { $0.isDigit }
        var isDouble = false
        if peek() == UInt8(ascii: "."), peek(1).isDigit {
            isDouble = true
            position += 1
            _ = take { $0.isDigit }
        }
        if peek() | 0x20 == UInt8(ascii: "e") {
            let signed = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-")
            if peek(signed ? 2 : 1).isDigit {
                isDouble = true
                position += signed ? 2 : 1
                _ = take { $0.isDigit }
            }
        }
        if isDouble { return .double(String(decoding: bytes[start..<position], as: UTF8.self)) }
        return takeUnsignedSuffix() ? .uint(digits: digits, radix: 10) : .int(digits: digits, radix: 10)
    }

    private mutating func takeUnsignedSuffix() -> Bool {
        guard peek() | 0x20 == UInt8(ascii: "u") else { return false }
        position += 1
        return true
    }

    private mutating func take(while condition: (UInt8) -> Bool) -> String {
        let start = position
        while position < bytes.count, condition(bytes[position]) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }
}

extension UInt8 {
    var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

    var isHexDigit: Bool { hexValue != nil }

    var hexValue: UInt32? { Hexadecimal.digit(self).map(UInt32.init) }

    var isIdentifierStart: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
