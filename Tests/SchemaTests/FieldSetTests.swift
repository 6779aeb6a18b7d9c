import APIMachinery
import Testing

@testable import Schema

@Suite struct FieldSetTests {
    @Test("Reading a set costs in proportion to its size")
    func reading() throws {
        func seconds(_ count: Int) throws -> Double {
            var json = JSONObject()
            for index in 0..<count { json["f:m\(1_000_000 + index)"] = .object([:]) }
            let fields: JSONValue = ["f:spec": .object(json)]
            // The best of a few, as others use the processor too.
            var times: [Duration] = []
            for _ in 0..<3 {
                let start = ContinuousClock.now
                let set = try FieldSet(fieldsV1: fields)
                times.append(ContinuousClock.now - start)
                #expect(set.child(.field("spec"))?.members.count == count)
            }
            let best = times.min() ?? .zero
            return Double(best.components.seconds) + Double(best.components.attoseconds) * 1e-18
        }
        // In proportion to the square it would be 64 times as long.
        #expect(try seconds(32_000) < 24 * seconds(4000))
    }

    @Test("What is read is written the same, and what is owned itself is told from what only leads further down")
    func roundTrip() throws {
        let cases: [JSONValue] = [
            [:], ["f:a": [:]], ["f:a": [".": [:], "f:b": [:]]], ["f:a": ["f:b": [:]]],
            ["k:{\"name\":\"x\"}": [".": [:], "f:name": [:]], "v:\"y\"": [:]],
        ]
        for fields in cases { #expect(try FieldSet(fieldsV1: fields).fieldsV1 == fields) }
        // Kinds of elements that are not known do not count.
        #expect(try FieldSet(fieldsV1: ["f:a": ["x:b": [:]]]).fieldsV1 == ["f:a": [:]])
    }
}
