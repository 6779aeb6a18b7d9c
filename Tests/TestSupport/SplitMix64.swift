/// A small generator of random numbers with a fixed seed, so that a failure can be repeated (Steele, Lea, Flood 2014).
public struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from zero to below the bound, which must be positive.
    public mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }

    /// Whether something that happens so many times in a hundred happens now.
    public mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}

extension SplitMix64 {
    /// One of the elements, of which there must be at least one.
    public mutating func pick<Element>(_ elements: [Element]) -> Element { elements[next(below: elements.count)] }
}
