/// An amount of a resource, `250m`, `1.5Gi`, `2e3`, of any precision (`k8s.io/apimachinery/pkg/api/resource`).
///
/// Nothing smaller than 10⁻⁹ can be expressed: what is smaller is rounded away from zero, so that a request for
/// a little never becomes one for nothing. Quantities are equal when their numbers are, however they are written.
public struct Quantity: Sendable, CustomStringConvertible {
    /// The family of suffixes that a quantity prints with.
    public enum Format: String, Sendable {
        /// `12e6`
        case decimalExponent = "DecimalExponent"
        /// `12Mi`
        case binarySI = "BinarySI"
        /// `12M`
        case decimalSI = "DecimalSI"
    }

    /// The number.
    let amount: Decimal
    /// How the number is printed.
    public var format: Format

    init(amount: Decimal, format: Format) {
        self.amount = amount
        self.format = format
    }

    /// A whole number.
    public init(_ value: Int64, format: Format = .decimalSI) {
        self.init(amount: Decimal(value, exponent: 0), format: format)
    }

    /// A number of thousandths.
    public init(milli: Int64, format: Format = .decimalSI) {
        self.init(amount: Decimal(milli, exponent: -3), format: format)
    }

    /// Nothing.
    public static let zero = Quantity(0)

    /// Whether the number is zero.
    public var isZero: Bool { amount.isZero }

    /// Whether the number is below zero.
    public var isNegative: Bool { amount.isNegative }

    /// The number rounded away from zero to an integer; bounded to what 64 bits hold.
    public var value: Int64 { amount.rounded(toExponent: 0).scaledInteger(exponent: 0) }

    /// The thousandths, rounded away from zero; bounded to what 64 bits hold.
    public var milliValue: Int64 { amount.rounded(toExponent: -3).scaledInteger(exponent: -3) }

    /// The integer that this is exactly, if it is one of 64 bits.
    public var exactValue: Int64? { amount.isInteger ? amount.exactScaledInteger(exponent: 0) : nil }

    /// The number as a double, the nearest there is.
    public var approximateDouble: Double { amount.double }

    /// The number as a double, computed from a whole number of units of 10^exponent. The last digit can differ from
    /// the nearest double's, as it does in `Quantity.AsApproximateFloat64`.
    public func approximateDouble(exponent: Int) -> Double {
        guard amount.exponent >= exponent, amount.exponent - exponent < 400 else { return amount.double }
        let zeros = String(repeating: "0", count: amount.exponent - exponent)
        let units = Double("\(isNegative ? "-" : "")\(amount.text)\(zeros)") ?? 0
        return exponent == 0 || isZero ? units : units * (Double("1e\(exponent)") ?? 0)
    }

    /// The canonical text, as the API server prints it: no fraction, no precision lost, the largest suffix.
    public var description: String { canonicalText }

    public static func + (lhs: Quantity, rhs: Quantity) -> Quantity {
        Quantity(amount: lhs.amount + rhs.amount, format: lhs.isZero ? rhs.format : lhs.format)
    }

    public static func - (lhs: Quantity, rhs: Quantity) -> Quantity {
        Quantity(amount: lhs.amount + -rhs.amount, format: lhs.isZero ? rhs.format : lhs.format)
    }

    public static prefix func - (quantity: Quantity) -> Quantity {
        Quantity(amount: -quantity.amount, format: quantity.format)
    }

    public static func += (lhs: inout Quantity, rhs: Quantity) { lhs = lhs + rhs }

    public static func -= (lhs: inout Quantity, rhs: Quantity) { lhs = lhs - rhs }
}

extension Quantity: Hashable, Comparable {
    public static func == (lhs: Quantity, rhs: Quantity) -> Bool { lhs.amount == rhs.amount }

    public static func < (lhs: Quantity, rhs: Quantity) -> Bool { lhs.compare(to: rhs) < 0 }

    public func hash(into hasher: inout Hasher) { hasher.combine(amount) }

    /// -1, 0 or 1 as this number is below, equal to or above the other.
    public func compare(to other: Quantity) -> Int { amount.compare(to: other.amount) }
}

extension Quantity: Codable {
    /// Reads a quantity from a string or a number; blanks around it do not matter, `null` is zero.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text: String
        if container.decodeNil() {
            self = .zero
            return
        } else if let string = try? container.decode(String.self) {  // or of the next type
            text = string
        } else if let integer = try? container.decode(Int64.self) {  // or of the next type
            text = String(integer)
        } else {
            text = JSONWriter.format(try container.decode(Double.self))
        }
        do {
            try self.init(parsing: Self.trimmed(text))
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(error): \(text)")
        }
    }

    /// Writes the canonical text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private static func trimmed(_ text: String) -> String {
        let isBlank: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
        let scalars = text.unicodeScalars.drop(while: isBlank)
        return String(
            Substring(
                scalars.prefix(
                    upTo: scalars.lastIndex { !isBlank($0) }.map(scalars.index(after:)) ?? scalars.startIndex
                )
            )
        )
    }
}
