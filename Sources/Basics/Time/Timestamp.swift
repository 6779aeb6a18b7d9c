private import Glibc

/// A moment in time with nanoseconds, written as Kubernetes writes times: RFC 3339 in UTC.
///
/// `Codable` as whole seconds (`metav1.Time`); `MicroTime` is the variant of Events and Leases.
///
/// Always within the years 0 to 9999, which is what RFC 3339 can express: a moment outside becomes the nearest one
/// inside. Arithmetic on moments can therefore not overflow, whatever durations others have asked for.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    public let seconds: Int64
    /// The rest, 0 to 999,999,999.
    public let nanoseconds: Int32

    /// The first moment, 0000-01-01T00:00:00Z.
    public static let earliest = Timestamp(seconds: bounds.lowerBound)
    /// The last moment, 9999-12-31T23:59:59.999999999Z.
    public static let latest = Timestamp(seconds: bounds.upperBound, nanoseconds: 999_999_999)

    private static let bounds: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// The moment that many seconds and nanoseconds after 1970; surplus nanoseconds are carried over.
    public init(seconds: Int64, nanoseconds: Int64 = 0) {
        let (carry, rest) = nanoseconds.dividedRoundingDown(by: 1_000_000_000)
        let sum = seconds.saturatingAdd(carry)
        self.seconds = min(max(sum, Self.bounds.lowerBound), Self.bounds.upperBound)
        self.nanoseconds =
            sum < Self.bounds.lowerBound ? 0 : sum > Self.bounds.upperBound ? 999_999_999 : Int32(clamping: rest)
    }

    /// What the system's clock shows.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: Int64(time.tv_nsec))
    }

    /// Microseconds since 1970, for storage in one integer.
    public var microseconds: Int64 { seconds * 1_000_000 + Int64(nanoseconds) / 1000 }

    /// Milliseconds since 1970.
    public var milliseconds: Int64 { seconds * 1000 + Int64(nanoseconds) / 1_000_000 }

    /// The moment that many microseconds after 1970.
    public init(microseconds: Int64) {
        let (whole, rest) = microseconds.dividedRoundingDown(by: 1_000_000)
        self.init(seconds: whole, nanoseconds: rest * 1000)
    }

    public static func < (lhs: Timestamp, rhs: Timestamp) -> Bool {
        (lhs.seconds, lhs.nanoseconds) < (rhs.seconds, rhs.nanoseconds)
    }

    /// The moment that much later (earlier, if negative), or the nearest there is.
    public func advanced(by duration: Duration) -> Timestamp {
        let (whole, attoseconds) = duration.components
        return Timestamp(
            seconds: seconds.saturatingAdd(whole),
            nanoseconds: Int64(nanoseconds) + attoseconds / 1_000_000_000
        )
    }

    /// How much time has passed since an earlier moment; negative if it is a later one.
    public func since(_ earlier: Timestamp) -> Duration {
        .seconds(seconds - earlier.seconds) + .nanoseconds(Int64(nanoseconds) - Int64(earlier.nanoseconds))
    }

    /// The moment without its fraction of a second, as it survives being written to an object.
    public var truncatedToSeconds: Timestamp { Timestamp(seconds: seconds) }
}

extension Timestamp: CustomStringConvertible {
    /// `2026-01-02T03:04:05Z`
    public var rfc3339: String { format(fractionDigits: 0) }

    /// `2026-01-02T03:04:05.000Z`
    public var rfc3339Milli: String { format(fractionDigits: 3) }

    /// `2026-01-02T03:04:05.000000Z`
    public var rfc3339Micro: String { format(fractionDigits: 6) }

    /// `2026-01-02T03:04:05.000000000Z`
    public var rfc3339Nano: String { format(fractionDigits: 9) }

    public var description: String { nanoseconds == 0 ? rfc3339 : rfc3339Nano }

