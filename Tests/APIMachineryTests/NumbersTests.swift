import APIMachinery
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

    @Test("Whole seconds, too", arguments: integers)
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

    @Test(
        "An untrusted number is one of the range or none",
        arguments: [
            (.int(5), 5), (.double(5), 5), (.double(5.5), nil), (.int(0), nil), (.int(.max), nil),
            (.double(1e300), nil),
            (.string("5"), nil), (.null, nil), (.bool(true), nil), (.double(-0.0), nil),
        ] as [(JSONValue, Int?)]
    )
    func untrusted(_ json: JSONValue, _ expected: Int?) {
        #expect(UntrustedNumber(json)?.integer(in: 1...1024) == expected)
        if let number = UntrustedNumber(json) { #expect((1...1024).contains(number.clamped(to: 1...1024))) }
    }

    @Test("Not-numbers are none") func nonFinite() {
        #expect(UntrustedNumber(Double.nan) == nil)
        #expect(UntrustedNumber(.double(.infinity)) == nil)
        #expect(UntrustedNumber(nil as JSONValue?) == nil)
    }

    @Test("A moment stays within the years that can be written, whatever is added", arguments: integers)
    func moments(_ seconds: Int64) throws {
        for start in [
            Timestamp(seconds: 1_800_000_000, nanoseconds: 5), .earliest, .latest, Timestamp(seconds: seconds),
        ] {
            let moment = start.advanced(by: .seconds(seconds))
            #expect(moment >= .earliest && moment <= .latest)
            // Storing and showing it does not trap, and what is shown can be read.
            #expect(Timestamp(microseconds: moment.microseconds).seconds == moment.seconds)
            #expect(Timestamp(rfc3339: moment.rfc3339Nano) == moment)
            _ = moment.milliseconds
            _ = moment.since(start)
            _ = start.since(moment)
        }
        _ = Timestamp(seconds: seconds, nanoseconds: seconds)
        #expect(Timestamp(microseconds: seconds) >= .earliest)
        if seconds > 0 { #expect(Timestamp.now().advanced(by: .seconds(seconds)) > Timestamp.now()) }
    }

    @Test("An offset that leads out of those years is refused")
    func offset() {
        #expect(Timestamp(rfc3339: "9999-12-31T23:59:59-01:00") == nil)
        #expect(Timestamp(rfc3339: "9999-12-31T23:59:59Z") != nil)
    }

    @Test(
        "A number or text is a number of 32 bits",
        arguments: [
            (.int(2_147_483_647), true), (.int(2_147_483_648), false), (.int(.max), false), (.string("25%"), true),
        ]
            as [(JSONValue, Bool)]
    )
    func intOrString(_ json: JSONValue, _ isValid: Bool) {
        #expect(((try? JSONValueDecoder().decode(IntOrString.self, from: json)) != nil) == isValid)
    }
}
