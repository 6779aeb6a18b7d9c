import APIMachinery
import Schema
import Testing

/// Creates of custom objects, as a reference API server answered them.
@Suite struct ValidationConformanceTests {
    struct Create: Sendable, CustomTestStringConvertible {
        let step: Conformance.Step
        let fixture: String

        var testDescription: String { step.testDescription }
    }

    static let creates: [Create] = {
        var result: [Create] = []
        for area in ["crd-schema", "defaulting-pruning", "dryrun-validation"] {
            for item in (try? Conformance.cases(area)) ?? [] {
                for step in item.steps where step.verb == "POST" && step.body != nil {
                    for fixture in ["checks", "bases", "widgets", "looses"] where step.path.contains("/\(fixture)") {
                        result.append(Create(step: step, fixture: fixture))
                    }
                }
            }
        }
        return result
    }()

    static func schema(_ fixture: String) throws -> CustomResourceSchema {
        let crd = try Conformance.fixture(fixture)
        let version = crd["spec"]?["versions"]?[0]
        return try CustomResourceSchema(json: version?["schema"]?["openAPIV3Schema"] ?? .null)
    }

    @Test("The recorded cases were found")
    func casesExist() { #expect(Self.creates.count > 90) }

    @Test("A create is answered as recorded", arguments: creates)
    func create(_ item: Create) throws {
        let schema = try Self.schema(item.fixture)
        let body = try #require(item.step.body)
        if item.step.path.contains("dryRun=Some") || item.step.path.contains("fieldValidation=Severe") { return }
        let (coerced, unknown): (JSONValue, [String])
        do {
            (coerced, unknown) = try schema.coerce(body)
        } catch {
            #expect(item.step.status?["code"] == 400, "\(error)")
            return
        }
        if let status = item.step.status, status["code"] == 400 {
            let words = unknown.map { "unknown field \"\($0)\"" }.joined(separator: ", ")
            #expect(status["message"]?.stringValue?.hasSuffix(words) == true, "\(words)")
            #expect(!unknown.isEmpty)
            return
        }
        let object = schema.fillDefaults(coerced)
        let verdict = schema.validateCreate(object)
        #expect(Cause.of(verdict.errors) == Cause.of(item.step.status))
        if item.step.path.contains("fieldValidation") == false, item.step.code == 201 {
            let warnings = item.step.json["expect"]?["headers"]?["Warning"]?.arrayValue ?? []
            let mine = unknown.map { JSONValue.string("299 - \"unknown field \\\"\($0)\\\"\"") }
            #expect(Set(mine) == Set(warnings))
        }
        for (pointer, want) in item.step.json["expect"]?["fields"]?.objectValue ?? [:]
        where pointer.hasPrefix("/spec") {
            let names = pointer.split(separator: "/").map(String.init)
            let got = object.value(at: names)
            if want == "<absent>" { #expect(got == nil) } else { #expect(got == want) }
        }
    }
}
