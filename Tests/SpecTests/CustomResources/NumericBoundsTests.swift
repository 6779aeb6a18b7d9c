import APIMachinery
import Schema
import Spec
import Testing

/// Every number that a user can write has bounds, and no number makes anything trap.
@Suite struct NumericBoundsTests {
    /// The numeric fields of a schema below a path.
    static func numbers(_ schema: JSONValue, _ path: [String] = []) -> [(path: [String], schema: JSONValue)] {
        var found: [(path: [String], schema: JSONValue)] = []
        if ["integer", "number"].contains(schema["type"]?.stringValue) { found.append((path, schema)) }
        for (name, child) in schema["properties"]?.objectValue ?? [:] { found += numbers(child, path + [name]) }
        if let items = schema["items"] { found += numbers(items, path + ["[]"]) }
        if let values = schema["additionalProperties"] { found += numbers(values, path + ["*"]) }
        return found
    }

    static func specNumbers(_ definition: JSONValue) throws -> [(path: [String], schema: JSONValue)] {
        let schema = try CustomResourceDefinitionTests.schema(definition)
        return numbers(try #require(schema.value(at: "properties", "spec")), ["spec"])
    }

    @Test("Every number in a specification has both bounds, and its bounds fit 64 bits of a double")
    func bounds() throws {
        for definition in CustomResourceDefinitionTests.definitions {
            let numbers = try Self.specNumbers(definition)
            #expect(!numbers.isEmpty)
            for (path, schema) in numbers {
                let name = path.joined(separator: ".")
                let minimum = try #require(schema["minimum"]?.doubleValue, "\(name) has no minimum")
                let maximum = try #require(schema["maximum"]?.doubleValue, "\(name) has no maximum")
                #expect(minimum <= maximum && maximum < 1e15, "\(name)")
            }
        }
    }

    /// A value at a path of member names, of which `[]` is a list's first element.
    private static func object(_ path: ArraySlice<String>, _ value: JSONValue) -> JSONValue {
        guard let first = path.first else { return value }
        let rest = object(path.dropFirst(), value)
        return first == "[]" ? .array([rest]) : .object([first: rest])
    }

    @Test("Each of them refuses what lies outside, by its name")
    func refusals() throws {
        for definition in CustomResourceDefinitionTests.definitions {
            let schema = try CustomResourceSchema(json: try CustomResourceDefinitionTests.schema(definition))
            let names = definition.value(at: "spec", "names")
            let group = definition.value(at: "spec", "group")?.stringValue ?? ""
            for (path, number) in try Self.specNumbers(definition) where !path.contains("*") {
                let maximum = try #require(number["maximum"]?.doubleValue)
                let values: [JSONValue] = [
                    .int(.max), .int(.min), .double(1e300), .double(-1e300), .double(maximum + 1),
                ]
                for value in values + [.string("NaN"), .bool(true)] {
                    var object = Self.object(path[...], value)
                    object["apiVersion"] = .string("\(group)/v1alpha1")
                    object["kind"] = names?["kind"]
                    object["metadata"] = ["name": "x", "namespace": "default"]
                    let field = path.joined(separator: ".").replacing(".[]", with: "[0]")
                    let (known, _) = try schema.coerce(object)
                    let errors = schema.validateCreate(known).errors
                    #expect(errors.contains { $0.field == field }, "\(field) takes \(value.text)")
                }
            }
        }
    }

    @Test("Warnings name what has no effect yet")
    func warnings() throws {
        let object = try Manifest.json(
            "Workflow",
            "{policy: {maxTokens: 5, caching: {enabled: true}}, steps: [{id: a, actor: http}, {id: b, actor: exec}]}"
        )
        let warnings = SemanticWarnings.warnings(object)
        #expect(warnings.count == 3)
        #expect(warnings[0].hasPrefix("spec.policy.maxTokens has no effect yet"))
        #expect(warnings[1].hasPrefix("spec.policy.caching has no effect yet"))
        #expect(warnings[2].hasPrefix("spec.steps[0].actor: no built-in runner offers \"http\" yet"))
        #expect(SemanticWarnings.warnings(try Manifest.json("Workflow", "{steps: [{id: b, actor: sleep}]}")) == [])
        #expect(SemanticWarnings.warnings(try Manifest.json("WorkerPool", "{}")) == [])
    }
}
