import APIMachinery
import KubeYAML
import TestSupport
import Testing

/// Random input from a fixed seed: whatever comes, the reader answers, and what the writer writes reads back.
@Suite struct YAMLRobustnessTests {
    private struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33 ^ state << 31
        }
    }

    private static let fragments = [
        "a", "b", "1", "0x1f", "yes", "~", "null", ".inf", "- ", "-", ": ", ":", "? ", "?", ", ", ",", "[", "]", "{",
        "}",
        "&a ", "*a", "&a", "*a ", "!!int ", "!!str ", "!x ", "! ", "|", ">", "|2-\n", "'", "\"", "\\", "\\u0041", "#",
        " #",
        "\n", "\n  ", "\n ", "\n\t", " ", "\t", "<<: ", "---", "\n---\n", "...\n", "%YAML 1.1\n", "%TAG ! x\n", "\r\n",
        "\r",
        "é", "\u{FEFF}", "\u{85}", "\u{2028}", "\u{0}", "\u{7}", "1e400", "2024-01-01", "=", "@", "`", "%",
    ]

    @Test func readingNeverFails() {
        var random = Random(state: 1)
        for _ in 0..<20_000 {
            var text = ""
            for _ in 0..<Int.random(in: 0..<24, using: &random) {
                text += Self.fragments[Int.random(in: 0..<Self.fragments.count, using: &random)]
            }
            let lenient = try? YAML.toJSON(text.utf8)
            if let lenient {
                #expect(throws: Never.self, "\(text)") { try JSONValue(parsing: lenient) }
            } else {
                #expect(throws: YAMLError.self, "\(text)") { try YAML.toJSON(text.utf8, strict: true) }
            }
            _ = try? YAML.documents(text.utf8)
        }
    }

    @Test func bytesThatAreNoText() {
        var random = Random(state: 2)
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0..<40, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = try? YAML.toJSON(bytes)
            _ = try? YAML.documents(bytes)
        }
    }

    private func randomText(_ random: inout Random) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0..<6, using: &random) {
            text += Self.fragments[Int.random(in: 0..<Self.fragments.count, using: &random)]
        }
        return text
    }

    private func randomValue(_ random: inout Random, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: .int(Int64.random(in: .min ... .max, using: &random))
        case 3: .double(Double(Int64.random(in: -1_000_000...1_000_000, using: &random)) / 8)
        case 4, 5: .string(randomText(&random))
        case 6: .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in randomValue(&random, depth: depth - 1) })
        default:
            .object(
                JSONObject(
                    (0..<Int.random(in: 0..<4, using: &random)).map { _ in
                        (randomText(&random), randomValue(&random, depth: depth - 1))
                    }
                )
            )
        }
    }

    @Test func whatIsWrittenReadsBack() throws {
        var random = Random(state: 3)
        for _ in 0..<10_000 {
            let value = randomValue(&random, depth: 4)
            let text = YAML.text(of: value)
            let read = try? YAML.parse(text, strict: true)
            #expect(Golden.agree(read, value), "\(value.text)\n\(text)")
            if !Golden.agree(read, value) { return }
        }
        let words = JSONValue.string(String(repeating: "v ", count: 2000) + "v")
        let long = JSONValue.object([String(repeating: "k", count: 2000): [["x": words]]])
        #expect(try YAML.parse(YAML.text(of: long)) == long)
    }
}
