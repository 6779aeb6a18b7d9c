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
