/// A parsed regular expression.
indirect enum RegexNode: Sendable {
    case empty
    case scalar(UInt32)
    case set(ScalarSet)
    case any
    case anyExceptLineFeed
    case assertion(Assertion)
    case concatenation([RegexNode])
    case alternation([RegexNode])
    /// At least `minimum` and at most `maximum` times; as often as possible if greedy.
    case repetition(RegexNode, minimum: Int, maximum: Int?, isGreedy: Bool)

    /// What can be asked of a position without reading anything.
    enum Assertion: Sendable {
        case textStart
        case textEnd
        case lineStart
        case lineEnd
        case wordBoundary
        case noWordBoundary
    }

    /// Whether it matches the empty text.
    var isNullable: Bool {
        switch self {
        case .empty, .assertion: true
        case .scalar, .set, .any, .anyExceptLineFeed: false
        case .concatenation(let parts): parts.allSatisfy(\.isNullable)
        case .alternation(let parts): parts.contains(where: \.isNullable)
        case .repetition(let body, let minimum, _, _): minimum == 0 || body.isNullable
        }
    }

    /// How often counted repetitions inside multiply it out.
    var repetitionFactor: Int {
        switch self {
        case .concatenation(let parts), .alternation(let parts): parts.map(\.repetitionFactor).max() ?? 1
        case .repetition(let body, let minimum, let maximum, _):
            body.repetitionFactor * Swift.max(1, Swift.max(minimum, maximum ?? 0))
        default: 1
        }
    }
}
