/// Durations for people: the AGE column of `kubectl` (`k8s.io/apimachinery/pkg/util/duration`).
public enum HumanDuration {
    /// Two or three significant figures: `45s`, `3m12s`, `4h`, `2d7h`, `366d`.
    ///
    /// More than a second below zero, which clocks that differ do not explain, is `<invalid>`.
    public static func human(seconds: Int64) -> String {
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        if seconds < 120 { return "\(seconds)s" }
        let minutes = seconds / 60
        if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
        if minutes < 180 { return "\(minutes)m" }
        let hours = minutes / 60
        if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
        if hours < 48 { return "\(hours)h" }
        let days = hours / 24
        if days < 8 { return pair(days, "d", hours % 24, "h") }
        if days < 2 * 365 { return "\(days)d" }
        if days < 8 * 365 { return pair(days / 365, "y", days % 365, "d") }
        return "\(days / 365)y"
    }

    /// One unit only: `45s`, `3m`, `4h`, `2d`, `1y`.
    public static func short(seconds: Int64) -> String {
        if seconds < -1 { return "<invalid>" }
        if seconds < 0 { return "0s" }
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3600 { return "\(seconds / 60)m" }
        let hours = seconds / 3600
        if hours < 24 { return "\(hours)h" }
        if hours < 24 * 365 { return "\(hours / 24)d" }
        return "\(hours / 24 / 365)y"
    }

    /// `human(seconds:)` of a duration, fractions of a second cut off.
    public static func human(_ duration: Duration) -> String { human(seconds: duration.components.seconds) }

    /// `short(seconds:)` of a duration, fractions of a second cut off.
    public static func short(_ duration: Duration) -> String { short(seconds: duration.components.seconds) }

    private static func pair(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
        small == 0 ? "\(large)\(largeUnit)" : "\(large)\(largeUnit)\(small)\(smallUnit)"
    }
}
