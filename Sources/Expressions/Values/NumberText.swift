#if canImport(Glibc)
    private import Glibc
#endif

/// Numbers as text, as Go reads and writes them: expressions show these texts to people and compare them.
enum NumberText {
    /// The shortest decimal digits that give the double back, and where the decimal point stands: 0.00125 is
    /// "125" with the point at −2.
    static func shortestDigits(of value: Double) -> (digits: [UInt8], point: Int) {
        var digits: [UInt8] = []
        var point: Int?
        var exponent = 0
        let text = Array(value.magnitude.description.utf8)
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "."): point = digits.count
            case UInt8(ascii: "e"):
                exponent = Int(String(decoding: text[(index + 1)...], as: UTF8.self)) ?? 0
                index = text.count
            default: digits.append(text[index])
            }
            index += 1
        }
        var position = (point ?? digits.count) + exponent
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        while digits.count > 1, digits.first == UInt8(ascii: "0") {
            digits.removeFirst()
            position -= 1
        }
        return digits == [UInt8(ascii: "0")] ? (digits, 1) : (digits, position)
    }

    /// Go's `%g`: with an exponent below 0.0001 and from a million on.
    static func general(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let (digits, point) = shortestDigits(of: value)
        let exponent = point - 1
        if exponent >= -4, exponent < 6 { return plain(value) }
        var text = value.sign == .minus ? "-" : ""
        text += String(UnicodeScalar(digits[0]))
        if digits.count > 1 { text += "." + String(decoding: digits.dropFirst(), as: UTF8.self) }
        let magnitude = String(abs(exponent))
        return text + (exponent < 0 ? "e-" : "e+") + (magnitude.count < 2 ? "0" : "") + magnitude
    }

    /// All digits before and after the point, without an exponent.
    static func plain(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        let (digits, point) = shortestDigits(of: value)
        let sign = value.sign == .minus ? "-" : ""
        let zero = "0"
        if point <= 0 {
            return sign + "0." + String(repeating: zero, count: -point) + String(decoding: digits, as: UTF8.self)
        }
        if point >= digits.count {
            return sign + String(decoding: digits, as: UTF8.self)
                + String(repeating: zero, count: point - digits.count)
        }
        return sign + String(decoding: digits[..<point], as: UTF8.self) + "."
            + String(decoding: digits[point...], as: UTF8.self)
    }

    /// That many digits after the point, or in the mantissa, rounded from the exact value.
    static func rounded(_ value: Double, digits: Int, scientific: Bool) -> String {
        let format = scientific ? "%.*e" : "%.*f"
        // 310 digits before the point is the most that a double has.
        var buffer = [CChar](repeating: 0, count: Swift.max(0, digits) + 330)
        let capacity = buffer.count
        let length = withVaList([Int32(clamping: digits), value]) { arguments in
            vsnprintf(&buffer, capacity, format, arguments)
        }
        let bytes = buffer.prefix(Swift.max(0, Swift.min(Int(length), capacity - 1))).map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A decimal integer with an optional sign, and nothing else.
    static func int(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }) else {
            return nil
        }
        return Int64(text)
    }

    /// A decimal integer without a sign.
    static func uint(_ text: String) -> UInt64? {
        guard text.utf8.allSatisfy(\.isDigit) else { return nil }
        return UInt64(text)
    }

    /// A number as Go's `ParseFloat` takes it: decimal or hexadecimal, underscores between digits, infinities, NaN.
    static func double(_ text: String) -> Double? {
        let lower = text.lowercased()
        switch lower {
        case "nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: break
        }
        let isHex = lower.contains("0x")
        guard
            lower.utf8.allSatisfy({ byte in
                byte.isDigit || (isHex ? byte.isHexDigit : byte == UInt8(ascii: "e"))
                    || "+-._xp".utf8.contains(byte)
            })
        else { return nil }
        // A hexadecimal mantissa needs its binary exponent.
        if isHex, !lower.contains("p") { return nil }
        guard let digits = withoutUnderscores(lower, isHex: isHex), let value = Double(digits), !value.isInfinite else {
            return nil
        }
        return value
    }

    /// Removes underscores, which may only stand between digits or after a base prefix.
    private static func withoutUnderscores(_ text: String, isHex: Bool) -> String? {
        guard text.utf8.contains(UInt8(ascii: "_")) else { return text }
        var result: [UInt8] = []
        var previous = UInt8(ascii: "^")
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "_") {
                let next = index + 1 < bytes.count ? bytes[index + 1] : 0
                let isSurrounded = isHex ? previous.isHexDigit && next.isHexDigit : previous.isDigit && next.isDigit
                guard isSurrounded || (previous == UInt8(ascii: "x") && next.isHexDigit) else { return nil }
            } else {
                result.append(byte)
            }
            previous = byte
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// An integer in binary, octal or hexadecimal, with a minus sign where Go prints one.
    static func integer(_ value: CELValue, radix: Int, uppercase: Bool = false) -> String? {
        switch value {
        case .int(let number): String(number, radix: radix, uppercase: uppercase)
        case .uint(let number): String(number, radix: radix, uppercase: uppercase)
        default: nil
        }
    }
}
