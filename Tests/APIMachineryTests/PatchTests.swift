import TestSupport
import Testing

@testable import APIMachinery

@Suite struct PatchTests {
    /// Runs the vectors of one dialect.
    private func check(
        _ op: String,
        value: (JSONValue, JSONValue, String) throws -> JSONValue,
        bytes: ([UInt8], JSONValue, String) throws -> Patch.Outcome
    ) throws {
        for vector in try Golden.cases("patch.json", op: op) {
            let (document, kind) = (vector["doc"] ?? .null, vector.text("kind"))
            let want = vector.want
            do {
                let outcome: Patch.Outcome
                if let text = vector["patchText"]?.stringValue {
                    outcome = try bytes(Array(text.utf8), document, kind)
                } else {
                    outcome = Patch.Outcome(result: try value(vector["patch"] ?? .null, document, kind))
                }
                if let error = want["error"] {
                    Issue.record("\(vector): \(outcome.result.text) instead of \(error.text)")
                    continue
                }
                #expect(Golden.agree(outcome.result, want["result"]), "\(vector): \(outcome.result.text)")
                let duplicates = want["duplicates"]?.arrayValue ?? []
                #expect(outcome.duplicates.map(JSONValue.string) == duplicates, "\(vector)")
            } catch let error as PatchError {
                #expect(.int(Int64(error.code)) == want["error"]?["code"], "\(vector): \(error)")
            }
        }
    }

    @Test func goldenMergePatches() throws {
        try check("merge") { patch, document, _ in
            try Patch.merge(patch, into: document)
        } bytes: { patch, document, _ in
            try Patch.merge(patch, into: document)
        }
    }

    @Test func goldenJSONPatches() throws {
        try check("json") { patch, document, _ in
            try Patch.json(patch, to: document)
        } bytes: { patch, document, _ in
            try Patch.json(patch, to: document)
        }
    }

    @Test func goldenStrategicPatches() throws {
        func schema(_ kind: String) throws -> StrategicMergeSchema {
            try #require(StrategicMergeSchema.builtIn(group: "", kind: kind), "\(kind) has no schema")
        }
        try check("strategic") { patch, document, kind in
            try Patch.strategic(patch, to: document, schema: schema(kind))
        } bytes: { patch, document, kind in
            try Patch.strategic(patch, to: document, schema: schema(kind))
        }
    }

