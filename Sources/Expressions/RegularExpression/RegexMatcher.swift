/// Follows all paths of a program through a text at once, in the order in which the pattern prefers them.
///
/// Each character is looked at once for each instruction at most, whatever the pattern.
struct RegexMatcher {
    let program: RegexProgram
    let text: UnsafeBufferPointer<UInt8>

    /// Paths at one position of the text, the preferred ones first.
    private struct Threads {
        var places: [Int] = []
        var starts: [Int] = []
        /// For each instruction the position at which it was last added, plus one.
        var marks: [Int]
        /// Places to be added, the next one last.
        var pending: [Int] = []

        init(count: Int) { marks = Array(repeating: 0, count: count) }

        mutating func removeAll() {
            places.removeAll(keepingCapacity: true)
            starts.removeAll(keepingCapacity: true)
        }
    }

    /// The first match that begins at or after a byte; just any one that proves there is a match, if its range is
    /// not needed.
    func search(from start: Int, needsRange: Bool) -> Range<Int>? {
        var current = Threads(count: program.instructions.count)
        var next = Threads(count: program.instructions.count)
        var position = start
        var found: Range<Int>?
        var previous = scalarBefore(start)
        while true {
            if current.places.isEmpty {
                if found != nil || (program.isAnchored && position > 0) { break }
                if let byte = program.firstByte {
                    guard let skipped = text[position...].firstIndex(of: byte) else { break }
                    if skipped > position {
                        position = skipped
                        previous = scalarBefore(position)
                    }
                }
            }
            let (scalar, width) = scalar(at: position)
            if found == nil, !(program.isAnchored && position > 0) {
                add(0, start: position, to: &current, at: position, previous, scalar)
            }
            next.removeAll()
            step: for index in current.places.indices {
                let place = current.places[index]
                let advances: Bool
                switch program.instructions[place] {
                case .match:
                    found = current.starts[index]..<position
                    if !needsRange { return found }
                    // What comes after is less preferred.
                    break step
                case .scalar(let value): advances = scalar == value
                case .set(let set): advances = scalar.map { program.sets[set].contains($0) } ?? false
                case .any: advances = scalar != nil
                case .anyExceptLineFeed: advances = scalar != nil && scalar != 0x0A
                case .split, .jump, .assertion: advances = false
                }
                if advances {
                    let after = self.scalar(at: position + width).value
                    add(place + 1, start: current.starts[index], to: &next, at: position + width, scalar, after)
                }
            }
            if scalar == nil { break }
            swap(&current, &next)
            previous = scalar
            position += width
        }
        return found
    }

    /// Adds a place and all that can be reached from it without reading, the preferred first.
    private func add(
        _ place: Int,
        start: Int,
        to threads: inout Threads,
        at position: Int,
        _ previous: UInt32?,
        _ following: UInt32?
    ) {
        threads.pending.append(place)
        while let place = threads.pending.popLast() {
            if threads.marks[place] == position + 1 { continue }
            threads.marks[place] = position + 1
            switch program.instructions[place] {
            case .jump(let target): threads.pending.append(target)
            case .split(let first, let second):
                threads.pending.append(second)
                threads.pending.append(first)
            case .assertion(let assertion):
                if Self.holds(assertion, previous, following) { threads.pending.append(place + 1) }
            default:
                threads.places.append(place)
                threads.starts.append(start)
            }
        }
    }

    /// Whether an assertion is true between two characters; nothing stands before the start and after the end.
    private static func holds(_ assertion: RegexNode.Assertion, _ previous: UInt32?, _ following: UInt32?) -> Bool {
        switch assertion {
        case .textStart: previous == nil
        case .textEnd: following == nil
        case .lineStart: previous == nil || previous == 0x0A
        case .lineEnd: following == nil || following == 0x0A
        case .wordBoundary: isWord(previous) != isWord(following)
        case .noWordBoundary: isWord(previous) == isWord(following)
        }
    }

    private static func isWord(_ value: UInt32?) -> Bool { value.map { RegexParser.isWord($0) } ?? false }

    // MARK: Text

    /// How many bytes the character at a position has; one past the end.
    func width(at position: Int) -> Int { max(1, scalar(at: position).width) }

    /// The code point at a position of text that is valid UTF-8; none at the end.
    private func scalar(at position: Int) -> (value: UInt32?, width: Int) {
        guard position < text.count else { return (nil, 0) }
        let first = UInt32(text[position])
        if first < 0x80 { return (first, 1) }
        func trail(_ distance: Int) -> UInt32 {
            position + distance < text.count ? UInt32(text[position + distance]) & 0x3F : 0
        }
        if first < 0xE0 { return ((first & 0x1F) << 6 | trail(1), 2) }
        if first < 0xF0 { return ((first & 0x0F) << 12 | trail(1) << 6 | trail(2), 3) }
        return ((first & 0x07) << 18 | trail(1) << 12 | trail(2) << 6 | trail(3), 4)
    }

    /// The code point that ends right before a position.
    private func scalarBefore(_ position: Int) -> UInt32? {
        guard position > 0 else { return nil }
        var start = position - 1
        while start > 0, text[start] & 0xC0 == 0x80 { start -= 1 }
        return scalar(at: start).value
    }
}
