import CoreMetrics
import Synchronization

/// One series of a counter. Integers and fractions are added apart, so that counting stays exact.
final class CounterCell: CounterHandler, FloatingPointCounterHandler {
    private let integer = Atomic<Int64>(0)
    private let fraction = Atomic<UInt64>(0)

    /// Adds to the counter; a counter never falls, so amounts below zero are ignored.
    func increment(by amount: Int64) {
        guard amount > 0 else { return }
        integer.wrappingAdd(amount, ordering: .relaxed)
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        fraction.update { $0 + amount }
    }

    func reset() {
        integer.store(0, ordering: .relaxed)
        fraction.store(0, ordering: .relaxed)
    }

    var value: Double {
        Double(integer.load(ordering: .relaxed)) + Double(bitPattern: fraction.load(ordering: .relaxed))
    }
}

/// One series of a gauge.
final class GaugeCell: MeterHandler, RecorderHandler {
    private let bits = Atomic<UInt64>(0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func increment(by amount: Double) { bits.update { $0 + amount } }
    func decrement(by amount: Double) { bits.update { $0 - amount } }
    // swift-metrics models a gauge as a recorder that does not aggregate.
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// One series of a histogram: how many observations fell into each bucket, their sum and number.
final class HistogramCell: TimerHandler, RecorderHandler {
    struct Snapshot: Sendable, Equatable {
        /// Observations of each bucket alone, the last one without an upper bound.
        var counts: [UInt64]
        var sum: Double
    }

    let bounds: [Double]
    private let state: Mutex<Snapshot>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(Snapshot(counts: Array(repeating: 0, count: bounds.count + 1), sum: 0))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(max(0, duration)) / 1_000_000_000) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !value.isNaN else { return }
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            // Bounds are inclusive: `le` reads "less or equal".
            if value <= bounds[middle] { high = middle } else { low = middle + 1 }
        }
        state.withLock {
            $0.counts[low] += 1
            $0.sum += value
        }
    }

    var snapshot: Snapshot { state.withLock { $0 } }
}

extension Atomic where Value == UInt64 {
    /// Replaces the double held as bits by what the closure makes of it.
    fileprivate func update(_ transform: (Double) -> Double) {
        var current = load(ordering: .relaxed)
        while true {
            let next = transform(Double(bitPattern: current)).bitPattern
            let (exchanged, original) = weakCompareExchange(expected: current, desired: next, ordering: .relaxed)
            if exchanged { return }
            current = original
        }
    }
}
