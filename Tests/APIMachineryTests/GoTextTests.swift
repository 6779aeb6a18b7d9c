import APIMachinery
import Testing

/// Values as Go prints them.
@Suite struct GoTextTests {
    @Test(
        "Texts come out as %q prints them",
        arguments: [
            ("", #""""#), ("a\"b\\", #""a\"b\\""#), ("\n\t\u{07}\u{1}\u{7F}", #""\n\t\a\x01\x7f""#),
            ("é ☃ 𝔸", #""é ☃ 𝔸""#), ("\u{A0}\u{2028}\u{FEFF}", #""\u00a0\u2028\ufeff""#),
            ("\u{E0001}", #""\U000e0001""#),
        ]
    )
    func quoted(text: String, expected: String) { #expect(GoText.quoted(text) == expected) }

    @Test(
        "Bad values come out as field.Error shows them",
        arguments: [
            (1000000.0, "1e+06"), (0.5, "0.5"), (1e-5, "1e-05"), (12, "12"), (true, "true"), (.null, "null"),
            ("a<b", #""a<b""#), (["a<b", "&"], #"["a\u003cb","\u0026"]"#), (["a": "\u{2028}"], #"{"a":"\u2028"}"#),
        ] as [(JSONValue, String)]
    )
    func shown(value: JSONValue, expected: String) { #expect(GoText.shown(value) == expected) }
}
