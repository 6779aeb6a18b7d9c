/// The least and the greatest size that a value can have: characters, bytes, elements or members.
///
/// All arithmetic saturates, except where the reference's own wraps around.
struct SizeEstimate: Equatable {
    var minimum: UInt64
    var maximum: UInt64

    static let unknown = SizeEstimate(minimum: 0, maximum: .max)
    static let one = SizeEstimate.exactly(1)
    static let zero = SizeEstimate.exactly(0)

    static func exactly(_ size: UInt64) -> SizeEstimate { SizeEstimate(minimum: size, maximum: size) }

    static func exactly(_ count: Int) -> SizeEstimate { .exactly(UInt64(clamping: count)) }

    static func upTo(_ maximum: UInt64) -> SizeEstimate { SizeEstimate(minimum: 0, maximum: maximum) }

    func union(_ other: SizeEstimate) -> SizeEstimate {
        SizeEstimate(minimum: min(minimum, other.minimum), maximum: max(maximum, other.maximum))
    }

    static func + (a: SizeEstimate, b: SizeEstimate) -> SizeEstimate {
        SizeEstimate(minimum: Cost.add(a.minimum, b.minimum), maximum: Cost.add(a.maximum, b.maximum))
    }

    static func * (a: SizeEstimate, b: SizeEstimate) -> SizeEstimate {
        SizeEstimate(minimum: Cost.multiply(a.minimum, b.minimum), maximum: Cost.multiply(a.maximum, b.maximum))
    }

    /// The greatest cost of visiting all of the value, at `factor` for each unit.
    func cost(_ factor: Double) -> UInt64 { Cost.multiply(maximum, by: factor) }
}

/// The sizes of the keys (or indices) and values of a list or map.
struct EntryEstimate: Equatable {
    var isList: Bool
    var key: SizeEstimate
    var value: SizeEstimate

    func union(_ other: EntryEstimate?) -> EntryEstimate? {
        guard let other else { return nil }
        return EntryEstimate(isList: isList, key: key.union(other.key), value: value.union(other.value))
    }
}

/// The unit costs of the reference, and arithmetic that stops at the largest number.
enum Cost {
    static let perCharacter = 0.1
    static let perPatternCharacter = 0.25
    static let list: UInt64 = 10
    static let map: UInt64 = 30
    static let message: UInt64 = 40
    /// The longest regular expression behind a named format, and the longest name of one.
    static let formatPattern = 128.0
    static let formatName: UInt64 = 64

    static func add(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }

    static func multiply(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? .max : product
    }

    /// The product, rounded up.
    static func multiply(_ a: UInt64, by factor: Double) -> UInt64 {
        UInt64(exactly: (Double(a) * factor).rounded(.up)) ?? .max
    }
}

/// The way from a variable to a value: `self`, `names`, `@items`.
///
/// Paths share memory as Go's slices do, because it shows: extending one path twice in place overwrites the first
/// extension, so that of two variables of a macro the key can have the path of the value.
struct CostPath {
    private final class Storage {
        var steps: [String]
        let capacity: Int

        init(_ steps: [String], capacity: Int) {
            self.steps = steps
            self.capacity = capacity
        }
    }

    private var storage: Storage
    private var count: Int

    init(_ name: String) {
        storage = Storage([name], capacity: 1)
        count = 1
    }

    var steps: ArraySlice<String> { storage.steps.prefix(count) }

    /// The same path in memory of its own.
    var copy: CostPath {
        var result = self
        result.storage = Storage(Array(steps), capacity: count)
        return result
    }

    /// The path with one more step; a path of that step alone if it was empty.
    static func extending(_ path: CostPath?, by step: String) -> CostPath {
        guard var path else { return CostPath(step) }
        if path.count < path.storage.capacity {
            if path.count < path.storage.steps.count {
                path.storage.steps[path.count] = step
            } else {
                path.storage.steps.append(step)
            }
        } else {
            path.storage = Storage(Array(path.steps) + [step], capacity: path.count * 2)
        }
        path.count += 1
        return path
    }
}
