/// A regular expression as instructions for a machine that follows all its paths at once.
struct RegexProgram: Sendable {
    /// One step. Unless it says otherwise, the next instruction follows.
    enum Instruction: Sendable {
        case scalar(UInt32)
        case set(Int)
        case any
        case anyExceptLineFeed
        /// Goes on at both places; the first is preferred.
        case split(Int, Int)
        case jump(Int)
        case assertion(RegexNode.Assertion)
        case match
    }

    private(set) var instructions: [Instruction] = []
    private(set) var sets: [ScalarSet] = []
    /// Whether matches can only begin at the start of the text.
    private(set) var isAnchored = false
    /// The ASCII character with which every match begins, if there is one, to skip to.
    private(set) var firstByte: UInt8?

    /// Counted repetitions are written out; what gets larger than this is refused.
    private static let maximumSize = 50_000

    init(compiling node: RegexNode) throws(RegularExpressionError) {
        try emit(node)
        instructions.append(.match)
        switch instructions[0] {
        case .assertion(.textStart): isAnchored = true
        case .scalar(let value) where value < 0x80: firstByte = UInt8(value)
        default: break
        }
    }

    /// Every instruction passes here, so that a pattern cannot grow beyond the limit.
    private mutating func append(_ instruction: Instruction) throws(RegularExpressionError) {
        if instructions.count >= Self.maximumSize {
            throw RegularExpressionError(message: "error parsing regexp: expression too large", fragment: "")
        }
        instructions.append(instruction)
    }

    /// Writes the instructions of a part after those that are there.
    private mutating func emit(_ node: RegexNode) throws(RegularExpressionError) {
        switch node {
        case .empty: break
        case .scalar(let value): try append(.scalar(value))
        case .set(let set):
            try append(.set(sets.count))
            sets.append(set)
        case .any: try append(.any)
        case .anyExceptLineFeed: try append(.anyExceptLineFeed)
        case .assertion(let assertion): try append(.assertion(assertion))
        case .concatenation(let parts): for part in parts { try emit(part) }
        case .alternation(let branches): try emit(alternation: branches)
        case .repetition(let body, let minimum, let maximum, let isGreedy):
            try emit(body, minimum: minimum, maximum: maximum, isGreedy: isGreedy)
        }
    }

    /// Each branch but the last is tried before the ones after it, and jumps behind all of them.
    private mutating func emit(alternation branches: [RegexNode]) throws(RegularExpressionError) {
        var exits: [Int] = []
        for (index, branch) in branches.enumerated() {
            if index == branches.count - 1 {
                try emit(branch)
            } else {
                let split = instructions.count
                try append(.split(split + 1, 0))
                try emit(branch)
                exits.append(instructions.count)
                try append(.jump(0))
                instructions[split] = .split(split + 1, instructions.count)
            }
        }
        for exit in exits { instructions[exit] = .jump(instructions.count) }
    }

    /// A repetition, written out: the copies that must be there, then a loop or the copies that may be missing.
    private mutating func emit(
        _ body: RegexNode,
        minimum: Int,
        maximum: Int?,
        isGreedy: Bool
    ) throws(RegularExpressionError) {
        guard let maximum else {
            for _ in 0..<max(0, minimum - 1) { try emit(body) }
            if minimum > 0 {
                try emitLoop(body, isGreedy: isGreedy)
            } else if body.isNullable {
                // `(|a)*` prefers the empty match: once through the body, then optionally again.
                try emitOptional(isGreedy: isGreedy) { program throws(RegularExpressionError) in
                    try program.emitLoop(body, isGreedy: isGreedy)
                }
            } else {
                try emitOptional(isGreedy: isGreedy) { program throws(RegularExpressionError) in
                    let start = program.instructions.count - 1
                    try program.emit(body)
                    try program.append(.jump(start))
                }
            }
            return
        }
        for _ in 0..<minimum { try emit(body) }
        // The copies that may be missing are left together: without the first there is no second.
        var splits: [Int] = []
        for _ in 0..<max(0, maximum - minimum) {
            splits.append(instructions.count)
            try append(.split(0, 0))
            try emit(body)
        }
        for split in splits {
            instructions[split] =
                isGreedy ? .split(split + 1, instructions.count) : .split(instructions.count, split + 1)
        }
    }

    /// The body at least once.
    private mutating func emitLoop(_ body: RegexNode, isGreedy: Bool) throws(RegularExpressionError) {
        let start = instructions.count
        try emit(body)
        let end = instructions.count + 1
        try append(isGreedy ? .split(start, end) : .split(end, start))
    }

    /// A split before what the closure emits, around which the other path leads.
    private mutating func emitOptional(
        isGreedy: Bool,
        _ body: (inout RegexProgram) throws(RegularExpressionError) -> Void
    ) throws(RegularExpressionError) {
        let split = instructions.count
        try append(.split(0, 0))
        try body(&self)
        instructions[split] = isGreedy ? .split(split + 1, instructions.count) : .split(instructions.count, split + 1)
    }
}
