/// A set of code points: ranges, and Unicode properties that are looked up when a text is matched.
struct ScalarSet: Sendable {
    typealias Range = ClosedRange<UInt32>

    /// A property of code points that is too large to be written out as ranges.
    enum Property: Sendable {
        case categories(Set<Unicode.GeneralCategory>)
        case script([Range])
    }

    /// A property as a member of the set.
    private struct Item: Sendable {
        var property: Property
        var isNegated: Bool
        /// Whether all letters that differ from a member only in case are members.
        var ignoresCase: Bool

        func contains(_ value: UInt32) -> Bool {
            var found = property.contains(value)
            if !found, ignoresCase { found = CaseFolding.others(of: value).contains { property.contains($0) } }
            return found != isNegated
        }
    }

    private(set) var ranges: [Range] = []
    private var items: [Item] = []
    private var isNegated = false
    /// Membership of the first 128 code points, filled in by `finish()`.
    private var ascii: (UInt64, UInt64) = (0, 0)

    static let maximum: UInt32 = 0x10FFFF

    mutating func insert(_ range: Range) { ranges.append(range) }

    /// Adds ranges, or everything but them.
    mutating func insert(_ other: [Range], negated: Bool) {
        ranges.append(contentsOf: negated ? Self.complement(of: Self.normalized(other)) : other)
    }

    mutating func insert(_ property: Property, negated: Bool, ignoresCase: Bool) {
        items.append(Item(property: property, isNegated: negated, ignoresCase: ignoresCase))
    }

    mutating func negate() { isNegated.toggle() }

    /// Brings the set into the form in which it is searched.
    mutating func finish() {
        ranges = Self.normalized(ranges)
        for value in UInt32(0)..<128 where lookUp(value) {
            if value < 64 { ascii.0 |= 1 << UInt64(value) } else { ascii.1 |= 1 << UInt64(value - 64) }
        }
    }

    @inline(__always)
    func contains(_ value: UInt32) -> Bool {
        if value < 64 { return ascii.0 >> UInt64(value) & 1 == 1 }
        if value < 128 { return ascii.1 >> UInt64(value - 64) & 1 == 1 }
        return lookUp(value)
    }

    private func lookUp(_ value: UInt32) -> Bool {
        (Self.contains(ranges, value) || items.contains { $0.contains(value) }) != isNegated
    }

    /// Whether normalized ranges have a code point, by halving.
    static func contains(_ ranges: [Range], _ value: UInt32) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= value
    }

    /// Sorted, without overlaps.
    static func normalized(_ ranges: [Range]) -> [Range] {
        var result: [Range] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = result.last, UInt64(range.lowerBound) <= UInt64(last.upperBound) + 1 {
                result[result.count - 1] = last.lowerBound...Swift.max(last.upperBound, range.upperBound)
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// All code points between the ranges, which must be normalized.
    private static func complement(of ranges: [Range]) -> [Range] {
        var result: [Range] = []
        var next: UInt32 = 0
        for range in ranges {
            if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
            next = range.upperBound + 1
        }
        if next <= maximum { result.append(next...maximum) }
        return result
    }
}

extension ScalarSet.Property {
    func contains(_ value: UInt32) -> Bool {
        switch self {
        case .script(let ranges): return ScalarSet.contains(ranges, value)
        case .categories(let categories):
            guard let scalar = UnicodeScalar(value) else { return false }
            return categories.contains(scalar.properties.generalCategory)
        }
    }

    /// The property of that name: a general category such as `L` or `Lu`, or a script such as `Han`.
    init?(named name: String) {
        if let categories = Self.categories[name] {
            self = .categories(categories)
        } else if let ranges = UnicodeScripts.ranges(of: name) {
            self = .script(ranges)
        } else {
            return nil
        }
    }

    private static let categories: [String: Set<Unicode.GeneralCategory>] = {
        var result: [String: Set<Unicode.GeneralCategory>] = [
            "Lu": [.uppercaseLetter], "Ll": [.lowercaseLetter], "Lt": [.titlecaseLetter], "Lm": [.modifierLetter],
            "Lo": [.otherLetter], "Mn": [.nonspacingMark], "Mc": [.spacingMark], "Me": [.enclosingMark],
            "Nd": [.decimalNumber], "Nl": [.letterNumber], "No": [.otherNumber], "Pc": [.connectorPunctuation],
            "Pd": [.dashPunctuation], "Ps": [.openPunctuation], "Pe": [.closePunctuation],
            "Pi": [.initialPunctuation], "Pf": [.finalPunctuation], "Po": [.otherPunctuation],
            "Sm": [.mathSymbol], "Sc": [.currencySymbol], "Sk": [.modifierSymbol], "So": [.otherSymbol],
            "Zs": [.spaceSeparator], "Zl": [.lineSeparator], "Zp": [.paragraphSeparator], "Cc": [.control],
            "Cf": [.format], "Cs": [.surrogate], "Co": [.privateUse],
        ]
        for (name, categories) in result { result[String(name.prefix(1)), default: []].formUnion(categories) }
        return result
    }()
}
