#if canImport(Glibc)
    private import Glibc
#endif
internal import Synchronization

/// The system's time zone database, read once a zone.
enum TimeZoneDatabase {
    private static let zones = Mutex<[String: TimeZoneRules?]>([:])

    /// The rules of the zone `Europe/Berlin`; `nil` if the database has none of that name.
    static func zone(named name: String) -> TimeZoneRules? {
        if name.isEmpty || name == "UTC" { return .utc }
        // The name is part of a path.
        guard !name.hasPrefix("/"), !name.contains("\\"), !name.contains(".."), !name.contains("\0") else { return nil }
        return zones.withLock { zones in
            if let known = zones[name] { return known }
            let rules = read("/usr/share/zoneinfo/" + name).flatMap { TimeZoneRules(data: $0) }
            // Expressions choose the names: what they make up must not fill the memory.
            if zones.count < 1000 { zones[name] = .some(rules) }
            return rules
        }
    }

    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        // The largest file of the database has a few kilobytes.
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        let length = fread(&buffer, 1, buffer.count, file)
        return Array(buffer.prefix(length))
    }
}

/// The offsets of one time zone, as RFC 8536 files have them.
struct TimeZoneRules: Sendable {
    private var transitions: [(at: Int64, offset: Int64)] = []
    private var initialOffset: Int64 = 0
    /// The rule for all times after the last transition.
    private var footer: RecurringZoneRule?

    static let utc = TimeZoneRules()

    private init() {}

    /// Reads a file of the database; `nil` if it is not in the TZif format.
    init?(data: [UInt8]) {
        var reader = Reader(bytes: data)
        guard let first = Header(&reader) else { return nil }
        var header = first
        var wide = false
        if header.version >= UInt8(ascii: "2") {
            reader.position += header.bodySize(timeSize: 4)
            guard let second = Header(&reader) else { return nil }
            header = second
            wide = true
        }
        guard header.typeCount > 0, reader.position + header.bodySize(timeSize: wide ? 8 : 4) <= data.count else {
            return nil
        }
        let times = (0..<header.timeCount).map { _ in wide ? reader.int64() : Int64(reader.int32()) }
        let indices = (0..<header.timeCount).map { _ in Int(reader.byte()) }
        var types: [(offset: Int64, isDaylight: Bool)] = []
        for _ in 0..<header.typeCount {
            let offset = Int64(reader.int32())
            types.append((offset, reader.byte() != 0))
            reader.position += 1
        }
        for (time, index) in zip(times, indices) where index < types.count {
            transitions.append((time, types[index].offset))
        }
        initialOffset = (types.first { !$0.isDaylight } ?? types[0]).offset
        reader.position += header.bodySizeAfterTypes(timeSize: wide ? 8 : 4)
        if wide, reader.position < data.count {
            let line = data[(reader.position + 1)...].prefix { $0 != 0x0A }
            footer = RecurringZoneRule(String(decoding: line, as: UTF8.self))
        }
    }

    /// Seconds east of UTC at a moment, given in seconds since 1970.
    func offset(at seconds: Int64) -> Int64 {
        guard let last = transitions.last else { return footer?.offset(at: seconds) ?? initialOffset }
        if seconds >= last.at { return footer?.offset(at: seconds) ?? last.offset }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? initialOffset : transitions[low - 1].offset
    }

    /// The counts at the head of each of the two blocks of a file.
    private struct Header {
        var version: UInt8
        var utcCount: Int
        var standardCount: Int
        var leapCount: Int
        var timeCount: Int
        var typeCount: Int
        var nameSize: Int

        init?(_ reader: inout Reader) {
            guard reader.position + 44 <= reader.bytes.count,
                reader.bytes[reader.position..<reader.position + 4].elementsEqual("TZif".utf8)
            else { return nil }
            version = reader.bytes[reader.position + 4]
            reader.position += 20
            let counts = (0..<6).map { _ in Int(reader.int32()) }
            guard counts.allSatisfy({ $0 >= 0 && $0 < 1 << 20 }) else { return nil }
            (utcCount, standardCount, leapCount) = (counts[0], counts[1], counts[2])
            (timeCount, typeCount, nameSize) = (counts[3], counts[4], counts[5])
        }

        func bodySize(timeSize: Int) -> Int {
            timeCount * (timeSize + 1) + typeCount * 6 + bodySizeAfterTypes(timeSize: timeSize)
        }

        func bodySizeAfterTypes(timeSize: Int) -> Int {
            nameSize + leapCount * (timeSize + 4) + standardCount + utcCount
        }
    }

    /// Big-endian numbers, one after the other; zeros beyond the end.
    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        mutating func byte() -> UInt8 {
            defer { position += 1 }
            return position < bytes.count ? bytes[position] : 0
        }

        mutating func int32() -> Int32 {
            var value: UInt32 = 0
            for _ in 0..<4 { value = value << 8 | UInt32(byte()) }
            return Int32(bitPattern: value)
        }

        mutating func int64() -> Int64 {
            var value: UInt64 = 0
            for _ in 0..<8 { value = value << 8 | UInt64(byte()) }
            return Int64(bitPattern: value)
        }
    }
}
