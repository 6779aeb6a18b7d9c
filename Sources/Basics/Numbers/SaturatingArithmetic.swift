// Arithmetic over numbers that somebody else chose: where the result does not fit, it is the nearest that does.

extension FixedWidthInteger {
    /// The sum, or the nearest number there is.
    public func saturatingAdd(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }

    /// The difference, or the nearest number there is.
    public func saturatingSubtract(_ other: Self) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }

    /// The product, or the nearest number there is.
    public func saturatingMultiply(_ other: Self) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? ((self < 0) == (other < 0) ? .max : .min) : product
    }

    /// Quotient and remainder of a division by a positive number that rounds down, so that the remainder is never
    /// negative.
    func dividedRoundingDown(by divisor: Self) -> (quotient: Self, remainder: Self) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension Sequence where Element: FixedWidthInteger {
    /// The sum of all elements, or the nearest number there is.
    public var saturatingSum: Element { reduce(0) { $0.saturatingAdd($1) } }
}
