/// What `/proc/PID/stat` says about one process at one moment.
public struct ProcessEntry: Sendable, Hashable {
    public var pid: Int32
    public var parent: Int32
    public var session: Int32
    /// It has ended and its parent has not collected it yet.
    public var isZombie: Bool
    /// User and system time of the process itself, in clock ticks.
    public var cpuTicks: Int64
    /// The same of the children that it has waited for, with theirs.
    public var collectedTicks: Int64
    public var threads: Int64
    /// Ticks from boot to its start. Process ids are used again; together with this one names a process for good.
    public var startTicks: Int64
    public var virtualBytes: Int64
    public var residentPages: Int64

    /// A process with these figures.
    public init(
        pid: Int32,
        parent: Int32,
        session: Int32,
        isZombie: Bool = false,
        cpuTicks: Int64 = 0,
        collectedTicks: Int64 = 0,
        threads: Int64 = 1,
        startTicks: Int64 = 0,
        virtualBytes: Int64 = 0,
        residentPages: Int64 = 0
    ) {
        self.pid = pid
        self.parent = parent
        self.session = session
        self.isZombie = isZombie
        self.cpuTicks = cpuTicks
        self.collectedTicks = collectedTicks
        self.threads = threads
        self.startTicks = startTicks
        self.virtualBytes = virtualBytes
        self.residentPages = residentPages
    }

    /// Parses the line. The command in brackets may itself hold blanks and brackets: fields count from the last one.
    public init?(parsing line: [UInt8], pid: Int32) {
        guard let bracket = line.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        var state: UInt8 = 0
        var numbers: [Int64] = []
        numbers.reserveCapacity(24)
        var index = bracket + 1
        // proc(5): the third field, the first after the bracket, is the state; numbers follow.
        while index < line.count, numbers.count < 22 {
            let byte = line[index]
            if byte == UInt8(ascii: " ") {
                index += 1
            } else if byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte) {
                var value: Int64 = 0
                let negative = byte == UInt8(ascii: "-")
                if negative { index += 1 }
                while index < line.count, (0x30...0x39).contains(line[index]) {
                    value = value &* 10 &+ Int64(line[index] - 0x30)
                    index += 1
                }
                numbers.append(negative ? 0 &- value : value)
            } else {
                if numbers.isEmpty { state = byte }
                index += 1
            }
        }
        guard numbers.count >= 21 else { return nil }
        self.init(
            pid: pid,
            parent: Int32(truncatingIfNeeded: numbers[0]),
            session: Int32(truncatingIfNeeded: numbers[2]),
            isZombie: state == UInt8(ascii: "Z") || state == UInt8(ascii: "X"),
            cpuTicks: numbers[10] &+ numbers[11],
            collectedTicks: numbers[12] &+ numbers[13],
            threads: numbers[16],
            startTicks: numbers[18],
            virtualBytes: numbers[19],
            residentPages: numbers[20]
        )
    }
}
