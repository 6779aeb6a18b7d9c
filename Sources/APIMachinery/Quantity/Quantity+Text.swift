extension Quantity {
    /// Why a text is not a quantity.
    public enum ParseError: String, Error, Sendable, CustomStringConvertible {
        case format
        case numeric
        case suffix

        public var description: String {
            switch self {
            case .format:
                "quantities must match the regular expression "
                    + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            case .numeric: "unable to parse numeric part of quantity"
            case .suffix: "unable to parse quantity's suffix"
            }
        }
    }

    /// Reads a number with an optional suffix: `n u m k M G T P E`, `Ki … Ei`, or a decimal exponent.
    public init(parsing text: String) throws(ParseError) {
        guard !text.isEmpty else { throw .format }
        var rest = text.utf8[...]
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        let whole = Self.take(&rest, while: Syntax.isDigit)
        var fraction = rest.prefix(0)
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = Self.take(&rest, while: Syntax.isDigit)
        }
        let (base, exponent, format) = try Self.suffix(rest)

        let digits = (Array(whole) + Array(fraction)).map { $0 - UInt8(ascii: "0") }
        if digits.isEmpty, base == 10 ? exponent < -9 : exponent >= 50 {
            // A sign or a suffix alone is zero; but not on the reference's slower path for extreme exponents.
            throw .numeric
        }
        let decimalExponent = base == 10 ? exponent - fraction.count : -fraction.count
        var amount = Decimal(isNegative: isNegative, digits: digits, exponent: decimalExponent)
        if base == 2 {
            for _ in 0..<(exponent / 10) { amount = amount.multiplied(by: 1024) }
        }
        // What is beyond that could not be read again.
        guard amount.exponent <= Int32.max else { throw .numeric }
        amount = amount.rounded(toExponent: -9)
        self.init(amount: amount, format: format)
        if format == .binarySI {
            if amount.magnitude.compare(to: Self.binaryLimit) > 0 {
                self.init(amount: isNegative ? -Self.binaryLimit : Self.binaryLimit, format: format)
            } else if !isNegative, !amount.isZero, amount.compare(to: Decimal(1, exponent: 0)) < 0 {
                self.format = .decimalSI
            }
        }
    }

    /// The largest binary quantity.
    private static let binaryLimit = Decimal(Int64.max, exponent: 0)

    private static func take(_ rest: inout Substring.UTF8View, while isIncluded: (UInt8) -> Bool) -> Substring.UTF8View
    {
        let taken = rest.prefix(while: isIncluded)
        rest = rest[taken.endIndex...]
        return taken
    }

    private static let decimalSuffixes: [(suffix: String, exponent: Int)] = [
        ("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18),
    ]

    private static let binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]

    private static func suffix(
        _ bytes: Substring.UTF8View
    ) throws(ParseError) -> (base: Int, exponent: Int, format: Format) {
        var rest = bytes
        _ = take(&rest) { "eEinumkKMGTP".utf8.contains($0) }
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest.removeFirst() }
        _ = take(&rest, while: Syntax.isDigit)
        // A character that no suffix has, anywhere behind the number, is a fault of form; else of the suffix.
        guard rest.isEmpty else { throw .format }

        let text = String(Substring(bytes))
        if let known = decimalSuffixes.first(where: { $0.suffix == text }) { return (10, known.exponent, .decimalSI) }
        if let power = binarySuffixes.firstIndex(of: text) { return (2, power * 10, .binarySI) }
        guard text.utf8.count > 1, text.hasPrefix("e") || text.hasPrefix("E"),
            let exponent = Int32(text.dropFirst())
        else { throw .suffix }
        return (10, Int(exponent), .decimalExponent)
    }

    var canonicalText: String {
        if isZero { return "0" }
        let sign = isNegative ? "-" : ""
        // The sum of `1k` and `1e999999999` would have the suffixes of its first part, and a gigabyte of zeros.
        let format = amount.order > Decimal.maximumSpread ? .decimalExponent : format
        if format == .binarySI, amount.isInteger,
            amount.magnitude.compare(to: Decimal(1024, exponent: 0)) >= 0
        {
            var number = amount
            var power = 0
            while power < Self.binarySuffixes.count - 1, let quotient = number.divided(exactlyBy: 1024) {
                number = quotient
                power += 1
            }
            return sign + number.text + String(repeating: "0", count: number.exponent) + Self.binarySuffixes[power]
        }
        // A multiple of three, and for suffixes one that has a name.
        var exponent = amount.exponent - (amount.exponent % 3 + 3) % 3
        if format != .decimalExponent { exponent = min(exponent, 18) }
        let number = sign + amount.text + String(repeating: "0", count: amount.exponent - exponent)
        if format == .decimalExponent { return exponent == 0 ? number : "\(number)e\(exponent)" }
        return number + (Self.decimalSuffixes.first { $0.exponent == exponent }?.suffix ?? "")
    }
}
