internal import APIMachinery

extension Strings {
    /// `'%s is %.2f'.format([name, number])`, as version 2 of the strings library does it in American English.
    static let format: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let pattern = try text(arguments, 0, &budget)
        guard arguments.count == 2, case .list(let values) = arguments[1] else { throw .noSuchOverload }
        var result = ""
        var index = 0
        for piece in try FormatString.pieces(pattern, argumentCount: values.count) {
            switch piece {
            case .text(let text): result += text
            case .clause(let clause):
                try budget.charge(size: clause.precision)
                let text = try clause.format(values[index])
                try budget.charge(size: text.utf8.count)
                result += text
                index += 1
            }
        }
        return .string(result)
    }
}

/// The pattern of `format`, taken apart.
enum FormatString {
    /// A stretch of text, or a place for an argument.
    enum Piece {
        case text(String)
        case clause(Clause)
    }

    /// What stands after a percent sign: `s d f e b x X o`, perhaps with a precision before it.
    struct Clause {
        var verb: UInt8
        var precision: Int
    }

    static func failure(_ message: String) -> EvaluationFailure { EvaluationFailure(.badFormat, message) }

    /// The texts and clauses of a pattern; an error if it is malformed or asks for more than there is.
    static func pieces(_ pattern: String, argumentCount: Int) throws(EvaluationFailure) -> [Piece] {
        let bytes = Array(pattern.utf8)
        var result: [Piece] = []
        var text: [UInt8] = []
        var clauses = 0
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                text.append(bytes[index])
                index += 1
                continue
            }
            index += 1
            if index < bytes.count, bytes[index] == UInt8(ascii: "%") {
                text.append(UInt8(ascii: "%"))
                index += 1
                continue
            }
            if clauses >= argumentCount { throw failure("index \(clauses) out of range") }
            if index >= bytes.count { throw failure("unexpected end of string") }
            let clause = try clause(bytes, &index)
            result.append(.text(String(decoding: text, as: UTF8.self)))
            result.append(.clause(clause))
            text = []
            clauses += 1
        }
        result.append(.text(String(decoding: text, as: UTF8.self)))
        return result
    }

    /// More digits than any double has to show.
    private static let maximumPrecision = 10_000

    /// Reads a clause from its precision on.
    private static func clause(_ bytes: [UInt8], _ index: inout Int) throws(EvaluationFailure) -> Clause {
        var precision = 6
        if bytes[index] == UInt8(ascii: ".") {
            index += 1
            let digits = bytes[index...].prefix { $0.isDigit }
            index += digits.count
            guard index < bytes.count else {
                throw failure("could not parse formatting clause: could not find end of precision specifier")
            }
            guard let value = Int(String(decoding: digits, as: UTF8.self)), value <= maximumPrecision else {
                throw failure("could not parse formatting clause: a precision must be 0 to \(maximumPrecision)")
            }
            precision = value
        }
        let verb = bytes[index]
        index += 1
        guard "sdfebxXo".utf8.contains(verb) else {
            let name = verb < 0x80 ? String(UnicodeScalar(verb)) : "…"
            throw failure("could not parse formatting clause: unrecognized formatting clause \"\(name)\"")
        }
        return Clause(verb: verb, precision: precision)
    }
}

extension FormatString.Clause {
    /// The value as the clause shows it, or why it cannot.
    func format(_ value: CELValue) throws(EvaluationFailure) -> String {
        switch verb {
        case UInt8(ascii: "s"): return try string(value)
        case UInt8(ascii: "d"):
            if let text = NumberText.integer(value, radix: 10) { return text }
            throw unsuitable("decimal clause can only be used on integers", value)
        case UInt8(ascii: "o"):
            if let text = NumberText.integer(value, radix: 8) { return text }
            throw unsuitable("octal clause can only be used on integers", value)
        case UInt8(ascii: "b"):
            if case .bool(let truth) = value { return truth ? "1" : "0" }
            if let text = NumberText.integer(value, radix: 2) { return text }
            throw unsuitable("only integers and bools can be formatted as binary", value)
        case UInt8(ascii: "x"), UInt8(ascii: "X"): return try hexadecimal(value)
        case UInt8(ascii: "f"):
            guard let number = number(value) else {
                throw unsuitable("fixed-point clause can only be used on doubles", value)
            }
            return fixed(number)
        default:
            guard let number = number(value) else {
                throw unsuitable("scientific clause can only be used on doubles", value)
            }
            return scientific(number)
        }
    }

