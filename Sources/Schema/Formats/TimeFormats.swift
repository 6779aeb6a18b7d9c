internal import APIMachinery

/// Dates, times and durations.
enum TimeFormats {
    /// `2006-01-02`, a day that exists.
    static func isDate(_ text: String) -> Bool { isDate(Array(text.utf8)[...]) }

    private static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: 0x2D, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[1].count == 2, parts[2].count == 2,
            let year = ASCII.number(parts[0]), let month = ASCII.number(parts[1]), let day = ASCII.number(parts[2]),
            (1...12).contains(month), day >= 1
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day <= days[month - 1]
    }

    /// A date, `T`, and `15:04:05` with any fraction and `Z` or an offset.
    static func isDateTime(_ text: String) -> Bool {
        let bytes = text.utf8.map { ASCII.isLetter($0) ? $0 | 0x20 : $0 }
        let parts = bytes.split(separator: UInt8(ascii: "t"), omittingEmptySubsequences: false)
        guard bytes.count >= 4, parts.count >= 2, isDate(parts[0]) else { return false }
        let time = Array(parts[1])
        guard time.count >= 9, time[2] == 0x3A, time[5] == 0x3A, let hour = ASCII.number(time[0..<2]),
            let minute = ASCII.number(time[3..<5]), let second = ASCII.number(time[6..<8]), hour <= 23, minute <= 59,
            second <= 59
        else { return false }
        let tail = Array(time[8...])
        if isZone(tail[...]) { return true }
        // Whatever stands before the fraction's digits is taken for a decimal point.
        let digits = tail.dropFirst().prefix(while: ASCII.isDigit)
        return !digits.isEmpty && tail[0] != 0x0A && isZone(tail.dropFirst(1 + digits.count))
    }

    private static func isZone(_ bytes: ArraySlice<UInt8>) -> Bool {
        let zone = Array(bytes)
        if zone == [UInt8(ascii: "z")] { return true }
        return zone.count == 6 && (zone[0] == 0x2B || zone[0] == 0x2D) && zone[3] == 0x3A
            && [1, 2, 4, 5].allSatisfy { ASCII.isDigit(zone[$0]) }
    }

    /// A duration as Go writes it (`1h30m`), or numbers with units in words somewhere in the text (`5 minutes`).
    static func isDuration(_ text: String) -> Bool { duration(text) != nil }

    /// The nanoseconds of such a duration; beyond what 64 bits hold it is as long as they can say.
    static func duration(_ text: String) -> Int64? { goDuration(text) ?? wordyDuration(text) }

    private static let goUnits: [String: Int64] = [
        "ns": 1, "us": 1_000, "\u{B5}s": 1_000, "\u{3BC}s": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
        "m": 60_000_000_000, "h": 3_600_000_000_000,
    ]

    private static func goDuration(_ text: String) -> Int64? {
        var rest = text.utf8[...]
        let isNegative = rest.first == 0x2D
        if isNegative || rest.first == 0x2B { rest = rest.dropFirst() }
        if rest.elementsEqual([0x30]) { return 0 }
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            let whole = rest.prefix(while: ASCII.isDigit)
            rest = rest.dropFirst(whole.count)
            var fraction = rest[rest.startIndex..<rest.startIndex]
            if rest.first == 0x2E {
                rest = rest.dropFirst()
                fraction = rest.prefix(while: ASCII.isDigit)
                rest = rest.dropFirst(fraction.count)
            }
            let name = rest.prefix { $0 != 0x2E && !ASCII.isDigit($0) }
            rest = rest.dropFirst(name.count)
            guard !whole.isEmpty || !fraction.isEmpty, let unit = goUnits[String(Substring(name))] else { return nil }
            let count = whole.isEmpty ? 0 : Int64(String(Substring(whole)))
            guard let count else { return nil }
            let part = Double("0." + String(Substring(fraction)) + "0") ?? 0
            let (product, overflow) = count.multipliedReportingOverflow(by: unit)
            let (next, carried) = total.addingReportingOverflow(product)
            let (sum, carriedAgain) = next.addingReportingOverflow(Int64(clamping: part * Double(unit)))
            if overflow || carried || carriedAgain { return nil }
            total = sum
        }
        return isNegative ? -total : total
    }

    private static func wordyDuration(_ text: String) -> Int64? {
        let blanks = Array("\t\n\u{0C}\r ".utf8)
        var rest = text.utf8[...]
        var total: Int64?
        while let start = rest.firstIndex(where: ASCII.isDigit) {
            let digits = rest[start...].prefix(while: ASCII.isDigit)
            let unitStart = rest[digits.endIndex...].drop { blanks.contains($0) }
            // The micro sign is two bytes of UTF-8.
            let name = unitStart.prefix { ASCII.isLetter($0) || $0 == 0xC2 || $0 == 0xB5 }
            rest = rest[name.endIndex...]
            guard !name.isEmpty else { continue }
            guard let count = Int64(String(Substring(digits))) else { return nil }
            guard let unit = wordyUnit(String(decoding: name, as: UTF8.self).lowercased()) else { continue }
            total = (total ?? 0) &+ count &* unit
        }
        return total
    }

    /// Units have short names, and long ones that may have an ending.
    private static func wordyUnit(_ name: String) -> Int64? {
        let units: [(short: [String], long: String, nanoseconds: Int64)] = [
            (["ns"], "nano", 1), (["us", "\u{B5}s"], "micro", 1_000), (["ms"], "milli", 1_000_000),
            (["s"], "sec", 1_000_000_000), (["m"], "min", 60_000_000_000), (["h", "hr"], "hour", 3_600_000_000_000),
            (["d"], "day", 86_400_000_000_000), (["w", "wk"], "week", 604_800_000_000_000),
        ]
        return units.first { $0.short.contains(name) || name.hasPrefix($0.long) }?.nanoseconds
    }
}
