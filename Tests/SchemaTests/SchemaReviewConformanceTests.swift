import APIMachinery
import Schema
import Testing

/// CRDs that a reference API server refused because of their schema, or took.
@Suite struct SchemaReviewConformanceTests {
    static let creates: [Conformance.Step] = {
        var steps: [Conformance.Step] = []
        for area in ["crd-lifecycle", "crd-cel", "crd-schema"] {
            for item in (try? Conformance.cases(area)) ?? [] {
                steps += item.steps.filter { $0.verb == "POST" && $0.path.hasSuffix("/customresourcedefinitions") }
            }
        }
        return steps
    }()

    @Test("The recorded cases were found")
    func casesExist() { #expect(Self.creates.count > 25) }

    @Test("A CRD's schema is judged as recorded", arguments: creates)
    func create(_ step: Conformance.Step) throws {
        let versions = step.body?["spec"]?["versions"]?.arrayValue ?? []
        guard let first = versions.first, let json = first["schema"]?["openAPIV3Schema"] else { return }
        let schema = try JSONSchemaProps(json: json)
        let hasStatus = first["subresources"]?["status"] != nil
        let errors = SchemaReview.review(schema, at: FieldPath("spec").child("validation"), hasStatus: hasStatus)
        let wanted = Cause.of(step.status).filter { $0.field.hasPrefix("spec.validation.") }
        let got = Cause.of(errors)
        // Where the recording leaves the words out, only the places and reasons are compared.
        if wanted.contains(where: { $0.message.isEmpty }) {
            #expect(Set(got.map { "\($0.reason) \($0.field)" }) == Set(wanted.map { "\($0.reason) \($0.field)" }))
        } else {
            #expect(got == Set(wanted))
        }
    }

    @Test(
        "The fixtures' schemas are in order",
        arguments: ["checks", "bases", "widgets", "looses", "laws", "gadgets", "gizmos"]
    )
    func fixtures(_ name: String) throws {
        let crd = try Conformance.fixture(name)
        for version in crd["spec"]?["versions"]?.arrayValue ?? [] {
            guard let json = version["schema"]?["openAPIV3Schema"] else { continue }
            let schema = try JSONSchemaProps(json: json)
            let hasStatus = version["subresources"]?["status"] != nil
            #expect(SchemaReview.review(schema, at: FieldPath("spec").child("validation"), hasStatus: hasStatus) == [])
            #expect(try JSONSchemaProps(json: schema.json) == schema)
        }
    }
}