    private func unsuitable(_ rule: String, _ value: CELValue) -> EvaluationFailure {
        FormatString.failure("error during formatting: \(rule), was given \(value.typeName)")
    }

    /// The number to show; infinities and NaN may also be given as texts, as they come from JSON.
    private func number(_ value: CELValue) -> Double? {
        switch value {
        case .double(let number): number
        case .string("NaN"): .nan
        case .string("Infinity"): .infinity
        case .string("-Infinity"): -.infinity
        default: nil
        }
    }

    /// What has no digits.
    private func special(_ number: Double) -> String? {
        number.isNaN ? "NaN" : number.isInfinite ? (number < 0 ? "-∞" : "∞") : nil
    }

    /// With commas between thousands, as people write numbers in English.
    private func fixed(_ number: Double) -> String {
        if let special = special(number) { return special }
        let text = NumberText.rounded(number.magnitude, digits: precision, scientific: false)
        let whole = text.prefix { $0 != "." }
        var grouped = ""
        for (index, digit) in whole.enumerated() {
            if index > 0, (whole.count - index).isMultiple(of: 3) { grouped += "," }
            grouped.append(digit)
        }
        return (number.sign == .minus ? "-" : "") + grouped + text.dropFirst(whole.count)
    }

    /// `1.234500×10⁰³`. The reference takes the precision for a width, so that it has no effect up to twelve.
    private func scientific(_ number: Double) -> String {
        if let special = special(number) { return special }
        let text = NumberText.rounded(number, digits: 6, scientific: true)
        let parts = text.split(separator: "e")
        guard parts.count == 2 else { return text }
        let raised: [Character: Character] = [
            "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
            "-": "⁻",
        ]
        let result = parts[0] + "×10" + String(parts[1].compactMap { raised[$0] })
        return String(repeating: " ", count: max(0, precision - result.count)) + result
    }

    /// Integers by their value, texts and bytes byte by byte.
    private func hexadecimal(_ value: CELValue) throws(EvaluationFailure) -> String {
        let isUpper = verb == UInt8(ascii: "X")
        let bytes: [UInt8]
        switch value {
        case .string(let text): bytes = Array(text.utf8)
        case .bytes(let content): bytes = content
        default:
            if let text = NumberText.integer(value, radix: 16, uppercase: isUpper) { return text }
            throw unsuitable("only integers, byte buffers, and strings can be formatted as hex", value)
        }
        return Hexadecimal.text(bytes, uppercase: isUpper)
    }

    /// `%s` for every kind of value; maps are sorted by their keys, so that the text is always the same.
    private func string(_ value: CELValue) throws(EvaluationFailure) -> String {
        switch value {
        case .list(let list):
            var parts: [String] = []
            for element in list { parts.append(try member(element)) }
            return "[" + parts.joined(separator: ", ") + "]"
        case .map(let map):
            var parts: [(key: String, value: String)] = []
            for (key, value) in map.pairs {
                switch key {
                case .string, .bool, .int, .uint: parts.append((try member(key), try member(value)))
                default:
                    throw FormatString.failure(
                        "error during formatting: no formatting function for map key of type \(key.typeName)"
                    )
                }
            }
            parts.sort { $0.key.compareBytes(to: $1.key) < 0 }
            return "{" + parts.map { "\($0.key):\($0.value)" }.joined(separator: ", ") + "}"
        case .bytes(let bytes):
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw FormatString.failure("error during formatting: invalid UTF-8 in bytes")
            }
            return text
        case .optional, .opaque:
            throw unsuitable(
                "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, "
                    + "durations, and timestamps",
                value
            )
        default: return value.summary
        }
    }

    /// A value inside a list or a map: texts in quotes, doubles with six digits, times as they are constructed.
    private func member(_ value: CELValue) throws(EvaluationFailure) -> String {
        switch value {
        case .string(let text): return GoText.quoted(text)
        case .bytes: return "b" + GoText.quoted(try string(value))
        case .double(let number):
            if number.isNaN { return "\"NaN\"" }
            if number.isInfinite { return number < 0 ? "\"-Inf\"" : "\"+Inf\"" }
            return NumberText.rounded(number, digits: 6, scientific: false)
        case .timestamp: return "timestamp(" + GoText.quoted(value.summary) + ")"
        case .duration: return "duration(" + GoText.quoted(value.summary) + ")"
        case .optional, .opaque:
            throw FormatString.failure(
                "error during formatting: no formatting function for \(value.typeName)"
            )
        default: return try string(value)
        }
    }
}
