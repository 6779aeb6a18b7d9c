import APIMachinery
import Testing

/// Details that no recorded vector touches, with the values that Kubernetes' sources lead to.
@Suite struct ReferenceDetailTests {
    @Test("What is too large for suffixes is printed with an exponent, and can be read again")
    func enormousSums() throws {
        let sum = try Quantity(parsing: "1k") + Quantity(parsing: "1e2000000")
        #expect(try Quantity(parsing: sum.description) == sum)
        #expect(sum.description.utf8.count < 20)
        #expect(throws: Quantity.ParseError.numeric) { try Quantity(parsing: "1000e2147483647") }
    }

    @Test("Positions in lists that are none (jsonpatch partialArray.add, .get, .remove)")
    func positions() throws {
        func message(_ steps: JSONValue) -> String {
            do {
                return try Patch.json(steps, to: ["a": ["x"]]).text
            } catch {
                return error.message
            }
        }
        #expect(
            message([["op": "add", "path": "/a/x", "value": 1]])
                == "error in add for path: '/a/x': value was not a proper array index: 'x': "
                + "strconv.Atoi: parsing \"x\": invalid syntax"
        )
        #expect(
            message([["op": "remove", "path": "/a/x"]])
                == "error in remove for path: '/a/x': strconv.Atoi: parsing \"x\": invalid syntax"
        )
        #expect(
            message([["op": "remove", "path": "/a/99999999999999999999"]])
                == "error in remove for path: '/a/99999999999999999999': "
                + "strconv.Atoi: parsing \"99999999999999999999\": value out of range"
        )
        #expect(
            message([["op": "move", "from": "/a/5", "path": "/b"]])
                == "error in move for path: '5': Unable to access invalid index: 5: invalid index referenced"
        )
    }
}
