extension Lexer {
    /// A string or bytes literal at the current position, or `nil` if none begins here.
    mutating func stringLiteral() -> Token.Kind? {
        let start = position
        let isBytes = peek() | 0x20 == UInt8(ascii: "b")
        var cursor = position + (isBytes ? 1 : 0)
        var isRaw = false
        if cursor < bytes.count, bytes[cursor] | 0x20 == UInt8(ascii: "r") {
            isRaw = true
            cursor += 1
        }
        guard cursor < bytes.count, bytes[cursor] == UInt8(ascii: "'") || bytes[cursor] == UInt8(ascii: "\"") else {
            return nil
        }
        let quote = bytes[cursor]
        let isTriple = cursor + 2 < bytes.count && bytes[cursor + 1] == quote && bytes[cursor + 2] == quote
        position = cursor + (isTriple ? 3 : 1)
        switch content(quote: quote, isTriple: isTriple, isRaw: isRaw, isBytes: isBytes) {
        case .success(let content):
            if isBytes { return .bytes(content) }
            return .string(String(decoding: content, as: UTF8.self))
        case .failure(let problem):
            position = start
            return .invalid(problem.reason)
        }
    }

    /// Why a literal cannot be read.
    private struct Problem: Error { var reason: String }

    /// The bytes of a literal from behind its opening quotes to behind its closing ones. Without three quotes it must
    /// end on its line.
    private mutating func content(quote: UInt8, isTriple: Bool, isRaw: Bool, isBytes: Bool) -> Result<[UInt8], Problem>
    {
        var result: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            if byte == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
                position += isTriple ? 3 : 1
                return .success(result)
            }
            switch byte {
            case 0x0A, 0x0D:
                guard isTriple else {
                    return .failure(
                        Problem(reason: "unexpected line break in a string; use ''' for more than one line")
                    )
                }
                // Line ends become one line feed, whatever the editor wrote.
                result.append(0x0A)
                position += byte == 0x0D && peek(1) == 0x0A ? 2 : 1
            case UInt8(ascii: "\\") where !isRaw:
                position += 1
                guard let problem = escape(into: &result, isBytes: isBytes) else { continue }
                return .failure(problem)
            default:
                result.append(byte)
                position += 1
            }
        }
        return .failure(Problem(reason: "the string is not closed"))
    }

    private static let simpleEscapes: [UInt8: UInt8] = [
        UInt8(ascii: "a"): 7, UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "n"): 10,
        UInt8(ascii: "r"): 13, UInt8(ascii: "t"): 9, UInt8(ascii: "v"): 11,
    ]

    /// Reads what follows a backslash. Octal sequences have exactly three digits.
    private mutating func escape(into result: inout [UInt8], isBytes: Bool) -> Problem? {
        let byte = peek()
        position += 1
        if let value = Self.simpleEscapes[byte] {
            result.append(value)
            return nil
        }
        switch byte {
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"), UInt8(ascii: "?"):
            result.append(byte)
            return nil
        case UInt8(ascii: "x"), UInt8(ascii: "X"): return code(digits: 2, radix: 16, into: &result, isBytes: isBytes)
        case UInt8(ascii: "u") where !isBytes: return code(digits: 4, radix: 16, into: &result, isBytes: false)
        case UInt8(ascii: "U") where !isBytes: return code(digits: 8, radix: 16, into: &result, isBytes: false)
        case UInt8(ascii: "0")...UInt8(ascii: "3"):
            position -= 1
            return code(digits: 3, radix: 8, into: &result, isBytes: isBytes)
        default:
            let character = byte < 0x80 ? String(UnicodeScalar(byte)) : "…"
            return Problem(reason: "'\\\(character)' is not an escape sequence; write '\\\\' for a backslash")
        }
    }

    /// A character by its number in digits of some base; in bytes literals a byte.
    private mutating func code(digits: Int, radix: UInt32, into result: inout [UInt8], isBytes: Bool) -> Problem? {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let digit = peek().hexValue, digit < radix else {
                return Problem(reason: "an escape sequence has too few digits")
            }
            value = value * radix + digit
            position += 1
        }
        if isBytes {
            result.append(UInt8(truncatingIfNeeded: value))
            return nil
        }
        guard let scalar = UnicodeScalar(value) else {
            return Problem(reason: "an escape sequence names no Unicode character")
        }
        result.append(contentsOf: Array(String(scalar).utf8))
        return nil
    }
}
