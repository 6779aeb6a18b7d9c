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
    static func isDuration(_ text: String) -> Bool { isGoDuration(text) || isWordyDuration(text) }

    private static func isGoDuration(_ text: String) -> Bool {
        var rest = text.utf8[...]
        if rest.first == 0x2B || rest.first == 0x2D { rest = rest.dropFirst() }
        if rest.elementsEqual([0x30]) { return true }
        guard !rest.isEmpty else { return false }
        let units: [[UInt8]] = ["ns", "us", "\u{B5}s", "\u{3BC}s", "ms", "s", "m", "h"].map { Array($0.utf8) }
        while !rest.isEmpty {
            let whole = rest.prefix(while: ASCII.isDigit)
            rest = rest.dropFirst(whole.count)
            var fraction = rest[rest.startIndex..<rest.startIndex]
            if rest.first == 0x2E {
                rest = rest.dropFirst()
                fraction = rest.prefix(while: ASCII.isDigit)
                rest = rest.dropFirst(fraction.count)
            }
            let unit = rest.prefix { $0 != 0x2E && !ASCII.isDigit($0) }
            guard !whole.isEmpty || !fraction.isEmpty, whole.count <= 19, units.contains(Array(unit)) else {
                return false
            }
            rest = rest.dropFirst(unit.count)
        }
        return true
    }

    private static func isWordyDuration(_ text: String) -> Bool {
        let blanks = Array("\t\n\u{0C}\r ".utf8)
        let names = ["ns", "us", "\u{B5}s", "ms", "s", "m", "h", "hr", "d", "w", "wk"]
        let prefixes = ["nano", "micro", "milli", "sec", "min", "hour", "day", "week"]
        var rest = text.utf8[...]
        var found = false
        while let start = rest.firstIndex(where: ASCII.isDigit) {
            let digits = rest[start...].prefix(while: ASCII.isDigit)
            let unitStart = rest[digits.endIndex...].drop { blanks.contains($0) }
            // The micro sign is two bytes of UTF-8.
            let unit = unitStart.prefix { ASCII.isLetter($0) || $0 == 0xC2 || $0 == 0xB5 }
            rest = rest[unit.endIndex...]
            guard !unit.isEmpty else { continue }
            if digits.count > 18 { return false }
            let name = String(decoding: unit, as: UTF8.self).lowercased()
            if names.contains(name) || prefixes.contains(where: name.hasPrefix) { found = true }
        }
        return found
    }
}
