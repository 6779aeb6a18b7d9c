import Expressions
import Testing

struct RegularExpressionTests {
    struct Match: Sendable, CustomStringConvertible {
        var pattern: String
        var text: String
        /// The first match, or `nil`.
        var first: String?

        init(_ pattern: String, _ text: String, _ first: String?) {
            (self.pattern, self.text, self.first) = (pattern, text, first)
        }

        var description: String { "\(pattern) on \(text.prefix(40))" }
    }

    static let matches: [Match] = [
        Match("", "abc", ""), Match("a", "xay", "a"), Match("a", "xy", nil), Match("^a", "ba", nil),
        Match("a$", "ab", nil), Match("^$", "", ""), Match("^$", "\n", nil), Match("(?m)^$", "a\n\nb", ""),
        // Leftmost, and of those what the pattern prefers.
        Match("a|ab", "ab", "a"), Match("ab|a", "ab", "ab"), Match("(a|ab)(c|bcd)", "abcd", "abcd"),
        Match("a*", "baaa", ""), Match("a+", "baaa", "aaa"), Match("a+?", "baaa", "a"), Match("(?U)a+", "baaa", "a"),
        Match("(?U)a+?", "baaa", "aaa"), Match("a??b", "ab", "ab"), Match(".*b", "abab", "abab"),
        Match(".*?b", "abab", "ab"), Match("(|a)*", "aa", ""), Match("(a|)*", "aa", "aa"), Match("(a*)*", "aab", "aa"),
        Match("(a*)+", "baa", ""), Match("(?:)*x", "x", "x"), Match("^*a", "ba", "a"), Match(#"\b+a"#, "ba a", "a"),
        // Counted repetitions, and braces that are none.
        Match("a{2}", "aaa", "aa"), Match("a{2,}", "aaaa", "aaaa"), Match("a{1,2}", "aaa", "aa"),
        Match("a{1,2}?", "aaa", "a"), Match("a{0}b", "ab", "b"), Match("a{,2}", "a{,2}", "a{,2}"),
        Match("a{", "a{", "a{"), Match("a{x}", "a{x}", "a{x}"), Match("(ab){2}", "ababab", "abab"),
        Match("a{1000}", String(repeating: "a", count: 1000), String(repeating: "a", count: 1000)),
        // Classes.
        Match("[abc]+", "xbcay", "bca"), Match("[^abc]+", "abxyc", "xy"), Match("[a-c-]+", "x-b-", "-b-"),
        Match("[]a]+", "x]a]", "]a]"), Match("[^]a]", "]ab", "b"), Match("[-a]", "-", "-"), Match("[a-]", "-", "-"),
        Match(#"[\d.]+"#, "v1.25x", "1.25"), Match(#"[^\d]+"#, "12ab3", "ab"), Match(#"[\D]+"#, "12ab3", "ab"),
        Match("[[:alpha:]]+", "12abC3", "abC"), Match("[[:^alpha:]]+", "ab12c", "12"),
        Match("[[:word:]]+", "-a_1-", "a_1"),
        Match("[a[:digit:]]+", "xa1a", "a1a"), Match("[[:x]+", "a[:x", "[:x"), Match("[&&a]+", "&a", "&a"),
        Match(#"\w+"#, "éa_9é", "a_9"), Match(#"\W+"#, "ab, c", ", "),
        Match(#"\s+"#, "a \t\r\n\u{0C}b", " \t\r\n\u{0C}"),
        Match(#"\s"#, "\u{0B}", nil), Match(#"\S+"#, " ab ", "ab"), Match(#"\d+"#, "٣4", "4"),
        // Unicode.
        Match(".", "é", "é"), Match("^.$", "😀", "😀"), Match(#"\p{L}+"#, "1日本é!", "日本é"), Match(#"\pN"#, "a½", "½"),
        Match(#"\PL+"#, "a12b", "12"), Match(#"\p{^L}+"#, "a12b", "12"), Match(#"\P{^L}+"#, "1ab2", "ab"),
        Match(#"\p{Greek}+"#, "abγδ", "γδ"), Match(#"\p{Han}"#, "ひ日", "日"), Match(#"[\p{Lu}\d]+"#, "aB1c", "B1"),
        Match(#"[^\p{L}]+"#, "ab!?c", "!?"), Match(#"\p{Any}"#, "\n", "\n"), Match("日本+", "日本本", "日本本"),
        Match(#"\x{1F600}"#, "a😀", "😀"), Match(#"\x41\101"#, "AA", "AA"),
        // Case.
        Match("(?i)abc", "xABc", "ABc"), Match("(?i)k", "\u{212A}", "\u{212A}"), Match("(?i)[a-z]+", "AbZ9", "AbZ"),
        Match("(?i)é", "É", "É"), Match("(?i)σ", "ς", "ς"), Match("(?i)ß", "ẞ", "ẞ"),
        Match(#"(?i)\p{Lu}+"#, "abC", "abC"),
        Match("a(?i)b", "aB", "aB"), Match("a(?i)b", "AB", nil), Match("(?i:a)b", "Ab", "Ab"),
        Match("(?i:a)b", "AB", nil),
        Match("(?i)a(?-i)b", "AB", nil), Match("(?i)[^a]", "A", nil), Match("(?i)i", "İ", nil),
        // Lines, words, quoting.
        Match("foo.bar", "foo\nbar", nil), Match("(?s)foo.bar", "foo\nbar", "foo\nbar"),
        Match("(?m)^b$", "a\nb\nc", "b"),
        Match("(?m)a$", "a\nb", "a"), Match("b$", "b\n", nil), Match(#"\Aa\z"#, "a", "a"),
        Match(#"\bcat\b"#, "concat cat", "cat"),
        Match(#"\Bat\b"#, "at cat", "at"), Match(#"\b"#, "", nil), Match(#"\B"#, "", ""),
        Match(#"\Qa.b\E+"#, "a.bb", "a.bb"),
        Match(#"\Qa.b"#, "a.b", "a.b"), Match(#"\.\*\_\-"#, ".*_-", ".*_-"),
        Match(#"\a\f\t\n\r\v"#, "\u{7}\u{C}\t\n\r\u{B}", "\u{7}\u{C}\t\n\r\u{B}"),
        // Groups.
        Match("(?P<n>a)(?<m>b)", "ab", "ab"), Match("(?:a|b)+c", "abac", "abac"), Match("((a)(b)?)+", "aab", "aab"),
        Match("^[a-z]([-a-z0-9]*[a-z0-9])?$", "my-name", "my-name"), Match("^[a-z]([-a-z0-9]*[a-z0-9])?$", "My", nil),
        Match(#"^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$"#, "192.168.0.255", "192.168.0.255"),
    ]

    @Test(arguments: matches)
    func firstMatch(_ match: Match) throws {
        let expression = try RegularExpression(match.pattern)
        #expect(expression.firstMatch(in: match.text) == match.first)
        #expect(expression.matches(match.text) == (match.first != nil))
    }

    @Test(arguments: [
        "(", ")", "a)", "[", "[a", "[]", "[^]", "*a", "+", "?", "a**", "a*+", "a??+", "a{2}{3}", "|*", "(*)", "(?i)*",
        "a{1001}", "a{2,1}", "(a{100}){11}", "((a{10}){10}){11}", #"\1"#, #"(a)\1"#, #"\8"#, #"\C"#, #"\Z"#, #"\e"#,
        #"\"#,
        #"\x"#, #"\xg0"#, #"\x{110000}"#, #"\x{}"#, #"\pX"#, #"\p{Nope}"#, #"\p{L"#, "[z-a]", #"[a-\d]"#, "[[:nope:]]",
        "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?#c)", "(?", "(?i", "(?-)", "(?--i)", "(?x)a", "(?P<1-x>a)", "(?P<>a)",
        "(?P<n>a)(?P<n>b)", "(?P=n)", "{2}",
    ])
    func refused(_ pattern: String) {
        #expect(throws: RegularExpressionError.self) { try RegularExpression(pattern) }
    }

    @Test(
        arguments: [
            ("[0-9]+", "123 abc 456", -1, ["123", "456"]), ("[0-9]+", "1 2 3", 2, ["1", "2"]), ("[0-9]+", "1 2", 0, []),
            ("a*", "baac", -1, ["", "aa", ""]), ("", "日本", -1, ["", "", ""]), ("^", "aa", -1, [""]),
            ("x", "abc", -1, []),
            (#"\b"#, "ab c", -1, ["", "", "", ""]), ("^a", "aaa", -1, ["a"]),
            ("a|b", "abab", -1, ["a", "b", "a", "b"]),
        ] as [(String, String, Int, [String])]
    )
    func allMatches(_ pattern: String, _ text: String, _ limit: Int, _ expected: [String]) throws {
        let found = try RegularExpression(pattern).allMatches(in: text, limit: limit < 0 ? .max : limit)
        #expect(found == expected)
    }

    /// What takes exponential time in engines that go back and try again takes none here.
    @Test func hostilePatterns() throws {
        let text = String(repeating: "a", count: 500) + "!"
        for pattern in ["^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(x+x+)+y", "^(.*a){20}$", "(a?){30}a{30}$"] {
            #expect(try !RegularExpression(pattern).matches(text))
        }
        #expect(throws: RegularExpressionError.self) {
            try RegularExpression("((a{10}){10}){10}((((b{10}){10}){10}){10})")
        }
        #expect(throws: RegularExpressionError.self) {
            try RegularExpression(String(repeating: "(", count: 5000) + String(repeating: ")", count: 5000))
        }
        #expect(throws: RegularExpressionError.self) {
            try RegularExpression(String(repeating: "[a-z]{1000}", count: 60))
        }
    }
}
