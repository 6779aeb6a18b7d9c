import APIMachinery
import Expressions
import TestSupport
import Testing

/// Nothing that a user writes may crash the process or hold it up.
struct RobustnessTests {
    private static let fragments = [
        "(", ")", "[", "]", "{", "}", ".", "?", ":", ",", "'", "\"", "\\", "-", "!", "&&", "||", "1", "0x", "u",
        "9223372036854775807",
        " in ", "null", "x", "has(", ".map(x,", ".all(x,", "'''", "r'", "b'", "\u{0}", "é", "${{", "}}", "*", "%", "/",
        "e9", "{1000}",
        "(?i)", "[^", "\\p{L}", ".?", "[?", "\n", "//",
    ]

    static func mutated(_ source: String, _ generator: inout SplitMix64) -> String {
        var characters = Array(source.unicodeScalars)
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let position = Int.random(in: 0...characters.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where position < characters.count: characters.remove(at: position)
            case 1:
                let end = min(characters.count, position + Int.random(in: 0...12, using: &generator))
                let copy = characters[position..<end]
                characters.insert(contentsOf: copy, at: Int.random(in: 0...characters.count, using: &generator))
            case 2 where position < characters.count:
                characters.removeSubrange(position..<min(characters.count, position + 5))
            default:
                let fragment = fragments[Int.random(in: 0..<fragments.count, using: &generator)]
                characters.insert(contentsOf: fragment.unicodeScalars, at: position)
            }
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: characters)
        return String(text)
    }

    @Test func mutatedExpressionsNeverCrash() throws {
        let cases = try GoldenCEL.load()
        var generator = SplitMix64(seed: 42)
        var evaluated = 0
        for _ in 0..<4000 {
            let original = cases[Int.random(in: 0..<cases.count, using: &generator)]
            let source = Self.mutated(original.source, &generator)
            for checked in [true, false] {
                guard
                    let program = try? Expression.compile(
                        source,
                        declarations: original.declarations,
                        checked: checked
                    )
                else { continue }
                evaluated += 1
                let value = try? program.evaluate(original.variables, budget: EvaluationBudget(20_000))
                _ = value?.json
            }
            _ = try? Template.expand(json: .string("a ${{ \(source) }} b"), original.variables)
        }
        #expect(evaluated > 500)
    }

    @Test func mutatedPatternsNeverCrash() {
        var generator = SplitMix64(seed: 7)
        for match in RegularExpressionTests.matches {
            for _ in 0..<20 {
                guard let expression = try? RegularExpression(Self.mutated(match.pattern, &generator)) else { continue }
                _ = expression.allMatches(in: Self.mutated(String(match.text.prefix(100)), &generator))
            }
        }
    }

    @Test(arguments: [
        String(repeating: "(", count: 100_000), String(repeating: "[", count: 50_000),
        String(repeating: "-(", count: 40_000),
        String(repeating: "!", count: 90_000) + "true", String(repeating: "{1:", count: 30_000),
        "1" + String(repeating: "+1", count: 40_000), "a" + String(repeating: ".a", count: 40_000),
        "true" + String(repeating: " ? true : false", count: 5000), "a" + String(repeating: "[0]", count: 30_000),
        String(repeating: "a(", count: 40_000), String(repeating: "x", count: 200_000),
        String(repeating: "[1].map(x,", count: 5000) + "x" + String(repeating: ")", count: 5000),
    ])
    func deepExpressionsAreRefusedOrEvaluated(_ source: String) {
        _ = try? Expression.compile(source, checked: true).evaluate()
        _ = try? Expression.compile(source, checked: false).evaluate()
    }

    @Test func longChainsOfConditionsAreFine() throws {
        let source = "false" + String(repeating: " || false", count: 5000) + " || true"
        #expect(try Expression.compile(source).evaluate() == .bool(true))
    }

    /// Expressions that would run for hours or fill the memory end when their budget does.
    @Test(arguments: [
        "lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, a + b + c >= 0)))",
        "lists.range(1000000000000).size() > 0",
        "'aaaaaaaaaa'" + String(repeating: ".replace('a', 'aaaaaaaaaa')", count: 30) + ".size() > 0",
        "[1]" + String(repeating: ".map(x, [x, x, x, x, x, x, x, x, x, x]).flatten()", count: 20) + ".size() > 0",
        "lists.range(3000).map(x, lists.range(3000)).flatten().distinct().size() > 0",
        "lists.range(100000).exists(x, 'a'.matches('(a{100}){10}' + string(x)) && false)",
        "lists.range(2000).map(x, string(x)).join('" + String(repeating: "a", count: 40_000) + "').size() > 0",
        "lists.range(100000).map(x, '%.10000f'.format([0.1])).size() > 0",
        "[lists.range(5000)].all(l, l.all(x, l == l))",
    ])
    func budgetBoundsEvaluation(_ source: String) throws {
        let program = try Expression.compile(source, checked: false)
        do throws(ExpressionError) {
            _ = try program.evaluate([:] as [String: CELValue], budget: EvaluationBudget(1_000_000))
            Issue.record("not stopped")
        } catch {
            #expect(error.code == .budgetExceeded)
        }
    }

    @Test func anExhaustedBudgetIsNotAbsorbed() throws {
        let source = "lists.range(100000).all(x, x >= 0) || true"
        #expect(throws: ExpressionError.self) {
            try Expression.compile(source).evaluate([:] as [String: CELValue], budget: EvaluationBudget(1000))
        }
    }
}
