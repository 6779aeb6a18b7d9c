import Basics

/// Values as Go prints them, for messages that clients compare.
public enum GoText {
    /// A text in quotation marks, as `%q` prints it: printable characters as they are, others escaped.
    public static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{07}": result += "\\a"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0B}": result += "\\v"
            default:
                if isPrintable(scalar) {
                    result.unicodeScalars.append(scalar)
                } else if scalar.value < 0x20 || scalar.value == 0x7F {
                    result += "\\x" + Hexadecimal.text(scalar.value, width: 2)
                } else if scalar.value < 0x10000 {
                    result += "\\u" + Hexadecimal.text(scalar.value, width: 4)
                } else {
                    result += "\\U" + Hexadecimal.text(scalar.value, width: 8)
                }
            }
        }
        return result + "\""
    }

    /// A double as `%v` prints it: with an exponent below 1e-4 and from a million on.
    public static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "-Inf" : "+Inf" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let (digits, exponent) = decimal(value.magnitude)
        let sign = value < 0 ? "-" : ""
        if exponent < -4 || exponent >= 6 {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let magnitude = String(exponent.magnitude)
            let padding = magnitude.utf8.count < 2 ? "0" : ""
            return "\(sign)\(digits.prefix(1))\(fraction)e\(exponent < 0 ? "-" : "+")\(padding)\(magnitude)"
        }
        return sign + plain(digits, exponent)
    }

    /// A double without exponent and with the fewest digits, as `strconv.FormatFloat(x, 'f', -1, 64)` gives it.
    public static func plainNumber(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : "NaN" }
        let (digits, exponent) = decimal(value.magnitude)
        return (value < 0 ? "-" : "") + plain(digits, exponent)
    }

    /// A value as Go's `encoding/json` writes it: what could be taken for markup is escaped.
    public static func json(_ value: JSONValue) -> String {
        let text = value.text
        // U+2028 and U+2029 start with 0xE2 in UTF-8.
        guard text.utf8.contains(where: { $0 == 0x3C || $0 == 0x3E || $0 == 0x26 || $0 == 0xE2 }) else { return text }
        return text.unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "<", ">", "&", "\u{2028}", "\u{2029}": text += "\\u" + Hexadecimal.text(scalar.value, width: 4)
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// A value as `field.Error.ErrorBody` shows it: texts as `%q`, numbers as `%v`, lists and objects as
    /// `json.Marshal` writes them, which escapes what HTML knows.
    public static func shown(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): quoted(text)
        case .double(let number): self.number(number)
        case .int(let number): String(number)
        case .array, .object: json(value)
        default: value.text
        }
    }

    private static func plain(_ digits: String, _ exponent: Int) -> String {
        if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
        if digits.utf8.count <= exponent + 1 {
            return digits + String(repeating: "0", count: exponent + 1 - digits.utf8.count)
        }
        return "\(digits.prefix(exponent + 1)).\(digits.dropFirst(exponent + 1))"
    }

    /// The fewest decimal digits that give the number back, and the power of ten of the first one.
    private static func decimal(_ magnitude: Double) -> (digits: String, exponent: Int) {
        let parts = magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        let fraction = mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : ""
        var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + mantissa[0].utf8.count - 1
        var digits = mantissa[0] + fraction
        while digits.hasPrefix("0"), digits.utf8.count > 1 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.hasSuffix("0"), digits.utf8.count > 1 { digits.removeLast() }
        return (String(digits), exponent)
    }

    /// Whether `unicode.IsPrint` says so: letters, marks, numbers, punctuation, symbols, and the ASCII space.
    public static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }
}
