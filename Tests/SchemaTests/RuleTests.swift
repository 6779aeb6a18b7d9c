import APIMachinery
import Schema
import Testing

/// Rules beyond the recorded cases.
@Suite struct RuleTests {
    private static func review(_ schema: JSONSchemaProps) -> [String] {
        SchemaReview.review(.object(["spec": schema]), at: FieldPath("s"), hasStatus: false).map { error in
            let place = error.field.split(separator: "[spec]").last.map(String.init) ?? error.field
            return "\(place): \(error.body.prefix { $0 != ":" })"
        }
    }

    @Test("Old values must be findable")
    func uncorrelatable() {
        let item = JSONSchemaProps.integer().with { $0.validations = [ValidationRule(rule: "self >= oldSelf")] }
        #expect(
            Self.review(.list(of: item, maxItems: 3))
                == [".items.x-kubernetes-validations[0].rule: Invalid value"]
        )
        let unused = JSONSchemaProps.integer().with {
            $0.validations = [ValidationRule(rule: "self > 1", optionalOldSelf: true)]
        }
        #expect(Self.review(unused) == [".x-kubernetes-validations[0].optionalOldSelf: Invalid value"])
    }

    @Test("A messageExpression must be a text of bounded cost")
    func messageExpressions() {
        func rule(_ expression: String) -> JSONSchemaProps {
            .integer().with { $0.validations = [ValidationRule(rule: "self > 0", messageExpression: expression)] }
        }
        #expect(Self.review(rule("'too small'")) == [])
        #expect(Self.review(rule("1 + 1")) == [".x-kubernetes-validations[0].messageExpression: Invalid value"])
        // The length of a number as text has no bound that the estimate knows.
        let costly = Self.review(rule("'got ' + string(self)"))
        #expect(costly.first == ".x-kubernetes-validations[0].messageExpression: Forbidden")
    }

    @Test("Bounds make a costly rule affordable")
    func bounds() {
        func list(_ maximum: Int64?, _ length: Int64?) -> JSONSchemaProps {
            .list(of: .string(maxLength: length), maxItems: maximum).with {
                $0.validations = [ValidationRule(rule: "self.all(x, self.exists(y, x == y + 'a'))")]
            }
        }
        #expect(!Self.review(list(nil, nil)).isEmpty)
        #expect(Self.review(list(10, 20)) == [])
    }

    @Test("A default must obey the rules")
    func defaults() {
        let schema = JSONSchemaProps.integer(default: 0).with { $0.validations = [ValidationRule(rule: "self > 0")] }
        #expect(Self.review(.object(["n": schema])) == [".properties[n].default: Invalid value"])
    }

    @Test("Lists of type set and map are equal in any order")
    func orderlessLists() {
        let entry = JSONSchemaProps.object(["k": .string(), "v": .integer()], required: ["k"])
        let schema = CustomResourceSchema(
            .object([
                "s": .set(of: .string()).with { $0.validations = [ValidationRule(rule: "self == oldSelf")] },
                "m": .listMap(of: entry, keys: ["k"]).with {
                    $0.validations = [ValidationRule(rule: "self == oldSelf")]
                },
                "a": .list(of: .string()).with { $0.validations = [ValidationRule(rule: "self == oldSelf")] },
            ])
        )
        let old: JSONValue = [
            "s": ["a", "b"], "m": [["k": "x", "v": 1], ["k": "y", "v": 2]], "a": ["a", "b"],
        ]
        let turned: JSONValue = [
            "s": ["b", "a"], "m": [["k": "y", "v": 2], ["k": "x", "v": 1]], "a": ["b", "a"],
        ]
        #expect(schema.validateUpdate(turned, old: old).errors.map(\.field) == ["a"])
    }

    @Test("A field called like a reserved word can be selected by that word and by its escaped name")
    func reservedWords() {
        let rules = [
            "self.namespace == 'a' && self.__namespace__ == 'a'", "has(self.namespace) && !has(self.for)",
            "self.?namespace.orValue('') == 'a'", "self.if.while == 1 && self.?if.?while.hasValue()",
        ]
        let schema = CustomResourceSchema(
            .object([
                "o": .object([
                    "namespace": .string(), "for": .string(), "if": .object(["while": .integer()]),
                ])
                .with { $0.validations = rules.map { ValidationRule(rule: $0) } }
            ])
        )
        let errors = schema.validateCreate(["o": ["namespace": "a", "if": ["while": 1]]]).errors
        #expect(errors.isEmpty, "\(errors.map(\.body))")
        #expect(schema.validateCreate(["o": ["namespace": "b", "if": ["while": 2]]]).errors.count == 3)
    }

    @Test("Values of format byte are bytes in rules")
    func bytes() {
        let rules = ["self.b == b'hello'", "size(self.b) == 5", "string(self.b).startsWith('he')"]
        let schema = CustomResourceSchema(
            .object([
                "o": .object(["b": .string().with { $0.format = "byte" }])
                    .with { $0.validations = rules.map { ValidationRule(rule: $0) } }
            ])
        )
        let errors = schema.validateCreate(["o": ["b": "aGVsbG8="]]).errors
        #expect(errors.isEmpty, "\(errors.map(\.body))")
        #expect(schema.validateCreate(["o": ["b": "d29ybGRz"]]).errors.count == 3)
    }

    @Test("A run of rules ends with its budget")
    func budget() {
        let schema = CustomResourceSchema(
            .object([
                "l": .list(of: .integer()).with {
                    $0.validations = [ValidationRule(rule: "self.all(x, self.all(y, self.all(z, x + y + z >= 0)))")]
                }
            ])
        )
        let verdict = schema.validateCreate(["l": .array((0..<400).map { .int($0) })])
        #expect(verdict.errors.count == 1)
        #expect(verdict.errors.first?.body.contains("call cost exceeds limit") == true)
    }
}
