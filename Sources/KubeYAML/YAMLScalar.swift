import Basics

/// What a scalar means, as go-yaml v2 resolves it.
enum YAMLScalar: Hashable {
    case null
    case bool(Bool)
    case int(Int64)
    /// An integer that does not fit `int`.
    case uint(UInt64)
    case double(Double)
    case string(String)

    private static let prefix = "tag:yaml.org,2002:"

    /// - Throws: `badValue` if the text is not what the tag demands.
    init(_ text: String, tag: String, isPlain: Bool, line: Int) throws(YAMLError) {
        if tag.isEmpty {
            self = isPlain ? Self.resolve(text) : .string(text)
            return
        }
        guard tag.hasPrefix(Self.prefix) else {
            self = .string(text)
            return
        }
        let type = tag.dropFirst(Self.prefix.count)
        switch type {
        case "str":
            self = .string(text)
            return
        case "binary":
            guard let bytes = Base64.decode(text, allowing: [.lineBreaks, .trailingBits]) else {
                throw YAMLError(kind: .syntax, message: "line \(line): !!binary value contains invalid base64 data")
            }
            self = .string(String(decoding: bytes, as: UTF8.self))
            return
        case "bool", "int", "float", "null", "timestamp": break
        default:
            self = .string(text)
            return
        }
        let resolved = Self.resolve(text)
        switch (type, resolved) {
        case ("bool", .bool), ("int", .int), ("int", .uint), ("float", .double), ("null", .null): self = resolved
        case ("float", .int(let integer)): self = .double(Double(integer))
        case ("timestamp", .string) where YAMLTimestamp.isTimestamp(text): self = resolved
        default:
            throw YAMLError(
                kind: .badValue,
                message: "line \(line): cannot decode !!\(resolved.typeName) `\(text)` as a !!\(type)"
            )
        }
    }

    private var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .int, .uint: "int"
        case .double: "float"
        case .string: "str"
        }
    }

    /// The words that are values other than texts, in the spellings that count.
    private static let words: [String: YAMLScalar] = {
        var words: [String: YAMLScalar] = [:]
        for word in ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] {
            words[word] = .bool(true)
        }
        for word in ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] {
            words[word] = .bool(false)
        }
        for word in ["", "~", "null", "Null", "NULL"] { words[word] = .null }
        for word in [".nan", ".NaN", ".NAN"] { words[word] = .double(.nan) }
        for word in [".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"] { words[word] = .double(.infinity) }
        for word in ["-.inf", "-.Inf", "-.INF"] { words[word] = .double(-.infinity) }
        return words
    }()

    /// What a plain text without a tag means.
    static func resolve(_ text: String) -> YAMLScalar {
        // The first byte and the length rule most texts out.
        guard let first = text.utf8.first else { return .null }
        if text.utf8.count <= 5, let word = words[text] { return word }
        switch first {
        case UInt8(ascii: "."): return decimal(Array(text.utf8)).map(YAMLScalar.double) ?? .string(text)
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            let digits = text.utf8.filter { $0 != UInt8(ascii: "_") }
            return integer(digits) ?? decimal(digits).map(YAMLScalar.double) ?? .string(text)
        default: return .string(text)
        }
    }

    /// An integer as Go's `strconv.ParseInt` reads it with base 0: `0x`, `0o`, `0b`, and a leading zero for octal.
    private static func integer(_ text: [UInt8]) -> YAMLScalar? {
        var digits = text[...]
        let sign = digits.first == UInt8(ascii: "-") || digits.first == UInt8(ascii: "+") ? digits.removeFirst() : nil
        var radix = 10
        if digits.first == UInt8(ascii: "0"), digits.count > 1 {
            switch digits[digits.startIndex + 1] | 0x20 {
            case UInt8(ascii: "x"): radix = 16
            case UInt8(ascii: "o"): radix = 8
            case UInt8(ascii: "b"): radix = 2
            default:
                radix = 8
                digits = [UInt8(ascii: "0")] + digits
            }
            digits = digits.dropFirst(2)
        }
        // Swift would take a second sign.
        guard let first = digits.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+"),
            let magnitude = UInt64(String(decoding: digits, as: UTF8.self), radix: radix)
        else { return nil }
        if sign == UInt8(ascii: "-") {
            return magnitude <= Int64.min.magnitude ? .int(Int64(truncatingIfNeeded: 0 &- magnitude)) : nil
        }
        if let integer = Int64(exactly: magnitude) { return .int(integer) }
        return sign == nil ? .uint(magnitude) : nil
    }

    /// A decimal number, `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, unless it is too large for a double.
    private static func decimal(_ text: [UInt8]) -> Double? {
        var rest = text[...]
        func digits() -> ArraySlice<UInt8> {
            let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            rest = rest[digits.endIndex...]
            return digits
        }
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let whole = digits()
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = digits()
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        var exponent = "0"
        if let byte = rest.first, byte | 0x20 == UInt8(ascii: "e") {
            rest.removeFirst()
            var sign = ""
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") {
                sign = rest.removeFirst() == UInt8(ascii: "-") ? "-" : ""
            }
            let power = digits()
            guard !power.isEmpty else { return nil }
            exponent = sign + String(decoding: power, as: UTF8.self)
        }
        guard rest.isEmpty else { return nil }
        let mantissa = String(decoding: whole, as: UTF8.self) + "." + String(decoding: fraction, as: UTF8.self)
        let padded = (whole.isEmpty ? "0" : "") + mantissa + (fraction.isEmpty ? "0" : "")
        guard let number = Double("\(isNegative ? "-" : "")\(padded)e\(exponent)"), number.isFinite else { return nil }
        return number
    }
}
