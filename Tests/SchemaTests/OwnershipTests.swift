import APIMachinery
import Schema
import Testing

/// Field sets and the bookkeeping of writers.
@Suite struct OwnershipTests {
    @Test(
        "Field sets survive their wire format",
        arguments: [
            "{\"f:a\":{\".\":{},\"f:b\":{}},\"f:c\":{}}",
            "{\"f:l\":{\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:name\":{}}}}",
            "{\"f:s\":{\"i:3\":{},\"v:\\\"a\\\\u0026b\\\"\":{},\"v:1\":{},\"v:true\":{}}}",
            "{}",
        ]
    )
    func wireFormat(_ text: String) throws {
        let json = try JSONValue(parsing: text)
        #expect(try FieldSet(fieldsV1: json).fieldsV1 == json)
    }

    @Test(
        "Field sets that cannot be read are refused",
        arguments: ["{\"x\":{}}", "{\"v:{\":{}}", "{\"f:a\":1}", "{\"i:x\":{}}", "[]"]
    )
    func malformed(_ text: String) throws {
        let json = try JSONValue(parsing: text)
        #expect(throws: FieldSetSyntaxError.self) { try FieldSet(fieldsV1: json) }
    }

    @Test("Unknown kinds of path elements are left out")
    func unknownElements() throws {
        #expect(try FieldSet(fieldsV1: ["z:new": [:], "f:a": [:]]) == FieldSet(fields: [["a"]]))
    }

    @Test("Sets are combined path by path")
    func algebra() {
        let a = FieldSet(fields: [["a"], ["a", "b"], ["c"]])
        let b = FieldSet(fields: [["a"], ["c", "d"]])
        #expect(a.union(b) == FieldSet(fields: [["a"], ["a", "b"], ["c"], ["c", "d"]]))
        #expect(a.intersection(b) == FieldSet(fields: [["a"]]))
        #expect(a.subtracting(b) == FieldSet(fields: [["a", "b"], ["c"]]))
        #expect(a.subtractingRecursively(b) == FieldSet(fields: [["c"]]))
        #expect(a.contains([.field("a"), .field("b")]) && !a.contains([.field("b")]))
    }

    private static let kind = GroupVersionKind(group: "g", version: "v1", kind: "K")

    private static func manager(_ type: TypeSchema) -> FieldManager {
        FieldManager(kind: kind, types: ["g/v1": type])
    }

    private static func object(_ members: JSONObject) -> JSONValue {
        var result = members
        result["apiVersion"] = "g/v1"
        result["kind"] = "K"
        return .object(result)
    }

    @Test("The oldest writers are put together")
    func manyWriters() throws {
        let fields = Self.manager(.resource(["spec": .map(of: .string)]))
        var object = fields.update(
            Self.object(["spec": ["a": "0"]]),
            old: nil,
            manager: "m00",
            now: Timestamp(seconds: 100)
        )
        for index in 1...14 {
            var next = object
            next.set(.string("x"), at: ["spec", "k\(index)"])
            let name = index < 10 ? "m0\(index)" : "m\(index)"
            object = fields.update(next, old: object, manager: name, now: Timestamp(seconds: Int64(100 + index)))
        }
        let managed = try ManagedFields(json: object["metadata"]?["managedFields"])
        #expect(managed.entries.count == 10)
        let ancient = managed.sorted.first { $0.manager.name == "ancient-changes" }
        #expect(ancient?.entry.fields.contains([.field("spec"), .field("k3")]) == true)
        #expect(ancient?.entry.time == Timestamp(seconds: 105))
    }

    @Test("Of thousands of writers, all but ten are gathered with everything that they own")
    func thousandsOfWriters() throws {
        let fields = Self.manager(.resource(["spec": .map(of: .string)]))
        let count = 3000
        var object = Self.object(["spec": .object(JSONObject((0..<count).map { ("k\($0)", "x") }))])
        let entries = (0..<count).map { index -> JSONValue in
            [
                "manager": .string("m\(index)"), "operation": "Update", "apiVersion": "g/v1", "fieldsType": "FieldsV1",
                "fieldsV1": ["f:spec": .object(["f:k\(index)": [:]])],
                "time": .string(Timestamp(seconds: Int64(index)).rfc3339),
            ]
        }
        let old = object
        object.set(.array(entries), at: ["metadata", "managedFields"])
        object.set("x", at: ["spec", "more"])
        let stored = fields.update(object, old: old, manager: "last", now: Timestamp(seconds: Int64(count)))
        let managed = try ManagedFields(json: stored["metadata"]?["managedFields"])
        #expect(managed.entries.count == 10)
        let ancient = try #require(managed.sorted.first { $0.manager.name == "ancient-changes" })
        let owned = (0..<count).filter { ancient.entry.fields.contains([.field("spec"), .field("k\($0)")]) }
        #expect(owned == Array(0..<owned.count) && owned.count >= count - 10)
    }

    @Test("A list that became atomic is owned as a whole")
    func schemaChange() throws {
        let before = Self.manager(.resource(["l": .list(of: .string, .set)]))
        let object = try before.apply(Self.object(["l": ["a"]]), to: nil, manager: "one", now: Timestamp(seconds: 1))
            .object
        let after = Self.manager(.resource(["l": .list(of: .string)]))
        let outcome = try after.apply(Self.object(["l": ["a"]]), to: object, manager: "two", now: Timestamp(seconds: 2))
        let entries = try ManagedFields(json: outcome.object["metadata"]?["managedFields"]).entries
        #expect(entries.count == 2)
        #expect(entries.values.allSatisfy { $0.fields == FieldSet(fields: [["l"]]) })
    }

    @Test("Entries in a version that is gone are forgotten")
    func missingVersion() throws {
        let fields = Self.manager(.resource(["a": .string]))
        var object = Self.object(["a": "x"])
        object.set(
            [
                [
                    "manager": "old", "operation": "Update", "apiVersion": "g/v0", "fieldsType": "FieldsV1",
                    "fieldsV1": ["f:a": [:]],
                ]
            ],
            at: ["metadata", "managedFields"]
        )
        let outcome = try fields.apply(Self.object(["a": "y"]), to: object, manager: "new", now: Timestamp(seconds: 1))
        #expect(
            try ManagedFields(json: outcome.object["metadata"]?["managedFields"]).entries.keys.map(\.name) == ["new"]
        )
    }

    @Test("Only what changed nothing keeps its times")
    func timestamps() throws {
        func object(_ value: String, _ time: String) -> JSONValue {
            ["a": .string(value), "metadata": ["managedFields": [["manager": "m", "time": .string(time)]]]]
        }
        let old = object("x", "2020-01-01T00:00:00Z")
        #expect(ManagedFields.ignoringTimestamps(object("x", "2021-01-01T00:00:00Z"), old: old) == old)
        let changed = object("y", "2021-01-01T00:00:00Z")
        #expect(ManagedFields.ignoringTimestamps(changed, old: old) == changed)
    }

    static let refusals: [(body: JSONValue, code: Int)] = [
        (["kind": "Other", "apiVersion": "g/v1"], 400),
        (["kind": "K", "apiVersion": "g/v1", "metadata": ["managedFields": []]], 400),
        (["kind": "K", "apiVersion": "g/v1", "nope": 1], 500),
    ]

    @Test("What cannot be applied is refused", arguments: refusals)
    func refused(_ item: (body: JSONValue, code: Int)) {
        let error = #expect(throws: Status.self) {
            try Self.manager(.resource([:])).apply(item.body, to: nil, manager: "m", now: Timestamp(seconds: 1))
        }
        #expect(error?.code == item.code)
    }
}
