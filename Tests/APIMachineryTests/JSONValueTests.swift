import APIMachinery
import Testing

@Suite struct JSONValueTests {
    /// `null` is a value, absence is none; Swift's `nil` literal can mean either, so this is easily broken.
    @Test func missingMembersAreNotNull() {
        var object: JSONObject = ["a": 1, "n": .null]
        #expect(object["x"] == nil)
        #expect(object["n"] == .some(.null))
        #expect(JSONValue.object(object)["x"] == nil)
        #expect(JSONValue.object(object).value(at: "x", "y") == nil)
        #expect(JSONValue.array([1])[5] == nil)
        #expect(object.removeValue(forKey: "x") == nil)
        #expect(object.removeValue(forKey: "n") == .some(.null))
        #expect(object.keys == ["a"])
    }

    @Test func settingAlongAPath() {
        var value: JSONValue = ["a": ["b": 1]]
        value.set(2, at: ["a", "c"])
        value.set(nil, at: ["a", "b"])
        value.set(nil, at: ["x", "y"])
        #expect(value == ["a": ["c": 2]])
        value.set(3, at: ["a", "c", "d"])
        #expect(value == ["a": ["c": ["d": 3]]])
    }

    @Test func modifyingInPlace() {
        var object: JSONObject = [:]
        object.modify("list", default: []) { $0 = .array(($0.arrayValue ?? []) + [1]) }
        object.modify("list", default: []) { $0 = .array(($0.arrayValue ?? []) + [2]) }
        #expect(object == ["list": [1, 2]])
    }

    @Test func membersAreSortedByBytes() {
        let object: JSONObject = ["b": 1, "a": 2, "é": 3, "Z": 4, "a.b": 5, "": 6, "\u{1F600}": 7, "\u{FFFD}": 8]
        #expect(object.keys == ["", "Z", "a", "a.b", "b", "é", "\u{FFFD}", "\u{1F600}"])
    }

    /// The number and the order of members are the client's choice; in the square of it, this would take minutes.
    @Test func manyMembersInAnyOrder() throws {
        let names = (0..<60_000).reversed().map { "k\($0)" }
        let text = "{" + names.map { "\"\($0)\":1" }.joined(separator: ",") + "}"
        let value = try JSONValue(parsing: text)
        #expect(value.objectValue?.count == names.count && value["k7777"] == 1)
        let patch = JSONValue.object(JSONObject(names.map { ("a" + $0, JSONValue.int(2)) }))
        #expect(try Patch.merge(patch, into: value).objectValue?.count == 2 * names.count)
        let removal = JSONValue.object(JSONObject(names.map { ($0, JSONValue.null) }))
        #expect(try Patch.merge(removal, into: value) == [:])
        #expect(try Patch.strategic(removal, to: value, schema: .plain) == [:])
    }

    @Test func theLastOfEqualNamesWins() {
        let object = JSONObject([("b", JSONValue.int(1)), ("a", 2), ("b", 3), ("a", 4), ("c", 5)])
        #expect(object == ["a": 4, "b": 3, "c": 5])
    }

    @Test func textsDifferInTheirBytes() {
        let composed = "\u{E9}"
        let decomposed = "e\u{301}"
        let object = JSONObject([(composed, JSONValue.int(1)), (decomposed, .int(2))])
        #expect(object.count == 2 && object[composed] == 1 && object[decomposed] == 2)
        #expect(JSONValue.string(composed) != JSONValue.string(decomposed))
    }

    @Test func equalityTellsIntegersFromDoubles() {
        #expect(JSONValue.int(1) != JSONValue.double(1))
        #expect(JSONValue.object(["a": 1, "b": 2]) == JSONValue.object(["b": 2, "a": 1]))
        #expect(JSONValue.array([1, 2]) != JSONValue.array([2, 1]))
    }
}
