import APIMachinery
import Testing

/// Numbers from outside, of which nothing is known.
@Suite struct UntrustedNumberTests {
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