    private func format(fractionDigits: Int) -> String {
        let (days, inDay) = seconds.dividedRoundingDown(by: 86400)
        let (year, month, day) = Self.civil(fromDays: days)
        var text: [UInt8] = []
        text.reserveCapacity(32)
        func append(_ value: Int64, width: Int) {
            let digits = String(value)
            text.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: Swift.max(0, width - digits.utf8.count)))
            text.append(contentsOf: digits.utf8)
        }
        append(year, width: 4)
        text.append(UInt8(ascii: "-"))
        append(month, width: 2)
        text.append(UInt8(ascii: "-"))
        append(day, width: 2)
        text.append(UInt8(ascii: "T"))
        append(inDay / 3600, width: 2)
        text.append(UInt8(ascii: ":"))
        append(inDay / 60 % 60, width: 2)
        text.append(UInt8(ascii: ":"))
        append(inDay % 60, width: 2)
        if fractionDigits > 0 {
            text.append(UInt8(ascii: "."))
            let divisor: Int64 = fractionDigits == 3 ? 1_000_000 : fractionDigits == 6 ? 1000 : 1
            append(Int64(nanoseconds) / divisor, width: fractionDigits)
        }
        text.append(UInt8(ascii: "Z"))
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads an RFC 3339 time with any offset and any number of fractional digits.
    public init?(rfc3339 text: String) {
        var rest = Substring(text).utf8
        func number(_ width: Int) -> Int64? {
            guard rest.count >= width else { return nil }
            var value: Int64 = 0
            for byte in rest.prefix(width) {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
            }
            rest = rest.dropFirst(width)
            return value
        }
        func mark(_ allowed: String) -> UInt8? {
            guard let byte = rest.first, allowed.utf8.contains(byte) else { return nil }
            rest = rest.dropFirst()
            return byte
        }
        guard let year = number(4), mark("-") != nil, let month = number(2), mark("-") != nil, let day = number(2),
            mark("Tt") != nil, let hour = number(2), mark(":") != nil, let minute = number(2), mark(":") != nil,
            let second = number(2), (1...12).contains(month), day >= 1, day <= Self.daysInMonth(year, month),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var nanoseconds: Int64 = 0
        if mark(".,") != nil {
            var digits = 0
            while let byte = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                if digits < 9 { nanoseconds = nanoseconds * 10 + Int64(byte - UInt8(ascii: "0")) }
                digits += 1
                rest = rest.dropFirst()
            }
            guard digits > 0 else { return nil }
            for _ in Swift.min(digits, 9)..<9 { nanoseconds *= 10 }
        }
        var offset: Int64 = 0
        guard let zone = mark("Zz+-") else { return nil }
        if zone == UInt8(ascii: "+") || zone == UInt8(ascii: "-") {
            guard let hours = number(2), mark(":") != nil, let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            offset = (hours * 3600 + minutes * 60) * (zone == UInt8(ascii: "-") ? -1 : 1)
        }
        guard rest.isEmpty else { return nil }
        let days = Self.days(fromCivil: year, month, day)
        let seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset
        // An offset can lead out of the years that can be written.
        guard Self.bounds.contains(seconds) else { return nil }
        self.init(seconds: seconds, nanoseconds: nanoseconds)
    }

    private static func daysInMonth(_ year: Int64, _ month: Int64) -> Int64 {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return switch month {
        case 2: isLeap ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1970 of a date in the proleptic Gregorian calendar, counted in 400-year eras from March.
    public static func days(fromCivil year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The date of a day counted from 1970; the inverse of `days(fromCivil:)`.
    public static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}

extension Timestamp: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Timestamp(rfc3339: text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is not a time such as 2026-01-02T03:04:05Z"
            )
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rfc3339)
    }
}

/// A moment that is written with six fractional digits, as Events and Leases have them (`metav1.MicroTime`).
public struct MicroTime: Sendable, Hashable, Comparable, Codable {
    /// The moment.
    public var timestamp: Timestamp

    /// That moment, to be written with microseconds.
    public init(_ timestamp: Timestamp) { self.timestamp = timestamp }

    public static func < (lhs: MicroTime, rhs: MicroTime) -> Bool { lhs.timestamp < rhs.timestamp }

    public init(from decoder: any Decoder) throws { timestamp = try Timestamp(from: decoder) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(timestamp.rfc3339Micro)
    }
}
