internal import APIMachinery

/// The arithmetic operators. They never mix number types, and every overflow is an error.
enum Arithmetic: String, Sendable {
    case add = "_+_"
    case subtract = "_-_"
    case multiply = "_*_"
    case divide = "_/_"
    case modulo = "_%_"

    static let overflow = EvaluationFailure(.overflow, "integer overflow")
    static let unsignedOverflow = EvaluationFailure(.overflow, "unsigned integer overflow")
    static let timestampOverflow = EvaluationFailure(.overflow, "timestamp overflow")

    /// The result of the operator. The common cases stand first; strings, lists and bytes are paid for by the size of
    /// what they become.
    func apply(
        _ left: CELValue,
        _ right: CELValue,
        _ budget: inout EvaluationBudget
    ) throws(EvaluationFailure) -> CELValue {
        switch (left, right) {
        case (.int(let a), .int(let b)): return .int(try integers(a, b))
        case (.uint(let a), .uint(let b)): return .uint(try unsigned(a, b))
        case (.double(let a), .double(let b)):
            switch self {
            case .add: return .double(a + b)
            case .subtract: return .double(a - b)
            case .multiply: return .double(a * b)
            case .divide: return .double(a / b)
            case .modulo: throw .noSuchOverload
            }
        case (.string(let a), .string(let b)) where self == .add:
            try budget.charge(size: a.utf8.count + b.utf8.count)
            return .string(a + b)
        case (.list(let a), .list(let b)) where self == .add:
            try budget.charge(a.count + b.count)
            return .list(a.appending(b))
        case (.bytes(let a), .bytes(let b)) where self == .add:
            try budget.charge(size: a.count + b.count)
            return .bytes(a + b)
        default: return try times(left, right)
        }
    }

    /// Integers wrap around nowhere: not in a sum, and not in the one quotient that does not fit.
    private func integers(_ a: Int64, _ b: Int64) throws(EvaluationFailure) -> Int64 {
        let (result, overflow): (Int64, Bool)
        switch self {
        case .add: (result, overflow) = a.addingReportingOverflow(b)
        case .subtract: (result, overflow) = a.subtractingReportingOverflow(b)
        case .multiply: (result, overflow) = a.multipliedReportingOverflow(by: b)
        case .divide:
            if b == 0 { throw EvaluationFailure(.divideByZero, "division by zero") }
            (result, overflow) = a.dividedReportingOverflow(by: b)
        case .modulo:
            if b == 0 { throw EvaluationFailure(.modulusByZero, "modulus by zero") }
            (result, overflow) = a.remainderReportingOverflow(dividingBy: b)
        }
        if overflow { throw Self.overflow }
        return result
    }

    /// The same without signs; a difference below zero is an overflow.
    private func unsigned(_ a: UInt64, _ b: UInt64) throws(EvaluationFailure) -> UInt64 {
        let (result, overflow): (UInt64, Bool)
        switch self {
        case .add: (result, overflow) = a.addingReportingOverflow(b)
        case .subtract: (result, overflow) = a.subtractingReportingOverflow(b)
        case .multiply: (result, overflow) = a.multipliedReportingOverflow(by: b)
        case .divide:
            if b == 0 { throw EvaluationFailure(.divideByZero, "division by zero") }
            (result, overflow) = (a / b, false)
        case .modulo:
            if b == 0 { throw EvaluationFailure(.modulusByZero, "modulus by zero") }
            (result, overflow) = (a % b, false)
        }
        if overflow { throw Self.unsignedOverflow }
        return result
    }

    /// Moments and durations: their sums and differences, as far as these have a meaning.
    private func times(_ left: CELValue, _ right: CELValue) throws(EvaluationFailure) -> CELValue {
        switch (left, right, self) {
        case (.duration(let a), .duration(let b), .add), (.duration(let a), .duration(let b), .subtract):
            return .duration(nanoseconds: try integers(a, b))
        case (.timestamp(let moment), .duration(let nanoseconds), .add),
            (.duration(let nanoseconds), .timestamp(let moment), .add):
            return .timestamp(try Self.shift(moment, nanoseconds, sign: 1))
        case (.timestamp(let moment), .duration(let nanoseconds), .subtract):
            return .timestamp(try Self.shift(moment, nanoseconds, sign: -1))
        case (.timestamp(let a), .timestamp(let b), .subtract):
            // Timestamps of the host may lie outside of the years that expressions can make.
            let (seconds, isFar) = a.instant.seconds.subtractingReportingOverflow(b.instant.seconds)
            let (whole, isLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            let fraction = Int64(a.instant.nanoseconds) - Int64(b.instant.nanoseconds)
            let (result, carry) = whole.addingReportingOverflow(fraction)
            if isFar || isLong || carry { throw Self.overflow }
            return .duration(nanoseconds: result)
        default:
            throw .noSuchOverload
        }
    }

    /// A moment moved by a duration, within the years 1 to 9999.
    private static func shift(
        _ moment: ZonedTimestamp,
        _ nanoseconds: Int64,
        sign: Int64
    ) throws(EvaluationFailure) -> ZonedTimestamp {
        let (seconds, overflow) = moment.instant.seconds.addingReportingOverflow(
            sign * (nanoseconds / 1_000_000_000)
        )
        if overflow { throw timestampOverflow }
        let fraction = Int64(moment.instant.nanoseconds) + sign * (nanoseconds % 1_000_000_000)
        // Looked at before the moment is made, which would be held to the years that can be written.
        let carry: Int64 = fraction < 0 ? -1 : fraction >= 1_000_000_000 ? 1 : 0
        guard ZonedTimestamp.range.contains(seconds.saturatingAdd(carry)) else { throw timestampOverflow }
        let instant = Timestamp(seconds: seconds, nanoseconds: fraction)
        return ZonedTimestamp(instant, offsetSeconds: moment.offsetSeconds)
    }

    /// The minus sign. Durations can be negated although the checker knows no such signature.
    static func negate(_ value: CELValue) throws(EvaluationFailure) -> CELValue {
        switch value {
        case .int(let number):
            if number == .min { throw overflow }
            return .int(-number)
        case .double(let number): return .double(-number)
        case .duration(let nanoseconds):
            if nanoseconds == .min { throw overflow }
            return .duration(nanoseconds: -nanoseconds)
        default: throw .noSuchOverload
        }
    }
}
