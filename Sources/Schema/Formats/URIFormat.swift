/// URIs as `net/url.ParseRequestURI` reads them: absolute, or an absolute path.
enum URIFormat {
    static func accepts(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { return false }
        if bytes == [0x2A] { return true }
        guard let (hasScheme, afterScheme) = splitScheme(bytes) else { return false }
        let rest = afterScheme.prefix { $0 != 0x3F }
        guard rest.first == 0x2F else { return hasScheme }
        if hasScheme, rest.starts(with: [0x2F, 0x2F]) {
            let authority = rest.dropFirst(2).prefix { $0 != 0x2F }
            return isAuthority(authority) && isEscapedWell(rest.dropFirst(2 + authority.count))
        }
        return isEscapedWell(rest)
    }

    /// Takes the scheme off; `nil` for a text that begins with a colon.
    private static func splitScheme(_ bytes: [UInt8]) -> (hasScheme: Bool, rest: ArraySlice<UInt8>)? {
        for (index, byte) in bytes.enumerated() {
            if ASCII.isLetter(byte) { continue }
            if ASCII.isDigit(byte) || byte == 0x2B || byte == 0x2D || byte == 0x2E {
                if index == 0 { return (false, bytes[...]) }
                continue
            }
            if byte == 0x3A { return index == 0 ? nil : (true, bytes[(index + 1)...]) }
            return (false, bytes[...])
        }
        return (false, bytes[...])
    }

    private static func isAuthority(_ bytes: ArraySlice<UInt8>) -> Bool {
        var host = bytes
        if let at = bytes.lastIndex(of: 0x40) {
            let user = bytes[..<at]
            let allowed = Array("-._:~!$&'()*+,;=%@".utf8)
            guard user.allSatisfy({ ASCII.isLetter($0) || ASCII.isDigit($0) || allowed.contains($0) }),
                isEscapedWell(user)
            else { return false }
            host = bytes[(at + 1)...]
        }
        if host.first == 0x5B {
            guard let end = host.lastIndex(of: 0x5D), isPort(host[(end + 1)...]) else { return false }
            return isHost(host[...end])
        }
        if let colon = host.lastIndex(of: 0x3A), !isPort(host[colon...]) { return false }
        return isHost(host)
    }

    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.isEmpty || (bytes.first == 0x3A && bytes.dropFirst().allSatisfy(ASCII.isDigit))
    }

    private static func isHost(_ bytes: ArraySlice<UInt8>) -> Bool {
        let allowed = Array("-_.~!$&'()*+,;=:[]<>\"%".utf8)
        return isEscapedWell(bytes)
            && bytes.allSatisfy { $0 >= 0x80 || ASCII.isLetter($0) || ASCII.isDigit($0) || allowed.contains($0) }
    }

    /// Whether every per cent sign is followed by two hexadecimal digits.
    private static func isEscapedWell(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.indices.allSatisfy { index in
            bytes[index] != 0x25
                || (index + 2 < bytes.endIndex && ASCII.isHexadecimal(bytes[index + 1])
                    && ASCII.isHexadecimal(bytes[index + 2]))
        }
    }
}

/// Mail addresses as `net/mail.ParseAddress` reads them: `a@b` or `Name <a@b>`.
enum EmailFormat {
    static func accepts(_ text: String) -> Bool {
        var rest = Substring(text).unicodeScalars[...]
        skipSpace(&rest)
        var attempt = rest
        if address(&attempt), isEnd(attempt) { return true }
        // A display name, quoted or of words, and the address in angle brackets.
        guard phrase(&rest) else { return false }
        skipSpace(&rest)
        guard take("<", &rest), address(&rest), take(">", &rest) else { return false }
        return isEnd(rest)
    }

    private typealias Text = Substring.UnicodeScalarView.SubSequence

    private static func address(_ rest: inout Text) -> Bool {
        skipSpace(&rest)
        let local = rest.first == "\"" ? quoted(&rest) : dotAtom(&rest)
        guard local, take("@", &rest) else { return false }
        skipSpace(&rest)
        if rest.first == "[" {
            rest = rest.dropFirst()
            let literal = rest.prefix { $0 != "]" }
            rest = rest.dropFirst(literal.count)
            return take("]", &rest) && !literal.isEmpty && AddressFormats.isIPv4(String(Substring(literal)))
        }
        return dotAtom(&rest)
    }

    private static func dotAtom(_ rest: inout Text) -> Bool {
        let atom = rest.prefix { isAtomText($0) || $0 == "." }
        guard !atom.isEmpty, atom.first != ".", atom.last != "." else { return false }
        var previous: Unicode.Scalar = "a"
        for scalar in atom {
            if scalar == "." && previous == "." { return false }
            previous = scalar
        }
        rest = rest.dropFirst(atom.count)
        return true
    }

    private static func phrase(_ rest: inout Text) -> Bool {
        var words = 0
        while let next = rest.first, next != "<" {
            if next == "\"" {
                guard quoted(&rest) else { return false }
            } else {
                let word = rest.prefix { isAtomText($0) || $0 == "." }
                guard !word.isEmpty else { return false }
                rest = rest.dropFirst(word.count)
            }
            words += 1
            skipSpace(&rest)
        }
        return words > 0 || rest.first == "<"
    }

    private static func quoted(_ rest: inout Text) -> Bool {
        rest = rest.dropFirst()
        while let next = rest.first {
            rest = rest.dropFirst()
            if next == "\"" { return true }
            if next == "\\" {
                guard rest.first != nil else { return false }
                rest = rest.dropFirst()
            } else if next.value < 0x20 && next != "\t" {
                return false
            }
        }
        return false
    }

    private static func isAtomText(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.isASCII else { return true }
        let byte = UInt8(scalar.value)
        return ASCII.isLetter(byte) || ASCII.isDigit(byte) || "!#$%&'*+-/=?^_`{|}~".unicodeScalars.contains(scalar)
    }

    private static func take(_ scalar: Unicode.Scalar, _ rest: inout Text) -> Bool {
        guard rest.first == scalar else { return false }
        rest = rest.dropFirst()
        return true
    }

    private static func skipSpace(_ rest: inout Text) { rest = rest.drop { $0 == " " || $0 == "\t" } }

    private static func isEnd(_ rest: Text) -> Bool { rest.allSatisfy { $0 == " " || $0 == "\t" } }
}
