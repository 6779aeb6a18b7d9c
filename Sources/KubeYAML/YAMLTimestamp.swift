/// Which texts `!!timestamp` accepts; they stay texts.
enum YAMLTimestamp {
    /// `2006-1-2`, `2006-1-2T15:4:5.9Z`, `2006-1-2t15:4:5+07:00`, `2006-1-2 15:4:5.9`
    static func isTimestamp(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        guard let year = number(&rest, digits: 4...4), take(&rest, "-"), let month = number(&rest, digits: 1...2),
            take(&rest, "-"), let day = number(&rest, digits: 1...2), (1...12).contains(month),
            (1...daysInMonth(month, year: year)).contains(day)
        else { return false }
        if rest.isEmpty { return true }
        let hasZone = rest.first != UInt8(ascii: " ")
        guard take(&rest, "T") || take(&rest, "t") || take(&rest, " "),
            let hour = number(&rest, digits: 1...2), take(&rest, ":"), let minute = number(&rest, digits: 1...2),
            take(&rest, ":"), let second = number(&rest, digits: 1...2), hour < 24, minute < 60, second < 60
        else { return false }
        if take(&rest, "."), number(&rest, digits: 1...18) == nil { return false }
        if !hasZone { return rest.isEmpty }
        if take(&rest, "Z") { return rest.isEmpty }
        guard take(&rest, "+") || take(&rest, "-"), let zoneHour = number(&rest, digits: 2...2), take(&rest, ":"),
            let zoneMinute = number(&rest, digits: 2...2)
        else { return false }
        return rest.isEmpty && zoneHour <= 24 && zoneMinute < 60
    }

    private static func daysInMonth(_ month: Int, year: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    private static func take(_ rest: inout ArraySlice<UInt8>, _ character: Unicode.Scalar) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, digits: ClosedRange<Int>) -> Int? {
        let found = rest.prefix(digits.upperBound).prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard digits.contains(found.count) else { return nil }
        rest = rest[found.endIndex...]
        return Int(String(decoding: found, as: UTF8.self))
    }
}
