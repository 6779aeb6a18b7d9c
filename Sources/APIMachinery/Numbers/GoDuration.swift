/// Durations as Go writes them and people write them in manifests: `1h15m30.918s`, `250ms`, and `0`.
public enum GoDuration {
    /// Why a text is not a duration, in the words of Go's `time.ParseDuration`.
    public struct Failure: Error {
        public var message: String
    }

    private static let units: [String: Int64] = [
        "ns": 1, "us": 1_000, "\u{B5}s": 1_000, "\u{3BC}s": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
        "m": 60_000_000_000, "h": 3_600_000_000_000,
    ]

    /// The duration for a setting; `nil` if the text is not a duration, has a sign, or is longer than a century.
    public static func parse(_ text: String) -> Duration? {
        // The caller reports a text that is not a duration in its own words.
        guard text.first != "+", text.first != "-", let duration = try? read(text) else { return nil }
        return duration < .longest ? duration : nil
    }

    /// The duration, to the nanosecond; it may be negative.
    public static func read(_ text: String) throws(Failure) -> Duration {
        let invalid = Failure(message: "time: invalid duration \(GoText.quoted(text))")
        var rest = text[...]
        let isNegative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        if rest == "0" { return .zero }
        guard !rest.isEmpty else { throw invalid }
        var total: Int64 = 0
        while !rest.isEmpty {
            let whole = digits(&rest)
            var fraction: Substring = ""
            let hasPoint = rest.first == "."
            if hasPoint {
                rest.removeFirst()
                fraction = digits(&rest)
            }
            guard !whole.isEmpty || !fraction.isEmpty else { throw invalid }
            let name = rest.prefix { $0 != "." && !isDigit($0) }
            rest = rest[name.endIndex...]
            guard !name.isEmpty else {
                throw Failure(message: "time: missing unit in duration \(GoText.quoted(text))")
            }
            guard let unit = units[String(name)] else {
                let shown = "\(GoText.quoted(String(name))) in duration \(GoText.quoted(text))"
                throw Failure(message: "time: unknown unit \(shown)")
            }
            guard let count = whole.isEmpty ? 0 : Int64(whole) else { throw invalid }
            let (product, overflow) = count.multipliedReportingOverflow(by: unit)
            let (sum, excess) = total.addingReportingOverflow(product)
            let (all, tooMuch) = sum.addingReportingOverflow(part(fraction, of: unit))
            guard !overflow, !excess, !tooMuch else { throw invalid }
            total = all
        }
        return .nanoseconds(isNegative ? -total : total)
    }

    private static func isDigit(_ character: Character) -> Bool { ("0"..."9").contains(character) }

    private static func digits(_ rest: inout Substring) -> Substring {
        let digits = rest.prefix(while: isDigit)
        rest = rest[digits.endIndex...]
        return digits
    }

    /// The part of a unit that the digits after a point stand for. More digits than a nanosecond has say nothing.
    private static func part(_ digits: Substring, of unit: Int64) -> Int64 {
        var result: Int64 = 0
        var scale: Int64 = 1
        for digit in digits.prefix(13) {
            scale *= 10
            guard let value = digit.wholeNumberValue else { break }
            // A unit is at most 3.6e12, so a tenth of it times nine fits many times over.
            result += unit / scale * Int64(value) + unit % scale * Int64(value) / scale
        }
        return result
    }
}
