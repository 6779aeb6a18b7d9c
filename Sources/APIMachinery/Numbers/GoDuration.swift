/// Durations as people write them in manifests: Go's form, `1h`, `1m30s`, `1.5s`, `250ms`, and `0`.
public enum GoDuration {
    private static let units: [(suffix: String, seconds: Double)] = [
        // Longer names first: `ms` must not be read as minutes.
        ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("μs", 1e-6), ("ns", 1e-9), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// The duration; `nil` if the text is no duration, is negative, or is longer than a century.
    public static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        var seconds = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            // `Double` reads more than these forms, hence the check of what is handed to it.
            guard digits.contains(where: { $0 != "." }), digits.filter({ $0 == "." }).count <= 1,
                let number = Double("0" + digits + (digits.hasSuffix(".") ? "0" : ""))
            else { return nil }
            rest = rest.dropFirst(digits.count)
            guard let unit = units.first(where: { rest.hasPrefix($0.suffix) }) else { return nil }
            rest = rest.dropFirst(unit.suffix.count)
            seconds += number * unit.seconds
        }
        let duration = Duration.bounded(seconds: seconds)
        return duration < .longest ? duration : nil
    }
}
