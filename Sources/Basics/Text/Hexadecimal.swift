/// Hexadecimal digits of numbers and bytes.
public enum Hexadecimal {
    /// Two digits for each byte.
    public static func text(_ bytes: some Sequence<UInt8>, uppercase: Bool = false) -> String {
        let letters = uppercase ? uppercaseDigits : lowercaseDigits
        var result: [UInt8] = []
        for byte in bytes {
            result.append(letters[Int(byte >> 4)])
            result.append(letters[Int(byte & 15)])
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// A number with at least that many digits, padded with zeros.
    public static func text(_ value: some UnsignedInteger, width: Int, uppercase: Bool = false) -> String {
        let digits = String(value, radix: 16, uppercase: uppercase)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// The bytes of a text of two digits each, in either case; `nil` if it is anything else.
    public static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var result: [UInt8] = []
        var high: UInt8?
        for byte in text.utf8 {
            guard let digit = digit(byte) else { return nil }
            if let upper = high {
                result.append(upper << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return high == nil ? result : nil
    }

    /// The value of an ASCII digit, 0 to 15, in either case.
    @inlinable
    public static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static let lowercaseDigits = Array("0123456789abcdef".utf8)
    private static let uppercaseDigits = Array("0123456789ABCDEF".utf8)
}
