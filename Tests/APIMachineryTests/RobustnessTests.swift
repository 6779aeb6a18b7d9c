import APIMachinery
import TestSupport
import Testing

/// Random input from a fixed seed: whatever comes, every reader answers, with a value that holds or with an error.
@Suite struct RobustnessTests {
    struct Random: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33 ^ state << 31
        }

        mutating func text(of fragments: [String], upTo count: Int) -> String {
            (0..<Int.random(in: 0...count, using: &self)).map { _ in fragments[Int(next() % UInt64(fragments.count))] }
                .joined()
        }

        mutating func pick(_ choices: [String]) -> String { choices[Int(next() % UInt64(choices.count))] }
    }

    @Test func json() throws {
        let fragments = [
            "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"a\":", "1", "-", "0", ".", "e", "E+", "true", "false",
            "null",
            " ", "\n", "\\", "\\u", "d83d", "\\n", "é", "\u{0}", "{}", "[]", "1e308", "99999999999999999999",
        ]
        var random = Random(state: 1)
        for _ in 0..<20_000 {
            let text = random.text(of: fragments, upTo: 16)
            guard let value = try? JSONValue(parsing: text) else { continue }
            #expect(Golden.agree(try JSONValue(parsing: value.bytes), value), "\(text)")
        }
        let template = Array(#"{"a":[1,-2.5e3,"x\u00e9\n",{"b":null,"c":true}],"d":"é😀"}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = template
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch random.next() % 3 {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1 where bytes.count > 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
                }
            }
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            #expect(Golden.agree(try JSONValue(parsing: value.bytes), value))
        }
    }

    @Test func quantities() throws {
        let fragments = [
            "+", "-", "0", "1", "9", "99999999999", "000", ".", "e", "E", "n", "u", "m", "k", "K", "M", "G", "Ki", "Ei",
            "i", " ", "é",
        ]
        var random = Random(state: 2)
        var previous = Quantity.zero
        for _ in 0..<20_000 {
            let text = random.text(of: fragments, upTo: 7)
            guard let quantity = try? Quantity(parsing: text) else { continue }
            #expect(try Quantity(parsing: quantity.description) == quantity, "\(text)")
            #expect(
                (quantity + previous) - previous == quantity || quantity.approximateDouble.magnitude > 1e300,
                "\(text)"
            )
            #expect(quantity.compare(to: previous) == -previous.compare(to: quantity), "\(text)")
            _ = (quantity.value, quantity.milliValue, quantity.exactValue)
            previous = quantity
        }
    }

    @Test func selectors() throws {
        let fragments = [
            "a", "b/c", "in", "notin", " ", "(", ")", ",", "=", "==", "!=", "!", "<", ">", "1", "é", "\u{0}", "-", "\\",
            "\n",
        ]
        var random = Random(state: 3)
        for _ in 0..<20_000 {
            let text = random.text(of: fragments, upTo: 10)
            if let selector = try? Selector(parsing: text) {
                #expect(try Selector(parsing: selector.description) == selector, "\(text)")
                _ = selector.matches(["a": "b", "in": "1"])
            }
            if let selector = try? FieldSelector(parsing: text) {
                // The terms are sorted as they are spelled, and `==` sorts differently from `=`.
                let again = try FieldSelector(parsing: selector.description)
                #expect(Set(again.requirements) == Set(selector.requirements), "\(text)")
                _ = selector.matches(["a": "b"])
            }
            for rule in [Validation.dns1123Label, Validation.qualifiedName, Validation.labelValue, Validation.portName]
            {
                _ = rule(text)
            }
        }
    }

    private func value(_ random: inout Random, depth: Int, keys: [String]) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 5), using: &random) {
        case 0: .null
        case 1: .bool(true)
        case 2: .int(Int64.random(in: 0...2, using: &random))
        case 3, 4: .string(random.pick(["a", "b", "delete", "replace", "merge", "name"]))
        case 5, 6:
            .array(
                (0..<Int.random(in: 0...3, using: &random)).map { _ in value(&random, depth: depth - 1, keys: keys) }
            )
        default:
            .object(
                JSONObject(
                    (0..<Int.random(in: 0...4, using: &random)).map { _ in
                        (random.pick(keys), value(&random, depth: depth - 1, keys: keys))
                    }
                )
            )
        }
    }

    @Test func patches() throws {
        let keys = ["a", "b", "name", "spec", "metadata", "containers", "finalizers", "env"]
        let directives = [
            "$patch", "$retainKeys", "$setElementOrder/containers", "$setElementOrder/finalizers", "$setElementOrder",
            "$deleteFromPrimitiveList/finalizers", "$deleteFromPrimitiveList/", "$deleteFromPrimitiveList",
        ]
        let pod = try #require(StrategicMergeSchema.builtIn(group: "", kind: "Pod"))
        let paths = [
            "", "/", "/a", "/a/b", "/a/0", "/a/-", "/a/-1", "/b/9", "a", "/spec/~1", "/spec/containers/0/name",
        ]
        var random = Random(state: 4)
        for _ in 0..<10_000 {
            let document = JSONValue.object(value(&random, depth: 5, keys: keys).objectValue ?? [:])
            let patch = value(&random, depth: 5, keys: keys)
            if case .object = patch {
                let merged = try Patch.merge(patch, into: document)
                #expect(try Patch.merge(patch, into: merged) == merged, "a merge patch is idempotent: \(patch.text)")
            }
            _ = try? Patch.strategic(value(&random, depth: 5, keys: keys + directives), to: document, schema: pod)
            let operations = (0..<Int.random(in: 0...4, using: &random)).map { _ in
                [
                    "op": .string(random.pick(["add", "remove", "replace", "move", "copy", "test"])),
                    "path": .string(random.pick(paths)), "from": .string(random.pick(paths)), "value": patch,
                ] as JSONValue
            }
            _ = try? Patch.json(.array(operations), to: document)
        }
    }

    @Test func durations() {
        for seconds in [Int64.min, -2, -1, 0, Int64.max] {
            _ = (HumanDuration.human(seconds: seconds), HumanDuration.short(seconds: seconds))
        }
        #expect(HumanDuration.human(.milliseconds(-1999)) == "0s" && HumanDuration.human(.seconds(-2)) == "<invalid>")
    }
}
