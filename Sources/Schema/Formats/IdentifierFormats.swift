/// Numbers of books, cards and people, colours, UUIDs, base64.
enum IdentifierFormats {
    /// 32 hexadecimal digits, dashes between the groups optional.
    static func isUUID(_ text: String, version: Int?) -> Bool {
        var rest = Array(text.utf8)[...]
        var digits: [UInt8] = []
        for (index, width) in [8, 4, 4, 4, 12].enumerated() {
            if index > 0, rest.first == 0x2D { rest = rest.dropFirst() }
            guard rest.count >= width, rest.prefix(width).allSatisfy(ASCII.isHexadecimal) else { return false }
            digits += rest.prefix(width)
            rest = rest.dropFirst(width)
        }
        guard rest.isEmpty else { return false }
        guard let version else { return true }
        let variants = Array("89abAB".utf8)
        return digits[12] == 0x30 + UInt8(version) && (version == 3 || variants.contains(digits[16]))
    }

    static func isISBN10(_ text: String) -> Bool {
        let digits = withoutSpacesAndDashes(text)
        guard digits.count == 10, digits.dropLast().allSatisfy(ASCII.isDigit), let last = digits.last,
            ASCII.isDigit(last) || last == UInt8(ascii: "X")
        else { return false }
        var sum = 10 * (last == UInt8(ascii: "X") ? 10 : Int(last - 0x30))
        for (index, digit) in digits.dropLast().enumerated() { sum += (index + 1) * Int(digit - 0x30) }
        return sum % 11 == 0
    }

    static func isISBN13(_ text: String) -> Bool {
        let digits = withoutSpacesAndDashes(text)
        guard digits.count == 13, digits.allSatisfy(ASCII.isDigit) else { return false }
        var sum = 0
        for (index, digit) in digits.dropLast().enumerated() { sum += (index % 2 == 0 ? 1 : 3) * Int(digit - 0x30) }
        return Int(digits[12] - 0x30) == (10 - sum % 10) % 10
    }

    private static func withoutSpacesAndDashes(_ text: String) -> [UInt8] {
        let blanks = Array("\t\n\u{0C}\r -".utf8)
        return text.utf8.filter { !blanks.contains($0) }
    }

    /// A number of one of the usual issuers with a valid check digit; anything between the digits is skipped.
    static func isCreditCard(_ text: String) -> Bool {
        let digits = text.utf8.filter(ASCII.isDigit).map { Int($0 - 0x30) }
        guard hasIssuer(digits) else { return false }
        var sum = 0
        for (index, digit) in digits.reversed().enumerated() {
            let value = index % 2 == 1 ? digit * 2 : digit
            sum += value >= 10 ? value % 10 + 1 : value
        }
        return sum % 10 == 0
    }

    private static func hasIssuer(_ digits: [Int]) -> Bool {
        func prefix(_ count: Int) -> Int { digits.prefix(count).reduce(0) { $0 * 10 + $1 } }
        switch digits.count {
        case 13: return prefix(1) == 4
        case 14: return (300...305).contains(prefix(3)) || prefix(2) == 36 || prefix(2) == 38
        case 15: return prefix(2) == 34 || prefix(2) == 37 || prefix(4) == 2131 || prefix(4) == 1800
        case 16:
            return prefix(1) == 4 || (51...55).contains(prefix(2)) || prefix(4) == 6011 || prefix(2) == 65
                || prefix(2) == 35
        default: return false
        }
    }

    /// 123-45-6789, with spaces or dashes.
    static func isSocialSecurityNumber(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 11 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            index == 3 || index == 6 ? byte == 0x2D || byte == 0x20 : ASCII.isDigit(byte)
        }
    }

    static func isHexColor(_ text: String) -> Bool {
        let digits = text.hasPrefix("#") ? text.utf8.dropFirst() : text.utf8[...]
        return (digits.count == 3 || digits.count == 6) && digits.allSatisfy(ASCII.isHexadecimal)
    }

    /// `rgb(255, 0, 12)`
    static func isRGBColor(_ text: String) -> Bool {
        guard text.hasPrefix("rgb("), text.hasSuffix(")"), text.utf8.count > 5 else { return false }
        let parts = text.dropFirst(4).dropLast().split(separator: ",", omittingEmptySubsequences: false)
        return parts.count == 3
            && parts.allSatisfy { part in
                let blanks = Array("\t\n\u{0C}\r ".utf8)
                let digits = part.utf8.drop { blanks.contains($0) }
                let trimmed = digits.reversed().drop { blanks.contains($0) }.reversed().map { $0 }
                guard let value = ASCII.number(trimmed), value <= 255 else { return false }
                return trimmed.count == 1 || trimmed.first != 0x30
            }
    }

    /// Standard base64 with padding; the reference takes no empty text for it.
    static func isBase64(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, bytes.count % 4 == 0 else { return false }
        let padding = bytes.reversed().prefix { $0 == 0x3D }.count
        guard padding <= 2 else { return false }
        return bytes.dropLast(padding).allSatisfy { byte in
            ASCII.isLetter(byte) || ASCII.isDigit(byte) || byte == 0x2B || byte == 0x2F
        }
    }
}
