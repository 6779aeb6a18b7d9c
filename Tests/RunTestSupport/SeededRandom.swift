import Synchronization
import TestSupport

/// Random numbers that are the same in every run, for an engine and its test together.
package final class SeededRandom: Sendable {
    private let generator: Mutex<SplitMix64>

    package init(_ seed: UInt64) { generator = Mutex(SplitMix64(seed: seed)) }

    package func next() -> UInt64 { generator.withLock { $0.next() } }

    package func below(_ bound: Int) -> Int { generator.withLock { $0.next(below: bound) } }

    package func chance(_ percent: Int) -> Bool { below(100) < percent }
}
