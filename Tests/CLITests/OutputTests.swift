import APIMachinery
import Testing

@testable import CLI

/// Tables, numbers and colours.
@Suite struct OutputTests {
    @Test func tablesAlignTheirColumns() {
        var table = Table("NAME", ">COUNT", "NOTE")
        table.add("a", "1", "first")
        table.add("longer", "1000", "")
        table.add("ü", "-", "x")
        #expect(
            plain(table.render()) == """
                NAME     COUNT   NOTE
                a            1   first
                longer    1000   \n\
                ü            -   x

                """
        )
    }

    @Test func aTableWithoutRowsIsItsHeading() {
        #expect(plain(Table("A", ">B").render()) == "A   B\n")
    }

    static let times: [(Double, String)] = [
        (0, "0.0ms"), (0.04, "0.0ms"), (9.96, "10.0ms"), (10, "10ms"), (739.6, "740ms"), (999.4, "999ms"),
        (1000, "1.00s"), (1239, "1.24s"), (59_990, "59.99s"), (60_000, "60s"), (192_000, "3m12s"),
        (3_600_000 * 5, "5h"), (.nan, "-"), (-.infinity, "-"),
    ]

    @Test("Milliseconds for people", arguments: times)
    func milliseconds(_ value: Double, _ text: String) {
        #expect(Printing.milliseconds(value) == text)
    }

    @Test func unknownMilliseconds() { #expect(Printing.milliseconds(nil) == "-") }

    static let numbers: [(Double, Int, String)] = [
        (0, 0, "0"), (0.5, 0, "1"), (1.005, 1, "1.0"), (1.25, 1, "1.3"), (-1.26, 1, "-1.3"), (-0.04, 1, "0.0"),
        (0.999, 2, "1.00"), (12.345, 2, "12.35"), (1e12, 1, "1000000000000.0"), (.infinity, 1, "-"),
    ]

    @Test("Numbers with a fixed number of digits", arguments: numbers)
    func fixed(_ value: Double, _ digits: Int, _ text: String) {
        #expect(Printing.fixed(value, digits) == text)
    }

    @Test func ages() throws {
        let now = try #require(Timestamp(rfc3339: "2026-01-02T03:04:05Z"))
        #expect(Printing.age(now.advanced(by: .seconds(-90)), now: now) == "90s")
        #expect(Printing.age(now.advanced(by: .seconds(-86400 * 3)), now: now) == "3d")
        #expect(Printing.age(nil, now: now) == "<unknown>")
    }

    @Test func whatAProgramWroteDoesNotSteerTheTerminal() {
        var table = Table("NAME", "MESSAGE")
        table.add("a", "\u{1B}[31mboo\u{1B}]0;own\u{7}\u{9B}2J\r\nend")
        #expect(plain(table.render()) == "NAME   MESSAGE\na      ^[[31mboo^[]0;own^G\u{FFFD}2J  end\n")
        var text = StyledText()
        text.append("\u{1B}cü", .red)
        #expect(plain(text.styled) == "^[cü")
    }

    @Test func styledTextIsCutWhereTheTerminalEnds() {
        var text = StyledText()
        text.append("abc", .red)
        text.append("def")
        text.append("ghi", .bold)
        #expect(plain(text.truncated(to: 20).styled) == "abcdefghi")
        #expect(plain(text.truncated(to: 9).styled) == "abcdefghi")
        #expect(plain(text.truncated(to: 5).styled) == "abcd…")
        #expect(plain(text.truncated(to: 1).styled) == "…")
    }
}

/// The text without its colours, which it has if the tests run on a terminal.
func plain(_ text: String) -> String { text.replacing(/\u{1B}\[[0-9]+m/, with: "") }
