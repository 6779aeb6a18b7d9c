/// A number from outside: a member of a request's body, a field of an object, a column of a database.
///
/// Nothing is known of it: it may be huge, negative, or have a fraction. It becomes a number to calculate with only
/// within bounds that the caller states, so no conversion can trap. Text that is not a number, `NaN` and infinities
/// never become an `UntrustedNumber`.
///
///     guard let slots = UntrustedNumber(json["concurrency"])?.integer(in: 1...1024) else { … }
public struct UntrustedNumber: Sendable, Hashable {
    private enum Value: Sendable, Hashable {
        case integer(Int64)
        case real(Double)
    }

    private let value: Value

    /// The number of a JSON value; `nil` if that is missing or no number.
    public init?(_ json: JSONValue?) {
        switch json {
        case .int(let number)?: value = .integer(number)
        case .double(let number)? where number.isFinite: value = .real(number)
        default: return nil
        }
    }

    /// A whole number.
    public init(_ number: Int64) { value = .integer(number) }

    /// A number with a fraction; `nil` for `NaN` and infinities.
    public init?(_ number: Double) {
        guard number.isFinite else { return nil }
        value = .real(number)
    }

    /// The number, if it is whole and within the bounds; `2.0` counts as 2.
    public func integer<Integer: FixedWidthInteger>(in bounds: ClosedRange<Integer>) -> Integer? {
        let exact: Integer? =
            switch value {
            case .integer(let number): Integer(exactly: number)
            case .real(let number): Integer(exactly: number)
            }
        return exact.flatMap { bounds.contains($0) ? $0 : nil }
    }

    /// The number, if it is within the bounds.
    public func real(in bounds: ClosedRange<Double>) -> Double? { bounds.contains(double) ? double : nil }

    /// The whole number within the bounds that is nearest to this one, a fraction cut off.
    public func clamped<Integer: FixedWidthInteger>(to bounds: ClosedRange<Integer>) -> Integer {
        let nearest: Integer =
            switch value {
            case .integer(let number): Integer(clamping: number)
            case .real(let number): Integer(clamping: number)
            }
        return min(max(nearest, bounds.lowerBound), bounds.upperBound)
    }

    private var double: Double {
        switch value {
        case .integer(let number): Double(number)
        case .real(let number): number
        }
    }
}
