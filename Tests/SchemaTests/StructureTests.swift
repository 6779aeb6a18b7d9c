import APIMachinery
import Schema
import Testing

/// Pruning, defaults, paths and building of schemas.
@Suite struct StructureTests {
    @Test("Unknown fields go, and their paths are told in order")
    func pruning() throws {
        let schema = StructuralSchema(
            .object([
                "spec": .object([
                    "known": .string(), "list": .list(of: .object(["a": .string()])), "free": .anyObject(),
                ]),
                "loose": JSONSchemaProps(type: "object").with { $0.additionalProperties = .allowed(true) },
            ])
        )
        let (object, unknown) = Pruning.prune(
            [
                "apiVersion": "v1", "metadata": ["x": 1], "extra": 1,
                "spec": ["zz": 1, "known": "k", "list": [["a": "1"], ["b": 2]], "free": ["any": ["thing": 1]]],
                "loose": ["scalar": 1, "object": ["gone": 1]],
            ],
            schema,
            isResourceRoot: true
        )
        #expect(unknown == ["extra", "loose.object.gone", "spec.list[1].b", "spec.zz"])
        #expect(
            object == [
                "apiVersion": "v1", "metadata": ["x": 1],
                "spec": ["known": "k", "list": [["a": "1"], [:]], "free": ["any": ["thing": 1]]],
                "loose": ["scalar": 1, "object": [:]],
            ]
        )
    }

    @Test("Defaults fill what is absent, deep inside other defaults too")
    func defaults() {
        let schema = StructuralSchema(
            .object([
                "a": .object(["b": .object(["c": .integer(default: 1)], default: [:])], default: ["unknown": 1]),
                "l": .list(of: .string(default: "x")), "n": .string(default: "d").with { $0.nullable = true },
                "m": .map(of: .object(["p": .integer(default: 2)])),
            ])
        )
        #expect(Defaulting.fill([:], schema) == ["a": ["b": ["c": 1]], "n": "d"])
        #expect(
            Defaulting.fill(["a": .null, "l": [.null, "y"], "n": .null, "m": ["k": [:]]], schema)
                == ["a": ["b": ["c": 1]], "l": ["x", "y"], "n": .null, "m": ["k": ["p": 2]]]
        )
        #expect(
            Defaulting.dropNulls(["a": .null, "zz": .null, "m": ["k": .null]], schema) == [
                "a": .null, "zz": .null, "m": [:],
            ]
        )
    }

    @Test("Metadata is brought into form")
    func metadata() throws {
        let (metadata, unknown) = try ObjectMetaCoercion.coerce([
            "name": "a", "labels": [:], "finalizers": [], "creationTimestamp": "2020-01-01T01:00:00+01:00",
            "ownerReferences": [["name": "o", "uid": "u", "apiVersion": "v1", "kind": "K", "odd": 1]], "odd": true,
            "annotations": .null, "generation": 0,
        ])
        #expect(unknown == ["odd", "ownerReferences[0].odd"])
        #expect(
            metadata == [
                "name": "a", "creationTimestamp": "2020-01-01T00:00:00Z",
                "ownerReferences": [["name": "o", "uid": "u", "apiVersion": "v1", "kind": "K"]],
            ]
        )
        #expect(
            throws: CoercionError("json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string")
        ) {
            try ObjectMetaCoercion.coerce(["labels": ["a": 1]])
        }
    }

    @Test(
        "Paths lead to declared fields only",
        arguments: [
            (".spec.a", "spec.a"), (".spec['a']", "spec.a"), (".spec.m.k", "spec.m[k]"), (".spec['x.y']", "spec.x.y"),
            (".spec.nope", nil), ("spec.a", nil), (".spec[a]", nil), (".spec.a.b", nil), (".", nil),
            (".spec['\\q']", nil),
        ]
    )
    func paths(_ text: String, _ want: String?) {
        let schema = StructuralSchema(
            .object(["spec": .object(["a": .string(), "x.y": .string(), "m": .map(of: .string())])])
        )
        #expect((try? SchemaPath(text, in: schema))?.path.description == want)
    }

    @Test("A schema survives its JSON, and unknown keywords are told")
    func json() throws {
        let schema = JSONSchemaProps.object(
            [
                "a": .intOrString(pattern: "^x$"),
                "b": .listMap(of: .object(["k": .string()], required: ["k"]), keys: ["k"]),
            ],
            "described",
            required: ["a"],
            validations: [ValidationRule(rule: "true", message: "m", optionalOldSelf: true)]
        )
        #expect(try JSONSchemaProps(json: schema.json) == schema)
        #expect(throws: SchemaSyntaxError.self) { try JSONSchemaProps(json: ["maxLength": "x"]) }
        let (kept, unknown) = JSONSchemaProps.withoutUnknownKeywords(
            [
                "type": "object", "nope": 1, "properties": ["a": ["typo": 1]],
                "x-kubernetes-validations": [["rul": "x"]],
            ],
            at: "s"
        )
        #expect(unknown == ["s.nope", "s.properties.a.typo", "s.x-kubernetes-validations[0].rul"])
        #expect(kept == ["type": "object", "properties": ["a": [:]], "x-kubernetes-validations": [[:]]])
    }
}
