import APIMachinery
import TestSupport
import Testing

/// How deep values may be nested, and what may be copied into a document unread.
@Suite struct JSONDepthTests {
    static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    @Test("The limit is the number of lists and objects around the innermost value", arguments: [0, 1, 2, 200, 511])
    func depth(_ depth: Int) throws {
        let value = depth == 0 ? JSONValue.int(1) : try JSONValue(parsing: Self.nested(depth))
        #expect(!value.isNested(deeperThan: depth))
        #expect(depth == 0 || value.isNested(deeperThan: depth - 1))
        #expect(JSONOutline.isEmbeddable(value.bytes, maximumDepth: depth))
        #expect(depth == 0 || !JSONOutline.isEmbeddable(value.bytes, maximumDepth: depth - 1))
    }

    @Test("There is room for every envelope")
    func envelopes() throws {
        // A value in an object, an object in a list in a watch event.
        #expect(JSONValue.maximumValueDepth + 16 <= JSONValue.maximumObjectDepth)
        #expect(JSONValue.maximumObjectDepth + 16 <= JSONValue.defaultMaximumDepth)
    }

    @Test(
        "What would break the document around it cannot be embedded",
        arguments: [
            ("", false), ("{", false), ("}", false), ("[1}", false), (#""a"#, false), (#"{"a":"}"}"#, true),
            (#""\"[""#, true), ("1,2", false), (#"1:2"#, false), (#"[1],"x":[2]"#, false), ("null", true), ("[]", true),
            (#"{"a":[1,{"b":"\\"}]}"#, true), (#""\"#, false),
        ]
    )
    func outline(_ text: String, _ expected: Bool) {
        #expect(JSONOutline.isEmbeddable(Array(text.utf8), maximumDepth: 10) == expected)
    }

    @Test(
        "Every document that can be parsed can be embedded, and every prefix of a list or object cannot",
        arguments: 0..<200
    )
    func random(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let value = Self.value(&random, depth: 6)
        let bytes = value.bytes
        #expect(JSONOutline.isEmbeddable(bytes, maximumDepth: 6))
        guard value.arrayValue != nil || value.objectValue != nil else { return }
        for end in 1..<max(2, bytes.count) where end < bytes.count {
            #expect(!JSONOutline.isEmbeddable(Array(bytes[..<end]), maximumDepth: 6))
        }
    }

    private static func value(_ random: inout SplitMix64, depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(.random(using: &random))
        case 2: return .int(.random(in: .min ... .max, using: &random))
        case 3: return .double(Double.random(in: -1e300...1e300, using: &random))
        case 4:
            let scalars = (0..<Int.random(in: 0..<6, using: &random)).map { _ in
                "{}[]\"\\,:aü\n".randomElement(using: &random)
            }
            return .string(String(scalars.compactMap { $0 }))
        case 5: return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in value(&random, depth: depth - 1) })
        default:
            return .object(
                JSONObject(
                    (0..<Int.random(in: 0..<4, using: &random)).map { ("k\($0)\"]", value(&random, depth: depth - 1)) }
                )
            )
        }
    }
}
