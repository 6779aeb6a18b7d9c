internal import APIMachinery

/// The rule at the end of a time zone file, in the form of the `TZ` variable: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct RecurringZoneRule: Sendable {
    private var standardOffset: Int64
    private var daylight: Daylight?

    /// When the clocks are changed, and to what.
    private struct Daylight: Sendable {
        var offset: Int64
        var start: Day
        var end: Day
    }

    /// The day and the local time at which an offset changes.
    private struct Day: Sendable {
        enum Form: Sendable {
            /// The n-th day of the year from 1, where the 29th of February never counts.
            case julian(Int64)
            /// The n-th day of the year from 0.
            case day(Int64)
            /// The w-th weekday d of month m; the fifth is the last.
            case weekday(month: Int64, week: Int64, day: Int64)
        }

        var form: Form
        var seconds: Int64

        /// Local seconds since 1970 at which this happens in a year.
        func localSeconds(in year: Int64) -> Int64 {
            let newYear = Timestamp.days(fromCivil: year, 1, 1)
            let days: Int64
            switch form {
            case .julian(let day):
                let isLeap = Timestamp.days(fromCivil: year, 3, 1) - newYear == 60
                days = newYear + day - 1 + (isLeap && day >= 60 ? 1 : 0)
            case .day(let day):
                days = newYear + day
            case .weekday(let month, let week, let day):
                let first = Timestamp.days(fromCivil: year, month, 1)
                let next =
                    month == 12
                    ? Timestamp.days(fromCivil: year + 1, 1, 1)
                    : Timestamp.days(fromCivil: year, month + 1, 1)
                let weekday = ((first + 4) % 7 + 7) % 7
                var candidate = first + (day - weekday + 7) % 7 + (week - 1) * 7
                if candidate >= next { candidate -= 7 }
                days = candidate
            }
            return days * 86400 + seconds
        }
    }

    init?(_ text: String) {
        var scanner = Scanner(rest: Substring(text).utf8)
        guard scanner.name(), let offset = scanner.time() else { return nil }
        standardOffset = -offset
        guard !scanner.rest.isEmpty else { return }
        guard scanner.name() else { return nil }
        var daylightOffset = standardOffset + 3600
        if scanner.rest.first != UInt8(ascii: ",") {
            guard let offset = scanner.time() else { return nil }
            daylightOffset = -offset
        }
        guard let start = scanner.day(), let end = scanner.day() else { return nil }
        daylight = Daylight(offset: daylightOffset, start: start, end: end)
    }

    /// Seconds east of UTC at a moment.
    func offset(at seconds: Int64) -> Int64 {
        guard let daylight else { return standardOffset }
        let year = CalendarDate(Timestamp(seconds: seconds), offsetSeconds: standardOffset).year
        let start = daylight.start.localSeconds(in: year) - standardOffset
        let end = daylight.end.localSeconds(in: year) - daylight.offset
        // In the southern hemisphere summer time spans the new year.
        let isDaylight = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end
        return isDaylight ? daylight.offset : standardOffset
    }

    /// Reads the text from left to right.
    private struct Scanner {
        var rest: Substring.UTF8View

        mutating func take(_ character: Character) -> Bool {
            guard let byte = character.asciiValue, rest.first == byte else { return false }
            rest = rest.dropFirst()
            return true
        }

        mutating func name() -> Bool {
            if take("<") {
                rest = rest.drop { $0 != UInt8(ascii: ">") }
                return take(">")
            }
            let letters = rest.prefix { $0.isIdentifierStart }
            rest = rest.dropFirst(letters.count)
            return letters.count >= 3
        }

        mutating func number() -> Int64? {
            let digits = rest.prefix { $0.isDigit }
            rest = rest.dropFirst(digits.count)
            return digits.count > 4 ? nil : Int64(String(Substring(digits)))
        }

        /// `[+-]hours[:minutes[:seconds]]` in seconds.
        mutating func time() -> Int64? {
            let isNegative = take("-")
            if !isNegative { _ = take("+") }
            guard let hours = number() else { return nil }
            var total = hours * 3600
            if take(":") {
                guard let minutes = number() else { return nil }
                total += minutes * 60
                if take(":") {
                    guard let seconds = number() else { return nil }
                    total += seconds
                }
            }
            return isNegative ? -total : total
        }

        mutating func day() -> Day? {
            guard take(",") else { return nil }
            let form: Day.Form
            if take("M") {
                guard let month = number(), take("."), let week = number(), take("."), let day = number(),
                    (1...12).contains(month), (1...5).contains(week), (0...6).contains(day)
                else { return nil }
                form = .weekday(month: month, week: week, day: day)
            } else if take("J") {
                guard let day = number() else { return nil }
                form = .julian(day)
            } else {
                guard let day = number() else { return nil }
                form = .day(day)
            }
            guard take("/") else { return Day(form: form, seconds: 7200) }
            return time().map { Day(form: form, seconds: $0) }
        }
    }
}
