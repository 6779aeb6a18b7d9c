import APIMachinery
import Testing

@Suite struct JSONTextTests {
    @Test("A number that is out of range is cut in the message")
    func longNumbers() {
        let error = #expect(throws: JSONSyntaxError.self) {
            try JSONValue(parsing: String(repeating: "9", count: 100_000))
        }
        #expect(error?.message == "the number \(String(repeating: "9", count: 40))… is out of range")
    }

    @Test(
        arguments: [
            ("0", .int(0)), ("-0", .int(0)), ("-0.0", .double(-0.0)), ("1.0", .double(1)), ("1e0", .double(1)),
            ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
            ("9223372036854775808", .double(9_223_372_036_854_775_808)), ("1E+2", .double(100)),
            ("5e-324", .double(.leastNonzeroMagnitude)),
            ("1e-400", .double(0)), ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
            (" \t\r\n1 \n", .int(1)), ("true", true), ("null", .null), (#""""#, ""), ("[]", []), ("{}", [:]),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u0000\uD83D\uDE00""#, "é\u{0}😀"),
            (#""\ud83d""#, "\u{FFFD}"), (#""\udE00x""#, "\u{FFFD}x"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
            (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), ("\"\u{7F}\u{2028}\"", "\u{7F}\u{2028}"),
            (#"{"a":1,"a":2}"#, ["a": 2]), (#"[1,[2,[3]],{"b":[]}]"#, [1, [2, [3]], ["b": []]]),
        ] as [(String, JSONValue)]
    )
    func accepted(text: String, value: JSONValue) throws {
        let parsed = try JSONValue(parsing: text)
        #expect(parsed == value, "\(text)")
        #expect(try JSONValue(parsing: parsed.prettyText()) == (try JSONValue(parsing: parsed.bytes)))
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "'a'", "01", "-", "-a", "+1", ".5", "1.", "1.e1", "1e", "1e+", "0x1", "NaN",
        "Infinity", "1e400", "-1e400", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{", "}", "{a:1}", "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{\"a\" 1}", "{,}", "{1:2}", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
        "\"\\u12G4\"", "\"a\nb\"", "\"\t\"", "\"\u{0}\"", "1 2", "{}{}", "\u{FEFF}{}", "// x\n1", "\u{A0}1",
    ])
    func refused(text: String) {
        #expect(throws: JSONSyntaxError.self, "\(text)") { try JSONValue(parsing: text) }
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC3, 0x22], [0xFF],
    ])
    func bytesThatAreNoUTF8(bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
    }

    @Test func depthIsBounded() throws {
        func nested(_ depth: Int, _ open: String, _ close: String) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(512, "[", "]")) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(513, "[", "]")) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: nested(513, "{\"a\":", "}")) }
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: String(repeating: "[", count: 1_000_000)) }
        // Depth is not length: what is closed does not count any more.
        #expect(throws: Never.self) { try JSONValue(parsing: "[" + String(repeating: "[],{},", count: 5000) + "0]") }
    }

    @Test func duplicatesAreNamedByTheirPath() throws {
        let text = #"{"a":1,"b":{"c":[{"d":1,"d":2}],"c.x":1,"c.x":2},"a":3,"b":0}"#
        let (value, duplicates) = try JSONValue.parseReportingDuplicates(text.utf8)
        #expect(value == ["a": 3, "b": 0])
        #expect(duplicates == ["b.c[0].d", "b.c.x", "a", "b"])
    }

    /// What Go's `encoding/json` writes.
    @Test(
        arguments: [
            (0, "0"), (-0.0, "-0"), (1, "1"), (1.5, "1.5"), (-2.25, "-2.25"), (100, "100"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"), (1.5e300, "1.5e+300"), (1e-6, "0.000001"), (1e-7, "1e-7"), (1.25e-9, "1.25e-9"),
            (0.1, "0.1"), (1.0 / 3, "0.3333333333333333"), (123456789.125, "123456789.125"),
            (.leastNonzeroMagnitude, "5e-324"),
            (Double.greatestFiniteMagnitude, "1.7976931348623157e+308"), (9_007_199_254_740_992, "9007199254740992"),
            (0.00001234, "0.00001234"), (999_999_999_999_999_868_928, "999999999999999900000"),
        ] as [(Double, String)]
    )
    func doubles(number: Double, text: String) throws {
        #expect(JSONValue.double(number).text == text)
        #expect(try JSONValue(parsing: text).doubleValue == number)
    }

    @Test func texts() {
        let value: JSONValue = ["z": "\"\\\n\r\t\u{8}\u{C}\u{1}\u{7F}é😀/<>&", "a": [.null, true, 1, [:], []]]
        #expect(value.text == #"{"a":[null,true,1,{},[]],"z":"\"\\\n\r\t\b\f\u0001\#u{7F}é😀/<>&"}"#)
        #expect(
            value.prettyText()
                == "{\n  \"a\": [\n    null,\n    true,\n    1,\n    {},\n    []\n  ],\n"
                + "  \"z\": \"\\\"\\\\\\n\\r\\t\\b\\f\\u0001\u{7F}é😀/<>&\"\n}"
        )
    }
}
