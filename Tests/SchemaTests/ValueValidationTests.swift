import APIMachinery
import Schema
import Testing

/// What is said of values that break their schema, beyond the recorded cases.
@Suite struct ValueValidationTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let name: String
        let schema: JSONSchemaProps
        let value: JSONValue
        let errors: [String]

        var testDescription: String { name }
    }

    static let examples: [Example] = [
        Example(
            name: "two bounds of different kinds",
            schema: .integer(minimum: 3, maximum: 5),
            value: 7,
            errors: ["f: Invalid value: 7: f in body should be less than or equal to 5"]
        ),
        Example(
            name: "a bound with a fraction",
            schema: .number(minimum: 0.5),
            value: .double(0.25),
            errors: ["f: Invalid value: 0.25: f in body should be greater than or equal to 0.5"]
        ),
        Example(
            name: "a large double has an exponent",
            schema: .number(maximum: 10),
            value: .double(12_345_678.5),
            errors: ["f: Invalid value: 1.23456785e+07: f in body should be less than or equal to 10"]
        ),
        Example(
            name: "int32",
            schema: .integer(format: "int32"),
            value: 2_147_483_648,
            errors: ["<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in f"]
        ),
        Example(name: "a whole double is an integer", schema: .integer(), value: .double(3), errors: []),
        Example(
            name: "multipleOf zero",
            schema: JSONSchemaProps(type: "integer").with { $0.multipleOf = 0 },
            value: 3,
            errors: ["f: Invalid value: 0: factor MultipleOf declared for f must be positive: 0"]
        ),
        Example(
            name: "length in code points, limit in bytes",
            schema: .string(maxLength: 2),
            value: "äöü",
            errors: ["f: Too long: may not be more than 2 bytes"]
        ),
        Example(
            name: "quoting as Go does",
            schema: .string(minLength: 9),
            value: "a\"\u{07}\u{200B}é",
            errors: ["f: Invalid value: \"a\\\"\\a\\u200bé\": f in body should be at least 9 chars long"]
        ),
        Example(
            name: "too many items, and one of them wrong",
            schema: .list(of: .integer(), maxItems: 1),
            value: [1, "x"],
            errors: [
                "f[1]: Invalid value: \"string\": f[1] in body must be of type integer: \"string\"",
                "f: Too many: 2: must have at most 1 item",
            ]
        ),
        Example(
            name: "null where it may be",
            schema: .string().with { $0.nullable = true },
            value: .null,
            errors: []
        ),
        Example(
            name: "null is in no enumeration",
            schema: .string(enumeration: ["a"]).with { $0.nullable = true },
            value: .null,
            errors: ["f: Unsupported value: null: supported values: \"a\""]
        ),
        Example(
            name: "allOf tells that one part failed",
            schema: JSONSchemaProps(type: "integer").with {
                $0.allOf = [JSONSchemaProps().with { $0.minimum = 1 }, JSONSchemaProps().with { $0.maximum = 5 }]
            },
            value: 9,
            errors: [
                "f: Invalid value: 9: f in body should be less than or equal to 5",
                "<nil>: Invalid value: \"\": \"f\" must validate all the schemas (allOf)",
            ]
        ),
        Example(
            name: "of the alternatives the one that fits best is shown",
            schema: .object(["a": .string(), "b": .object(["c": .string()])]).with {
                $0.anyOf = [
                    JSONSchemaProps().with { $0.required = ["x"] },
                    JSONSchemaProps().with {
                        $0.properties = ["a": JSONSchemaProps().with { $0.minLength = 1 }]
                        $0.required = ["y"]
                    },
                ]
            },
            value: ["a": "t"],
            errors: [
                "<nil>: Invalid value: \"\": \"f\" must validate at least one schema (anyOf)",
                "f.y: Required value",
            ]
        ),
        Example(
            name: "additionalProperties: false",
            schema: JSONSchemaProps(type: "object").with { $0.additionalProperties = .allowed(false) },
            value: ["k": 1],
            errors: ["f: Invalid value: \"k\": f.k in body is a forbidden property"]
        ),
        Example(
            name: "uniqueItems",
            schema: .list(of: .integer()).with { $0.uniqueItems = true },
            value: [1, 1],
            errors: ["f: Invalid value: \"\": f in body shouldn't contain duplicates"]
        ),
    ]

    @Test("Faults are worded as the reference words them", arguments: examples)
    func words(_ example: Example) {
        let schema = StructuralSchema(.object(["f": example.schema]))
        let errors = SchemaValidator.validate(["f": example.value], schema)
        #expect(errors.map(\.description) == example.errors)
    }

    @Test("A status is validated below its own root")
    func statusRoot() {
        let schema = CustomResourceSchema(
            .object(["status": .object(["n": .integer(), "list": .set(of: .string())], required: ["phase"])])
        )
        let verdict = schema.validateStatusUpdate(["status": ["n": "x", "list": ["a", "a"]]], old: [:])
        #expect(
            Set(verdict.errors.map(\.description)) == [
                "status.n: Invalid value: \"string\": n in body must be of type integer: \"string\"",
                "status.phase: Required value",
                "status.list[1]: Duplicate value: \"a\"",
            ]
        )
    }

    @Test("What was wrong before may stay, what changes must be right")
    func ratcheting() {
        let item = JSONSchemaProps.object(["k": .string(), "v": .integer(maximum: 5)], required: ["k"])
        let schema = CustomResourceSchema(
            .object([
                "spec": .object(["a": .integer(maximum: 5), "b": .string(), "l": .listMap(of: item, keys: ["k"])])
            ])
        )
        let old: JSONValue = ["spec": ["a": 9, "l": [["k": "x", "v": 9], ["k": "y", "v": 1]]]]
        let moved: JSONValue = ["spec": ["a": 9, "b": "n", "l": [["k": "y", "v": 2], ["k": "x", "v": 9]]]]
        #expect(schema.validateUpdate(moved, old: old).errors == [])
        let changed: JSONValue = ["spec": ["a": 8, "l": [["k": "x", "v": 8]]]]
        #expect(schema.validateUpdate(changed, old: old).errors.map(\.field) == ["spec.a", "spec.l[0].v"])
    }

    @Test("Huge and deep input is judged in reasonable steps")
    func extremes() {
        let many = JSONValue.array((0..<20_000).map { .string("item-\($0)") } + ["item-0"])
        let schema = CustomResourceSchema(.object(["l": .set(of: .string(maxLength: 20))]))
        #expect(schema.validateCreate(["l": many]).errors.map(\.field) == ["l[20000]"])

        var deep = JSONValue.object([:])
        for _ in 0..<400 { deep = ["a": deep] }
        let free = CustomResourceSchema(JSONSchemaProps(type: "object").with { $0.preservesUnknownFields = true })
        #expect(free.validateCreate(deep).errors == [])
        let fields = FieldManager(kind: GroupVersionKind(group: "g", version: "v1", kind: "K"), types: [:])
        #expect(
            fields.update(
                ["apiVersion": "g/v1", "kind": "K", "x": deep],
                old: nil,
                manager: "m",
                now: Timestamp(seconds: 0)
            )["x"] == deep
        )

        let wrong = JSONValue.array((0..<5_000).map { _ in .string("x") })
        let errors = CustomResourceSchema(.object(["l": .list(of: .integer())])).validateCreate(["l": wrong]).errors
        #expect(errors.count == 5_000)
    }
}
