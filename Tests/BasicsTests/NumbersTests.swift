import Basics
import Testing

/// Conversions and arithmetic over numbers of which nothing is known.
@Suite struct NumbersTests {
    /// Numbers at which naive conversions trap or go wrong.
    static let extremes: [Double] = [
        0, -0.0, 1, -1, 0.5, -0.5, 1e-300, 9_007_199_254_740_992, 0x1p31, 0x1p63, 0x1p64, -0x1p63, -0x1.1p63, 1e17,
        1e300,
        -1e300, .greatestFiniteMagnitude, .infinity, -.infinity, .nan,
    ]

    static let integers: [Int64] = [
        0, 1, -1, 86_400, Int64(Int32.max), Int64(Int32.max) + 1, .max - 1, .max, .min + 1, .min,
    ]

    @Test("Doubles become the nearest integer", arguments: extremes)
    func clamping(_ number: Double) {
        let expected: Int64 =
            if number.isNaN { 0 } else if number >= 0x1p63 { .max } else if number <= -0x1p63 { .min } else {
                Int64(exactly: number.rounded(.towardZero)) ?? 0
            }
        #expect(Int64(clamping: number) == expected)
        #expect(Int32(clamping: number) == Int32(clamping: expected))
        #expect(UInt64(clamping: number) >= 0)
        if number.isNaN || number < 1 { #expect(UInt64(clamping: number) == 0) }
    }

    @Test("Seconds become a duration between nothing and a century", arguments: extremes)
    func durations(_ number: Double) {
        let duration = Duration.bounded(seconds: number)
        #expect(duration >= .zero && duration <= .longest)
        if number >= 0, number < 1e9 { #expect(abs(duration / .seconds(1) - number) < 1e-6) }
    }

    @Test("So do whole seconds", arguments: integers)
    func wholeSeconds(_ number: Int64) {
        let duration = Duration.bounded(seconds: number)
        #expect(duration >= .zero && duration <= .longest)
        if (0...3_155_760_000).contains(number) { #expect(duration == .seconds(number)) }
    }

    @Test("Saturating arithmetic is exact where the result fits", arguments: integers)
    func saturating(_ a: Int64) {
        for b in Self.integers {
            let sum = Double(a) + Double(b)
            if abs(sum) < 0x1p62 { #expect(a.saturatingAdd(b) == a &+ b) }
            if sum > 0x1p63 { #expect(a.saturatingAdd(b) == .max) }
            if sum < -0x1.1p63 { #expect(a.saturatingAdd(b) == .min) }
            #expect(a.saturatingSubtract(b) <= a || b < 0)
            let (product, overflow) = a.multipliedReportingOverflow(by: b)
            #expect(a.saturatingMultiply(b) == (overflow ? ((a < 0) == (b < 0) ? .max : .min) : product))
        }
        #expect([a, a, a].saturatingSum == a.saturatingAdd(a).saturatingAdd(a))
    }
}
