internal import APIMachinery

extension ZonedTimestamp {
    /// The seconds that a timestamp can have: the years 1 to 9999.
    static let range: ClosedRange<Int64> = -62_135_596_800...253_402_300_799

    /// Reads an RFC 3339 time as Go does: capital T and Z, an hour of one or two digits, a fraction of any length.
    ///
    /// - Throws: an overflow if it lies outside the range.
    init?(rfc3339 text: String) throws(EvaluationFailure) {
        var rest = Substring(text).utf8
        func number(_ widths: ClosedRange<Int>) -> Int64? {
            let digits = rest.prefix(widths.upperBound).prefix { $0.isDigit }
            guard digits.count >= widths.lowerBound, let value = Int64(String(Substring(digits))) else { return nil }
            rest = rest.dropFirst(digits.count)
            return value
        }
        func mark(_ allowed: String) -> UInt8? {
            guard let byte = rest.first, allowed.utf8.contains(byte) else { return nil }
            rest = rest.dropFirst()
            return byte
        }
        guard let year = number(4...4), mark("-") != nil, let month = number(2...2), mark("-") != nil,
            let day = number(2...2), mark("T") != nil, let hour = number(1...2), mark(":") != nil,
            let minute = number(2...2), mark(":") != nil, let second = number(2...2), (1...12).contains(month),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var nanoseconds: Int64 = 0
        if let next = rest.dropFirst().first, next.isDigit, mark(".,") != nil {
            let digits = rest.prefix { $0.isDigit }
            rest = rest.dropFirst(digits.count)
            let nine = (String(Substring(digits)) + "000000000").prefix(9)
            nanoseconds = Int64(nine) ?? 0
        }
        var offset: Int64 = 0
        guard let zone = mark("Z+-") else { return nil }
        if zone != UInt8(ascii: "Z") {
            guard let hours = number(2...2), mark(":") != nil, let minutes = number(2...2), hours <= 24, minutes <= 60
            else { return nil }
            offset = (hours * 3600 + minutes * 60) * (zone == UInt8(ascii: "-") ? -1 : 1)
        }
        let days = Timestamp.days(fromCivil: year, month, day)
        // A day that the month does not have comes back as another one.
        guard rest.isEmpty, Timestamp.civil(fromDays: days) == (year, month, day) else { return nil }
        let seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset
        guard Self.range.contains(seconds) else { throw Arithmetic.timestampOverflow }
        self.init(Timestamp(seconds: seconds, nanoseconds: nanoseconds), offsetSeconds: Int32(offset))
    }

    /// RFC 3339 in the offset in which the time was written, with as many digits of the fraction as it has.
    var text: String {
        let calendar = CalendarDate(instant, offsetSeconds: Int64(offsetSeconds))
        func pad(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
        }
        var result = "\(pad(calendar.year, 4))-\(pad(calendar.month, 2))-\(pad(calendar.day, 2))"
        result += "T\(pad(calendar.hour, 2)):\(pad(calendar.minute, 2)):\(pad(calendar.second, 2))"
        if instant.nanoseconds != 0 {
            var fraction = pad(Int64(instant.nanoseconds), 9)
            while fraction.hasSuffix("0") { fraction.removeLast() }
            result += "." + fraction
        }
        if offsetSeconds == 0 { return result + "Z" }
        let minutes = Int64(abs(offsetSeconds)) / 60
        return result + (offsetSeconds < 0 ? "-" : "+") + "\(pad(minutes / 60, 2)):\(pad(minutes % 60, 2))"
    }
}

/// A moment taken apart in some offset from UTC.
struct CalendarDate {
    var year: Int64
    var month: Int64
    var day: Int64
    var hour: Int64
    var minute: Int64
    var second: Int64
    /// Days since 1970, for the day of the week and of the year.
    var days: Int64

    init(_ instant: Timestamp, offsetSeconds: Int64) {
        // Far beyond the years that are shown, only so that nothing overflows.
        let local = max(-(1 << 55), min(1 << 55, instant.seconds)) + offsetSeconds
        days = local >= 0 ? local / 86400 : (local - 86399) / 86400
        let inDay = local - days * 86400
        (year, month, day) = Timestamp.civil(fromDays: days)
        hour = inDay / 3600
        minute = inDay / 60 % 60
        second = inDay % 60
    }

    /// Sunday is 0.
    var dayOfWeek: Int64 { ((days + 4) % 7 + 7) % 7 }

    /// The first of January is 0.
    var dayOfYear: Int64 { days - Timestamp.days(fromCivil: year, 1, 1) }
}
