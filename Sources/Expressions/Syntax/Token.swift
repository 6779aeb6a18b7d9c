/// A word of the language.
struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        case identifier(String)
        /// Digits without sign, in decimal or after `0x`.
        case int(digits: String, radix: Int)
        case uint(digits: String, radix: Int)
        case double(String)
        case string(String)
        case bytes([UInt8])
        case keyword(Keyword)
        case symbol(Symbol)
        case end
        /// Text that is not a word of the language; parsing ends when it gets here.
        case invalid(String)
    }

    enum Keyword: String, Sendable { case `true`, `false`, null, `in` }

    enum Symbol: String, Sendable {
        case equal = "=="
        case notEqual = "!="
        case lessOrEqual = "<="
        case greaterOrEqual = ">="
        case and = "&&"
        case or = "||"
        case less = "<"
        case greater = ">"
        case leftBracket = "["
        case rightBracket = "]"
        case leftBrace = "{"
        case rightBrace = "}"
        case leftParenthesis = "("
        case rightParenthesis = ")"
        case dot = "."
        case comma = ","
        case minus = "-"
        case exclamation = "!"
        case question = "?"
        case colon = ":"
        case plus = "+"
        case star = "*"
        case slash = "/"
        case percent = "%"
    }

    var kind: Kind
    /// The byte of the source at which it starts.
    var offset: Int

    /// The token as an error message shows it.
    var description: String {
        switch kind {
        case .identifier(let name): "'\(name)'"
        case .int(let digits, let radix): radix == 16 ? "'0x\(digits)'" : "'\(digits)'"
        case .uint(let digits, let radix): radix == 16 ? "'0x\(digits)u'" : "'\(digits)u'"
        case .double(let text): "'\(text)'"
        case .string: "a string"
        case .bytes: "bytes"
        case .keyword(let keyword): "'\(keyword.rawValue)'"
        case .symbol(let symbol): "'\(symbol.rawValue)'"
        case .end: "the end of the expression"
        case .invalid(let reason): reason
        }
    }
}
