// The conversions from floating-point numbers that never trap, and a ban on those that do.
//
// `Int(1e300)`, `Int(Double.nan)` and `Duration.seconds(1e300)` end the process. A number that somebody else wrote must
// therefore never reach them. Every module that imports this one sees the declarations below before those of the
// standard library; as they are deprecated and warnings are errors, code that uses one of them does not compile.

extension FixedWidthInteger {
    /// The integer nearest to the number, its fraction cut off; 0 for `NaN`.
    public init(clamping number: Double) {
        if number.isNaN {
            self = 0
        } else {
            self = Self(exactly: number.rounded(.towardZero)) ?? (number > 0 ? .max : .min)
        }
    }
}

extension Int {
    @available(*, deprecated, message: "traps for large numbers and NaN: use Int(clamping:) or Int(exactly:)")
    public init(_ number: Double) { self.init(clamping: number) }
}

extension Int32 {
    @available(*, deprecated, message: "traps for large numbers and NaN: use Int32(clamping:) or Int32(exactly:)")
    public init(_ number: Double) { self.init(clamping: number) }
}

extension Int64 {
    @available(*, deprecated, message: "traps for large numbers and NaN: use Int64(clamping:) or Int64(exactly:)")
    public init(_ number: Double) { self.init(clamping: number) }
}

extension UInt {
    @available(*, deprecated, message: "traps for large numbers and NaN: use UInt(clamping:) or UInt(exactly:)")
    public init(_ number: Double) { self.init(clamping: number) }
}

extension UInt32 {
    @available(*, deprecated, message: "traps for large numbers and NaN: use UInt32(clamping:) or UInt32(exactly:)")
    public init(_ number: Double) { self.init(clamping: number) }
}

extension UInt64 {
    @available(*, deprecated, message: "traps for large numbers and NaN: use UInt64(clamping:) or UInt64(exactly:)")
    public init(_ number: Double) { self.init(clamping: number) }
}

extension Duration {
    /// The longest duration that `bounded` gives: a century.
    public static let longest = Duration(secondsComponent: 3_155_760_000, attosecondsComponent: 0)

    /// That many seconds, to the nanosecond, held between zero and a century; zero for `NaN`.
    public static func bounded(seconds: Double) -> Duration {
        let (longest, _) = longest.components
        guard seconds > 0 else { return .zero }
        guard seconds < Double(longest) else { return .longest }
        let whole = seconds.rounded(.down)
        let nanoseconds = Int64(clamping: ((seconds - whole) * 1e9).rounded())
        return Duration(
            secondsComponent: Int64(clamping: whole),
            attosecondsComponent: nanoseconds.saturatingMultiply(1_000_000_000)
        )
    }

    /// That many seconds, held between zero and a century.
    public static func bounded(seconds: some BinaryInteger) -> Duration {
        Duration(
            secondsComponent: min(max(Int64(clamping: seconds), 0), longest.components.seconds),
            attosecondsComponent: 0
        )
    }

    @available(*, deprecated, message: "traps for large numbers and NaN: use Duration.bounded(seconds:)")
    public static func seconds(_ number: Double) -> Duration { bounded(seconds: number) }

    @available(*, deprecated, message: "traps for large numbers and NaN: use Duration.bounded(seconds:)")
    public static func milliseconds(_ number: Double) -> Duration { bounded(seconds: number / 1000) }

    @available(*, deprecated, message: "traps for large numbers and NaN: use Duration.bounded(seconds:)")
    public static func microseconds(_ number: Double) -> Duration { bounded(seconds: number / 1_000_000) }
}
