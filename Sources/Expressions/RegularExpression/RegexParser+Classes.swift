extension RegexParser {
    /// A class in brackets.
    mutating func characterClass() throws(RegularExpressionError) -> ScalarSet {
        let start = position
        position += 1
        var set = ScalarSet()
        let isNegated = take("^")
        var isFirst = true
        while isFirst || peek() != "]" {
            guard peek() != nil else { throw failure("missing closing ]", from: start) }
            isFirst = false
            if try asciiClass(into: &set) { continue }
            if try unicodeClass(into: &set) { continue }
            if perlClass(into: &set) { continue }
            try range(into: &set, classStart: start)
        }
        position += 1
        if isNegated { set.negate() }
        set.finish()
        return set
    }

    /// One character or a range, with its other cases if case is ignored.
    private mutating func range(into set: inout ScalarSet, classStart: Int) throws(RegularExpressionError) {
        let start = position
        let low = try classScalar(classStart)
        var high = low
        if peek() == "-", let next = peek(1), next != "]" {
            position += 1
            high = try classScalar(classStart)
            if high < low { throw failure("invalid character class range", from: start, to: position) }
        }
        set.insert(folded([low...high]), negated: false)
    }

    /// A character that may begin or end a range; a class such as `\\d` may not.
    private mutating func classScalar(_ classStart: Int) throws(RegularExpressionError) -> UInt32 {
        guard let scalar = peek() else { throw failure("missing closing ]", from: classStart) }
        if scalar == "\\" { return try escape() }
        position += 1
        return scalar.value
    }

    private func folded(_ ranges: [ScalarSet.Range]) -> [ScalarSet.Range] {
        flags.ignoresCase ? CaseFolding.folded(ranges) : ranges
    }

    /// `\d`, `\s`, `\w` and their opposites; only ASCII, as everywhere in RE2.
    mutating func perlClass(into set: inout ScalarSet) -> Bool {
        guard peek() == "\\", let name = peek(1) else { return false }
        let ranges: [ScalarSet.Range]
        switch name {
        case "d", "D": ranges = Self.digits
        case "s", "S": ranges = [0x09...0x0A, 0x0C...0x0D, 0x20...0x20]
        case "w", "W": ranges = Self.word
        default: return false
        }
        position += 2
        set.insert(folded(ranges), negated: name.properties.isUppercase)
        return true
    }

    private static let digits: [ScalarSet.Range] = [0x30...0x39]
    private static let upper: [ScalarSet.Range] = [0x41...0x5A]
    private static let lower: [ScalarSet.Range] = [0x61...0x7A]
    private static let word: [ScalarSet.Range] = digits + upper + [0x5F...0x5F] + lower

    private static let asciiClasses: [String: [ScalarSet.Range]] = [
        "alnum": digits + upper + lower, "alpha": upper + lower, "ascii": [0...0x7F],
        "blank": [0x09...0x09, 0x20...0x20], "cntrl": [0...0x1F, 0x7F...0x7F], "digit": digits,
        "graph": [0x21...0x7E], "lower": lower, "print": [0x20...0x7E],
        "punct": [0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E], "space": [0x09...0x0D, 0x20...0x20],
        "upper": upper, "word": word, "xdigit": digits + [0x41...0x46, 0x61...0x66],
    ]

    /// `[:alpha:]` or `[:^alpha:]` inside of brackets.
    private mutating func asciiClass(into set: inout ScalarSet) throws(RegularExpressionError) -> Bool {
        guard peek() == "[", peek(1) == ":" else { return false }
        let start = position
        var end = position + 2
        while end + 1 < scalars.count, !(scalars[end] == ":" && scalars[end + 1] == "]") { end += 1 }
        guard end + 1 < scalars.count else { return false }
        var name = String.UnicodeScalarView()
        name.append(contentsOf: scalars[(start + 2)..<end])
        let isNegated = name.first == "^"
        guard let ranges = Self.asciiClasses[String(isNegated ? name.dropFirst() : name[...])] else {
            throw failure("invalid character class range", from: start, to: end + 2)
        }
        position = end + 2
        set.insert(folded(ranges), negated: isNegated)
        return true
    }

    /// `\pL`, `\p{Greek}`, `\P{…}`, `\p{^…}`.
    mutating func unicodeClass(into set: inout ScalarSet) throws(RegularExpressionError) -> Bool {
        guard peek() == "\\", let kind = peek(1), kind == "p" || kind == "P" else { return false }
        let start = position
        position += 2
        var isNegated = kind == "P"
        var name = String.UnicodeScalarView()
        if take("{") {
            while let scalar = peek(), scalar != "}" {
                name.append(scalar)
                position += 1
            }
            guard take("}") else { throw failure("invalid character class range", from: start) }
            if name.first == "^" {
                isNegated.toggle()
                name.removeFirst()
            }
        } else if let scalar = peek() {
            name.append(scalar)
            position += 1
        }
        guard let property = ScalarSet.Property(named: String(name)) else {
            throw failure("invalid character class range", from: start, to: position)
        }
        set.insert(property, negated: isNegated, ignoresCase: flags.ignoresCase)
        return true
    }

    /// One escaped character. Back-references are refused, as is everything that RE2 gives no meaning.
    mutating func escape() throws(RegularExpressionError) -> UInt32 {
        let start = position
        position += 1
        guard let scalar = peek() else { throw failure("trailing backslash at end of expression", from: scalars.count) }
        position += 1
        switch scalar {
        case "a": return 0x07
        case "f": return 0x0C
        case "n": return 0x0A
        case "r": return 0x0D
        case "t": return 0x09
        case "v": return 0x0B
        case "1"..."7":
            guard let next = peek(), ("0"..."7").contains(next) else { break }
            return octal(from: scalar)
        case "0": return octal(from: scalar)
        case "x":
            if let value = hexadecimal() { return value }
        default:
            if scalar.value < 0x80, scalar == "_" || !Self.isWord(scalar.value) { return scalar.value }
        }
        throw failure("invalid escape sequence", from: start, to: position)
    }

    /// Up to three octal digits.
    private mutating func octal(from first: UnicodeScalar) -> UInt32 {
        var value = first.value - 0x30
        for _ in 0..<2 {
            guard let next = peek(), ("0"..."7").contains(next) else { break }
            value = value * 8 + next.value - 0x30
            position += 1
        }
        return value
    }

    /// `\x41` or `\x{1F600}`.
    private mutating func hexadecimal() -> UInt32? {
        func digit(_ scalar: UnicodeScalar?) -> UInt32? {
            scalar.flatMap { $0.value < 0x80 ? UInt8($0.value).hexValue : nil }
        }
        if take("{") {
            var value: UInt32 = 0
            var count = 0
            while let next = digit(peek()) {
                value = value * 16 + next
                if value > ScalarSet.maximum { return nil }
                position += 1
                count += 1
            }
            return count > 0 && take("}") ? value : nil
        }
        guard let high = digit(peek()), let low = digit(peek(1)) else { return nil }
        position += 2
        return high * 16 + low
    }
}
