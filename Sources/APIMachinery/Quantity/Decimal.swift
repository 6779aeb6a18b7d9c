/// A decimal number of any precision: ± digits × 10^exponent.
///
/// Always in lowest terms (neither leading nor trailing zeros), so that equal numbers have equal parts. The
/// digits are kept one a byte: quantities have a dozen of them, and printing is what happens to them most.
struct Decimal: Sendable, Hashable {
    let isNegative: Bool
    /// The digits, 0 to 9, the most significant first; none for zero.
    let digits: [UInt8]
    let exponent: Int

    /// A number from its parts, brought to lowest terms.
    init(isNegative: Bool, digits: some Collection<UInt8>, exponent: Int) {
        let significant = digits.drop { $0 == 0 }
        var kept = Array(significant)
        while kept.last == 0 { kept.removeLast() }
        self.digits = kept
        self.isNegative = isNegative && !kept.isEmpty
        self.exponent = kept.isEmpty ? 0 : exponent + significant.count - kept.count
    }

    init(_ value: Int64, exponent: Int) {
        self.init(
            isNegative: value < 0,
            digits: String(value.magnitude).utf8.map { $0 - UInt8(ascii: "0") },
            exponent: exponent
        )
    }

    var isZero: Bool { digits.isEmpty }

    var isInteger: Bool { exponent >= 0 }

    /// How many digits stand before the decimal point: 10^(order - 1) ≤ |number| < 10^order.
    var order: Int { digits.count + exponent }

    /// The number without its sign.
    var magnitude: Decimal { Decimal(isNegative: false, digits: digits, exponent: exponent) }

    static prefix func - (number: Decimal) -> Decimal {
        Decimal(isNegative: !number.isNegative, digits: number.digits, exponent: number.exponent)
    }

    /// Rounded away from zero to a multiple of 10^exponent.
    func rounded(toExponent target: Int) -> Decimal {
        guard exponent < target else { return self }
        // In lowest terms the digits cut off are never all zero, so there is always something to round up.
        let cut = target - exponent
        let kept = cut < digits.count ? Array(digits.dropLast(cut)) : []
        return Decimal(isNegative: isNegative, digits: Self.sum(kept, [1]), exponent: target)
    }

    /// Multiplied by a small number.
    func multiplied(by factor: Int) -> Decimal {
        var result: [UInt8] = []
        var carry = 0
        for digit in digits.reversed() {
            carry += Int(digit) * factor
            result.append(UInt8(carry % 10))
            carry /= 10
        }
        while carry > 0 {
            result.append(UInt8(carry % 10))
            carry /= 10
        }
        return Decimal(isNegative: isNegative, digits: result.reversed(), exponent: exponent)
    }

    /// The quotient by a small number, if it leaves no remainder. Only for integers.
    func divided(exactlyBy divisor: Int) -> Decimal? {
        guard isInteger, !isZero else { return nil }
        var remainder = 0
        var quotient: [UInt8] = []
        for digit in integerDigits {
            remainder = remainder * 10 + Int(digit)
            quotient.append(UInt8(remainder / divisor))
            remainder %= divisor
        }
        return remainder == 0 ? Decimal(isNegative: isNegative, digits: quotient, exponent: 0) : nil
    }

    private var integerDigits: [UInt8] { digits + repeatElement(0, count: max(0, exponent)) }

    func compare(to other: Decimal) -> Int {
        if isZero || other.isZero || isNegative != other.isNegative {
            return sign - other.sign < 0 ? -1 : sign == other.sign ? 0 : 1
        }
        return isNegative ? other.compareMagnitude(to: self) : compareMagnitude(to: other)
    }

    private var sign: Int { isZero ? 0 : isNegative ? -1 : 1 }

    private func compareMagnitude(to other: Decimal) -> Int {
        // Orders first: an exponent of a million must not become a million zeros.
        if order != other.order { return order < other.order ? -1 : 1 }
        for (a, b) in zip(digits, other.digits) where a != b { return a < b ? -1 : 1 }
        return digits.count == other.digits.count ? 0 : digits.count < other.digits.count ? -1 : 1
    }

    /// Exact, except that what lies more than `maximumSpread` digits below the larger number is dropped.
    static func + (lhs: Decimal, rhs: Decimal) -> Decimal {
        if lhs.isZero { return rhs }
        if rhs.isZero { return lhs }
        if lhs.order - rhs.exponent > maximumSpread, lhs.order > rhs.order { return lhs }
        if rhs.order - lhs.exponent > maximumSpread, rhs.order > lhs.order { return rhs }
        let exponent = min(lhs.exponent, rhs.exponent)
        let a = lhs.digits + repeatElement(0, count: lhs.exponent - exponent)
        let b = rhs.digits + repeatElement(0, count: rhs.exponent - exponent)
        if lhs.isNegative == rhs.isNegative {
            return Decimal(isNegative: lhs.isNegative, digits: sum(a, b), exponent: exponent)
        }
        return lhs.compareMagnitude(to: rhs) >= 0
            ? Decimal(isNegative: lhs.isNegative, digits: difference(a, b), exponent: exponent)
            : Decimal(isNegative: rhs.isNegative, digits: difference(b, a), exponent: exponent)
    }

    /// So many digits a sum may have before its smaller part counts for nothing: `1e999999999` is a valid
    /// quantity, and adding 1 to it must not cost a gigabyte.
    static let maximumSpread = 10_000

    private static func sum(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var carry: UInt8 = 0
        for place in 1...(max(a.count, b.count) + 1) {
            let total = digit(a, place) + digit(b, place) + carry
            result.append(total % 10)
            carry = total / 10
        }
        return result.reversed()
    }

    /// a - b, where a is not smaller.
    private static func difference(_ a: [UInt8], _ b: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var borrow: UInt8 = 0
        for place in stride(from: 1, through: max(a.count, b.count), by: 1) {
            let minuend = digit(a, place)
            let subtrahend = digit(b, place) + borrow
            borrow = minuend < subtrahend ? 1 : 0
            result.append(minuend + borrow * 10 - subtrahend)
        }
        return result.reversed()
    }

    /// The digit at that place from the right, from 1.
    private static func digit(_ digits: [UInt8], _ place: Int) -> UInt8 {
        place <= digits.count ? digits[digits.count - place] : 0
    }

    /// number ÷ 10^exponent, bounded to 64 bits; the number must be a multiple.
    func scaledInteger(exponent unit: Int) -> Int64 {
        exactScaledInteger(exponent: unit) ?? (isNegative ? Int64.min : Int64.max)
    }

    /// number ÷ 10^exponent, if that fits 64 bits; the number must be a multiple.
    func exactScaledInteger(exponent unit: Int) -> Int64? {
        guard order - unit <= 19, exponent >= unit else { return isZero ? 0 : nil }
        let zeros = String(repeating: "0", count: exponent - unit)
        return isZero ? 0 : Int64("\(isNegative ? "-" : "")\(text)\(zeros)")
    }

    var double: Double { isZero ? 0 : Double("\(isNegative ? "-" : "")\(text)e\(exponent)") ?? 0 }

    /// The digits as text, without sign and exponent.
    var text: String { String(decoding: digits.map { $0 + UInt8(ascii: "0") }, as: UTF8.self) }
}
