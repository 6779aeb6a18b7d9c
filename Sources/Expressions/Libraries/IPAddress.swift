internal import APIMachinery

/// An address of version 4 or 6 of the Internet Protocol.
struct IPAddress: Sendable, Equatable {
    /// Four or sixteen bytes.
    let bytes: [UInt8]

    var isVersion4: Bool { bytes.count == 4 }

    init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads an address as Kubernetes allows it: no leading zeros, no zones, no version 4 inside of version 6.
    init(parsing text: String) throws(EvaluationFailure) {
        func failure(_ reason: String) -> EvaluationFailure {
            EvaluationFailure(
                .invalidArgument,
                "IP Address \(GoText.quoted(text)) parse error during conversion from string: \(reason)"
            )
        }
        switch text.utf8.first(where: { ".:%".utf8.contains($0) }) {
        case UInt8(ascii: "."):
            guard let bytes = Self.version4(Substring(text)) else {
                throw failure("IPv4 fields must be four numbers of 0 to 255 without leading zeros")
            }
            self.bytes = bytes
        case UInt8(ascii: ":"):
            if text.utf8.contains(UInt8(ascii: "%")) { throw failure("a zone is not allowed") }
            guard let bytes = Self.version6(text) else {
                throw failure("each group must be one to four hexadecimal digits")
            }
            if bytes.prefix(10).allSatisfy({ $0 == 0 }), bytes[10] == 0xFF, bytes[11] == 0xFF {
                throw failure("an IPv4-mapped IPv6 address is not allowed")
            }
            self.bytes = bytes
        default: throw failure("unable to parse IP")
        }
    }

    /// Four numbers between dots. Leading zeros are refused, because some programs read them as octal.
    private static func version4(_ text: Substring) -> [UInt8]? {
        let fields = text.split(separator: ".", omittingEmptySubsequences: false)
        guard fields.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for field in fields {
            guard !field.isEmpty, field.utf8.count <= 3, field.utf8.allSatisfy(\.isDigit),
                field.utf8.count == 1 || field.utf8.first != UInt8(ascii: "0"), let byte = UInt8(field)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    /// Eight groups, of which two colons can stand for any number of zero ones.
    private static func version6(_ text: String) -> [UInt8]? {
        var halves: [Substring] = [Substring(text)]
        let utf8 = text.utf8
        if let gap = text.indices.first(where: { text[$0...].hasPrefix("::") }) {
            halves = [text[..<gap], text[utf8.index(gap, offsetBy: 2)...]]
        }
        var parts: [[UInt8]] = []
        for (index, half) in halves.enumerated() {
            guard let bytes = groups(half, isLast: index == halves.count - 1) else { return nil }
            parts.append(bytes)
        }
        if parts.count == 1 { return parts[0].count == 16 ? parts[0] : nil }
        // Two colons stand for at least one group.
        let missing = 16 - parts[0].count - parts[1].count
        guard missing >= 2 else { return nil }
        return parts[0] + [UInt8](repeating: 0, count: missing) + parts[1]
    }

    /// The bytes of the groups on one side of the two colons; the last may be an address of version 4.
    private static func groups(_ text: Substring, isLast: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, group) in groups.enumerated() {
            if group.utf8.contains(UInt8(ascii: ".")) {
                guard isLast, index == groups.count - 1, let tail = version4(group) else { return nil }
                bytes.append(contentsOf: tail)
                continue
            }
            guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy(\.isHexDigit),
                let value = UInt16(group, radix: 16)
            else { return nil }
            bytes.append(UInt8(value >> 8))
            bytes.append(UInt8(value & 0xFF))
        }
        return bytes.count <= 16 ? bytes : nil
    }

    /// The canonical text (RFC 5952): small letters, the first longest run of zero groups as two colons.
    var text: String {
        if isVersion4 { return bytes.map { String($0) }.joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        var longest = 0..<0
        var start = 0
        for index in 0...8 where index == 8 || groups[index] != 0 {
            if index - start > longest.count, index - start > 1 { longest = start..<index }
            start = index + 1
        }
        func join(_ range: Range<Int>) -> String {
            range.map { String(groups[$0], radix: 16) }.joined(separator: ":")
        }
        if longest.isEmpty { return join(0..<8) }
        return join(0..<longest.lowerBound) + "::" + join(longest.upperBound..<8)
    }

    var isUnspecified: Bool { bytes.allSatisfy { $0 == 0 } }

    var isLoopback: Bool { isVersion4 ? bytes[0] == 127 : bytes[..<15].allSatisfy { $0 == 0 } && bytes[15] == 1 }

    var isMulticast: Bool { isVersion4 ? bytes[0] & 0xF0 == 0xE0 : bytes[0] == 0xFF }

    var isLinkLocalMulticast: Bool {
        isVersion4 ? bytes[..<3].elementsEqual([224, 0, 0]) : bytes[0] == 0xFF && bytes[1] & 0x0F == 0x02
    }

    var isLinkLocalUnicast: Bool {
        isVersion4 ? bytes[..<2].elementsEqual([169, 254]) : bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80
    }

    var isGlobalUnicast: Bool {
        if isVersion4, bytes.allSatisfy({ $0 == 255 }) { return false }
        return !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast
    }
}

/// A network: an address and how many of its first bits are the network's.
struct IPNetwork: Sendable, Equatable {
    var address: IPAddress
    var prefixLength: Int

    init(address: IPAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    init(parsing text: String) throws(EvaluationFailure) {
        func failure(_ reason: String) -> EvaluationFailure {
            EvaluationFailure(
                .invalidArgument,
                "network address parse error during conversion from string: \(GoText.quoted(text)): \(reason)"
            )
        }
        guard let slash = text.lastIndex(of: "/") else { throw failure("no '/'") }
        let address = try IPAddress(parsing: String(text[..<slash]))
        let digits = text[text.index(after: slash)...].utf8
        guard (1...3).contains(digits.count), digits.allSatisfy(\.isDigit),
            digits.count == 1 || digits.first != UInt8(ascii: "0"), let bits = Int(String(Substring(digits))),
            bits <= address.bytes.count * 8
        else { throw failure("the prefix length must be 0 to \(address.bytes.count * 8)") }
        self.init(address: address, prefixLength: bits)
    }

    var text: String { "\(address.text)/\(prefixLength)" }

    /// The network with all bits behind the prefix set to zero.
    var masked: IPNetwork { IPNetwork(address: Self.mask(address, prefixLength), prefixLength: prefixLength) }

    /// The address with all bits behind the prefix set to zero.
    private static func mask(_ address: IPAddress, _ bits: Int) -> IPAddress {
        IPAddress(
            bytes: address.bytes.enumerated().map { index, byte in
                let kept = max(0, min(8, bits - index * 8))
                return byte & UInt8(truncatingIfNeeded: 0xFF00 >> kept)
            }
        )
    }

    func contains(_ other: IPAddress) -> Bool {
        other.bytes.count == address.bytes.count && Self.mask(other, prefixLength) == Self.mask(address, prefixLength)
    }

    func contains(_ other: IPNetwork) -> Bool { prefixLength <= other.prefixLength && contains(other.address) }
}