    @Test func strategicDirectivesInOddPlaces() throws {
        let pod = try #require(StrategicMergeSchema.builtIn(group: "", kind: "Pod"))
        let document: JSONValue = ["metadata": ["finalizers": ["a", "b"]], "spec": ["volumes": [["name": "v"]]]]
        func patched(_ patch: JSONValue) throws -> JSONValue { try Patch.strategic(patch, to: document, schema: pod) }
        func code(_ patch: JSONValue) -> Int? {
            do throws(PatchError) {
                _ = try Patch.strategic(patch, to: document, schema: pod)
                return nil
            } catch {
                return error.code
            }
        }
        // Values that are new lose their nulls and the objects that carry a directive.
        #expect(
            try patched(["x": ["y": .null, "z": [["$patch": "delete"], 1], "w": ["$patch": "replace"]]])["x"] == [
                "z": [1]
            ]
        )
        #expect(try patched(["metadata": ["$deleteFromPrimitiveList/finalizers": .null]])["metadata"] == [:])
        #expect(try patched(["metadata": ["$setElementOrder/labels": []]]) == document)
        #expect(code(["metadata": ["$deleteFromPrimitiveList": ["a"]]]) == 400)
        #expect(code(["metadata": ["$setElementOrder": ["a"]]]) == 400)
        #expect(code(["metadata": ["$setElementOrder/finalizers": "a"]]) == 500)
        #expect(code(["metadata": ["finalizers": [1]]]) == 500)
        #expect(code(["spec": ["volumes": [["name": "v", "$patch": "merge"]]]]) == 500)
        #expect(code(["spec": ["volumes": [.null]]]) == 500)
        #expect(code(["$patch": 5]) == 500)
        #expect(StrategicMergeSchema.builtIn(group: "example.com", kind: "Pod") == nil)
    }

    @Test func strategicSchemasInOpenAPI() {
        let fields = StrategicMergeSchema.fields(ofType: "PodSpec")
        #expect(fields["volumes"]?.openAPIStrategy == "merge,retainKeys" && fields["volumes"]?.mergeKey == "name")
        #expect(fields["containers"]?.openAPIStrategy == "merge" && fields["nodeName"] == nil)
        #expect(StrategicMergeSchema.fields(ofType: "Pod")["spec"]?.openAPIStrategy == nil)
    }

    @Test func mergePatchKeepsNullsOfWhatReplacesAnObject() throws {
        let result = try Patch.merge(["a": [["c": .null]]], into: ["a": ["b": 1]])
        #expect(result == ["a": [["c": .null]]])
        #expect(try Patch.merge(["a": [["c": .null]]], into: ["a": [1]]) == ["a": [[:]]])
        #expect(try Patch.merge(["a": ["c": .null]], into: ["a": .null]) == ["a": [:]])
    }

    @Test func jsonPatchOddities() throws {
        // The text before the first slash does not count, and replace makes what is missing.
        #expect(try Patch.json([["op": "replace", "path": "x/new", "value": 1]], to: ["a": 1]) == ["a": 1, "new": 1])
        #expect(throws: PatchError.self) { try Patch.json([["op": "add", "path": "a", "value": 1]], to: [:]) }
        #expect(throws: PatchError.self) {
            try Patch.json([["op": "move", "from": "/a", "path": "/a/b"]], to: ["a": [:]])
        }
        #expect(try Patch.json([["op": "test", "path": "/l/-1", "value": 2]], to: ["l": [1, 2]]) == ["l": [1, 2]])
        #expect(try Patch.json([["op": "replace", "path": "/l/+1", "value": 3]], to: ["l": [1, 2]]) == ["l": [1, 3]])
        #expect(try Patch.json([["op": "replace", "path": "", "value": [1]]], to: [:]) == [1])
    }

    @Test func jsonPatchIsBounded() throws {
        let test: JSONValue = ["op": "test", "path": "/a", "value": 1]
        let many = JSONValue.array(Array(repeating: test, count: Patch.maximumOperations + 1))
        #expect(
            throws: PatchError(code: 413, message: "The allowed maximum operations in a JSON patch is 10000, got 10001")
        ) {
            try Patch.json(many, to: ["a": 1])
        }
        // Copies that double the object, in size or in depth.
        let copy: JSONValue = ["op": "copy", "from": "/a", "path": "/a/-"]
        let doubling = JSONValue.array(Array(repeating: copy, count: 100))
        #expect(throws: PatchError.self) {
            try Patch.json(doubling, to: ["a": [.string(String(repeating: "x", count: 999))]])
        }
        var path = "/a"
        var deepening: [JSONValue] = []
        for _ in 0..<12 {
            deepening.append(["op": "copy", "from": "/a", "path": .string("\(path)/a")])
            path += String(repeating: "/a", count: path.utf8.count / 2)
        }
        #expect(throws: PatchError.self) { try Patch.json(.array(deepening), to: ["a": [:]]) }
    }

    @Test func jsonPatchShiftsABoundedNumberOfElements() throws {
        func repeated(_ json: JSONValue, _ count: Int) throws {
            let list = JSONValue.array(Array(repeating: 1, count: 100))
            var state = JSONPatchState(document: ["a": list], maximumShiftedElements: 1000)
            for _ in 0..<count { try state.apply(try JSONPatchOperation(json, index: 0)) }
        }
        let inFront: [JSONValue] = [
            ["op": "add", "path": "/a/0", "value": 1], ["op": "move", "from": "/a/0", "path": "/a/99"],
            ["op": "remove", "path": "/a/0"], ["op": "copy", "from": "/a/50", "path": "/a/0"],
        ]
        for operation in inFront {
            try repeated(operation, 9)
            #expect(throws: JSONPatchFailure.self, "\(operation)") { try repeated(operation, 12) }
        }
        // At the end nothing is shifted.
        try repeated(["op": "add", "path": "/a/-", "value": 1], 1000)
    }

    @Test func patchesThatAreNoJSON() {
        for text in ["", "{", "nul", "[1,]", "\u{FEFF}{}", "{} {}"] {
            #expect(throws: PatchError.self, "\(text)") { try Patch.merge(text.utf8, into: [:]) }
            #expect(throws: PatchError.self, "\(text)") { try Patch.json(text.utf8, to: [:]) }
        }
    }
}
