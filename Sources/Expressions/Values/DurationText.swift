import APIMachinery

/// Durations as text, as Go reads and writes them: `1h30m`, `1.5s`; nothing longer than hours.
enum DurationText {
    /// The nanoseconds of a duration such as `-1h15m30.918s`; `nil` if the text is not a duration or is beyond 292 years.
    static func nanoseconds(_ text: String) -> Int64? {
        var rest = Substring(text).utf8
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        if rest.elementsEqual("0".utf8) { return 0 }
        if rest.isEmpty { return nil }
        var total: UInt64 = 0
        while !rest.isEmpty {
            guard let part = component(&rest) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            if overflow || sum > 1 << 63 { return nil }
            total = sum
        }
        if isNegative { return total == 1 << 63 ? .min : -Int64(total) }
        return Int64(exactly: total)
    }

    /// One number with its unit.
    private static func component(_ rest: inout Substring.UTF8View) -> UInt64? {
        let digits = rest.prefix { $0.isDigit }
        rest = rest.dropFirst(digits.count)
        var whole: UInt64 = 0
        if !digits.isEmpty {
            guard let value = UInt64(String(Substring(digits))), value <= 1 << 63 else { return nil }
            whole = value
        }
        var fraction: Substring.UTF8View?
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            let digits = rest.prefix { $0.isDigit }
            rest = rest.dropFirst(digits.count)
            fraction = digits
        }
        if digits.isEmpty, fraction?.isEmpty ?? true { return nil }
        let name = rest.prefix { !$0.isDigit && $0 != UInt8(ascii: ".") }
        rest = rest.dropFirst(name.count)
        guard let unit = units[String(Substring(name))] else { return nil }
        let (value, overflow) = whole.multipliedReportingOverflow(by: unit)
        if overflow || value > 1 << 63 { return nil }
        guard let fraction, !fraction.isEmpty else { return value }
        // Digits beyond those that 63 bits hold are below a nanosecond.
        let digitsKept = fraction.prefix(18)
        guard let number = Double(String(Substring(digitsKept))) else { return nil }
        var scale = 1.0
        for _ in digitsKept { scale *= 10 }
        let (sum, carry) = value.addingReportingOverflow(UInt64(clamping: number * (Double(unit) / scale)))
        return carry || sum > 1 << 63 ? nil : sum
    }

    private static let units: [String: UInt64] = [
        "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000,
        "h": 3_600_000_000_000,
    ]

    /// Seconds with a fraction as needed: `5400s`, `0.5s`.
    static func text(nanoseconds: Int64) -> String {
        let seconds = Double(nanoseconds / 1_000_000_000) + Double(nanoseconds % 1_000_000_000) / 1e9
        return NumberText.plain(seconds) + "s"
    }
}
