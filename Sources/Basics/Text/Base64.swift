import FoundationEssentials

/// Base64 (RFC 4648), written in one of its two alphabets and read by the rules that the caller states.
public enum Base64 {
    /// What a reader accepts besides the standard alphabet with exact padding.
    ///
    /// Foundation's decoder is not used: it takes `====` and `AA=A` for valid, and knows none of these rules.
    public struct Leniency: OptionSet, Sendable {
        public let rawValue: Int

        public init(rawValue: Int) { self.rawValue = rawValue }

        /// Line feeds and carriage returns are skipped, as in Go's `encoding/base64`.
        public static let lineBreaks = Leniency(rawValue: 1)
        /// `-` and `_` stand for `+` and `/`; a text may mix the two alphabets.
        public static let urlSafe = Leniency(rawValue: 2)
        /// There may be any number of `=` up to two at the end, whatever the number of digits.
        public static let unpadded = Leniency(rawValue: 4)
        /// The bits of the last digit that belong to no byte may be set, as in Go unless `Strict` is asked for.
        public static let trailingBits = Leniency(rawValue: 8)
        /// `=` is skipped wherever it stands, and a last digit that completes no byte is dropped.
        public static let strayPadding = Leniency(rawValue: 16)

        /// Either alphabet, padded or not, over one or several lines.
        public static let anyForm: Leniency = [.lineBreaks, .urlSafe, .unpadded, .trailingBits]
    }

    /// Encodes bytes. The standard alphabet is padded, the URL-safe one is not.
    public static func encode(_ bytes: some Sequence<UInt8>, isURLSafe: Bool = false) -> String {
        let text = Data(bytes).base64EncodedString()
        guard isURLSafe else { return text }
        let digits = text.utf8.lazy.filter { $0 != UInt8(ascii: "=") }.map { byte in
            switch byte {
            case UInt8(ascii: "+"): UInt8(ascii: "-")
            case UInt8(ascii: "/"): UInt8(ascii: "_")
            default: byte
            }
        }
        return String(decoding: Array(digits), as: UTF8.self)
    }

    /// How many bytes padded text stands for.
    public static func decodedCount(_ text: String) -> Int {
        max(0, text.utf8.count / 4 * 3 - text.utf8.reversed().prefix { $0 == UInt8(ascii: "=") }.count)
    }

    /// The bytes of a text; `nil` if it is not valid under these rules.
    public static func decode(_ text: String, allowing leniency: Leniency = []) -> [UInt8]? {
        decode(text.utf8, allowing: leniency)
    }

    /// The bytes of a text in UTF-8; `nil` if it is not valid under these rules.
    public static func decode(_ text: some Collection<UInt8>, allowing leniency: Leniency = []) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(text.count / 4 * 3 + 2)
        // The digits that have not become bytes yet are the lowest `bits` bits.
        var group: UInt32 = 0
        var bits: UInt32 = 0
        var (digits, padding) = (0, 0)
        for byte in text {
            switch byte {
            case UInt8(ascii: "="):
                padding += 1
                continue
            case 0x0A where leniency.contains(.lineBreaks), 0x0D where leniency.contains(.lineBreaks): continue
            default: break
            }
            guard let value = value(of: byte, isURLSafe: leniency.contains(.urlSafe)),
                padding == 0 || leniency.contains(.strayPadding)
            else { return nil }
            digits += 1
            group = group << 6 | value
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            result.append(UInt8(truncatingIfNeeded: group >> bits))
        }
        if leniency.contains(.strayPadding) { return result }
        guard padding <= 2, digits % 4 != 1 else { return nil }
        guard leniency.contains(.unpadded) || (digits + padding) % 4 == 0 else { return nil }
        guard leniency.contains(.trailingBits) || group & ((1 << bits) - 1) == 0 else { return nil }
        return result
    }

    private static func value(of byte: UInt8, isURLSafe: Bool) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte) - 65
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte) - 97 + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte) - 48 + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        case UInt8(ascii: "-") where isURLSafe: 62
        case UInt8(ascii: "_") where isURLSafe: 63
        default: nil
        }
    }
}
