extension Template {
    /// The first expression in a text, with what stands before and after it.
    ///
    /// The braces that close it are those outside of the expression's strings, comments and own braces:
    /// `${{ {'a': {'b': 1}} }}` and `${{ '}}' }}` are whole.
    static func nextExpression(
        in text: Substring,
        of source: String
    ) throws(TemplateError) -> (before: Substring, inner: Substring, after: Substring)? {
        let bytes = text.utf8
        guard let start = opening(in: bytes) else { return nil }
        let innerStart = bytes.index(start, offsetBy: 3)
        guard let end = closing(in: bytes[innerStart...]) else {
            throw TemplateError(template: source, expression: String(text[start...]), cause: nil)
        }
        return (text[..<start], text[innerStart..<end], text[bytes.index(end, offsetBy: 2)...])
    }

    /// Where the next `${{` begins.
    private static func opening(in bytes: Substring.UTF8View) -> Substring.Index? {
        var index = bytes.startIndex
        while let dollar = bytes[index...].firstIndex(of: UInt8(ascii: "$")) {
            if bytes[dollar...].starts(with: "${{".utf8) { return dollar }
            index = bytes.index(after: dollar)
        }
        return nil
    }

    /// Where the `}}` stands that closes the expression, or `nil`.
    private static func closing(in bytes: Substring.UTF8View) -> Substring.Index? {
        var index = bytes.startIndex
        var depth = 0
        var previous: UInt8 = 0
        while index < bytes.endIndex {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                if depth == 0 {
                    // A single brace that closes nothing is the parser's to complain about.
                    if bytes[index...].starts(with: "}}".utf8) { return index }
                } else {
                    depth -= 1
                }
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                let isRaw = previous | 0x20 == UInt8(ascii: "r")
                guard let end = stringEnd(in: bytes[index...], quote: byte, isRaw: isRaw) else { return nil }
                index = end
                previous = byte
                continue
            case UInt8(ascii: "/") where previous == UInt8(ascii: "/"):
                // A comment runs to the end of its line, or of the expression if that comes first.
                while index < bytes.endIndex, bytes[index] != 0x0A {
                    if depth == 0, bytes[index...].starts(with: "}}".utf8) { return index }
                    index = bytes.index(after: index)
                }
                continue
            default: break
            }
            previous = byte
            index = bytes.index(after: index)
        }
        return nil
    }

    /// The position after a string literal that begins here.
    private static func stringEnd(in bytes: Substring.UTF8View, quote: UInt8, isRaw: Bool) -> Substring.Index? {
        let triple = [quote, quote, quote]
        let isTriple = bytes.starts(with: triple)
        var index = bytes.index(bytes.startIndex, offsetBy: isTriple ? 3 : 1)
        while index < bytes.endIndex {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\\"), !isRaw {
                index = bytes.index(after: index)
                if index < bytes.endIndex { index = bytes.index(after: index) }
                continue
            }
            if byte == quote {
                if !isTriple { return bytes.index(after: index) }
                if bytes[index...].starts(with: triple) { return bytes.index(index, offsetBy: 3) }
            }
            index = bytes.index(after: index)
        }
        return nil
    }
}
