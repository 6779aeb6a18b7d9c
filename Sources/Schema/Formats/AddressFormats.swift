/// Network addresses, as Go's `net` package reads them.
public enum AddressFormats {
    static func isIPv4(_ text: String) -> Bool {
        text.utf8.contains(0x2E) && isIP(Array(text.utf8), lenient: true)
    }

    static func isIPv6(_ text: String) -> Bool {
        text.utf8.contains(0x3A) && isIP(Array(text.utf8), lenient: false)
    }

    /// An address and the number of bits of its network, `10.0.0.0/8`.
    public static func isCIDR(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let slash = bytes.firstIndex(of: 0x2F), let bits = ASCII.number(bytes[(slash + 1)...]) else {
            return false
        }
        let address = Array(bytes[..<slash])
        if isDottedQuad(address, lenient: true) { return bits <= 32 }
        return isColonSeparated(address, lenient: true) && bits <= 128
    }

    private static func isIP(_ bytes: [UInt8], lenient: Bool) -> Bool {
        for byte in bytes {
            if byte == 0x2E { return isDottedQuad(bytes, lenient: lenient) }
            if byte == 0x3A { return isColonSeparated(bytes, lenient: lenient) }
        }
        return false
    }

    /// Four numbers; leading zeros only where old addresses must stay readable.
    private static func isDottedQuad(_ bytes: [UInt8], lenient: Bool) -> Bool {
        let parts = bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard let value = ASCII.number(part), value <= 255 else { return false }
                return lenient || part.count == 1 || part.first != 0x30
            }
    }

    private static func isColonSeparated(_ bytes: [UInt8], lenient: Bool) -> Bool {
        var rest = bytes[...]
        var filled = 0
        var hasEllipsis = false
        if rest.starts(with: [0x3A, 0x3A]) {
            hasEllipsis = true
            rest = rest.dropFirst(2)
            if rest.isEmpty { return true }
        }
        while filled < 16 {
            let digits = rest.prefix(while: ASCII.isHexadecimal)
            guard !digits.isEmpty, digits.count <= 4 || (lenient && isSmall(digits)) else { return false }
            if rest.count > digits.count, rest[rest.startIndex + digits.count] == 0x2E {
                // The last four bytes may be written as an IPv4 address.
                guard hasEllipsis || filled == 12, filled + 4 <= 16, isDottedQuad(Array(rest), lenient: lenient) else {
                    return false
                }
                filled += 4
                rest = rest[rest.endIndex...]
                break
            }
            filled += 2
            rest = rest.dropFirst(digits.count)
            if rest.isEmpty { break }
            guard rest.first == 0x3A, rest.count > 1 else { return false }
            rest = rest.dropFirst()
            if rest.first == 0x3A {
                if hasEllipsis { return false }
                hasEllipsis = true
                rest = rest.dropFirst()
                if rest.isEmpty { break }
            }
        }
        guard rest.isEmpty else { return false }
        return hasEllipsis ? filled < 16 : filled == 16
    }

    /// Whether hexadecimal digits, however many, stay below 65536.
    private static func isSmall(_ digits: ArraySlice<UInt8>) -> Bool {
        digits.drop { $0 == 0x30 }.count <= 4
    }

    /// Six, eight or twenty bytes in groups of two digits (`:` or `-`) or four (`.`).
    static func isMAC(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 14 else { return false }
        let groups: [ArraySlice<UInt8>]
        let width: Int
        if bytes[2] == 0x3A || bytes[2] == 0x2D {
            groups = bytes.split(separator: bytes[2], omittingEmptySubsequences: false)
            width = 2
        } else if bytes[4] == 0x2E {
            groups = bytes.split(separator: 0x2E, omittingEmptySubsequences: false)
            width = 4
        } else {
            return false
        }
        let count = groups.count * width / 2
        return (count == 6 || count == 8 || count == 20)
            && groups.allSatisfy { $0.count == width && $0.allSatisfy(ASCII.isHexadecimal) }
    }
}

/// Names of hosts and of Kubernetes objects.
enum HostFormats {
    /// One label, or labels and a top-level domain of letters; letters and symbols of any script count.
    static func isHostname(_ text: String) -> Bool {
        guard text.utf8.count <= 255 else { return false }
        let labels = text.unicodeScalars.split(separator: ".", omittingEmptySubsequences: false)
        guard text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ $0.utf8.count <= 63 }) else {
            return false
        }
        if labels.count == 1 { return isSingleLabel(Array(labels[0])) }
        guard let last = labels.last, (2...63).contains(last.count), last.allSatisfy(isLetter) else { return false }
        return labels.dropLast().allSatisfy { label in
            guard let first = label.first, let final = label.last, label.count <= 63 else { return false }
            return isWord(first) && isWord(final) && label.allSatisfy { isWord($0) || $0 == "-" }
        }
    }

    /// The reference allows a single label one dash, and that only as its second character.
    private static func isSingleLabel(_ label: [Unicode.Scalar]) -> Bool {
        guard let first = label.first, isWord(first) else { return false }
        let rest = label.dropFirst()
        let words = rest.first == "-" ? rest.dropFirst() : rest
        return words.count <= 62 && words.allSatisfy(isWord)
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII && ASCII.isDigit(UInt8(scalar.value)) { return true }
        switch scalar.properties.generalCategory {
        case .mathSymbol, .currencySymbol, .modifierSymbol, .otherSymbol: return true
        default: return isLetter(scalar)
        }
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
        default: false
        }
    }

    static func isShortName(_ text: String) -> Bool {
        text.utf8.count <= 63 && isNameSegment(Array(text.utf8)[...])
    }

    static func isLongName(_ text: String) -> Bool {
        text.utf8.count <= 253
            && Array(text.utf8).split(separator: 0x2E, omittingEmptySubsequences: false).allSatisfy(isNameSegment)
    }

    private static func isNameSegment(_ bytes: ArraySlice<UInt8>) -> Bool {
        func isAlphanumeric(_ byte: UInt8) -> Bool { ASCII.isLowercase(byte) || ASCII.isDigit(byte) }
        guard let first = bytes.first, let last = bytes.last else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x2D }
    }
}
