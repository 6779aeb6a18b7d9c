import APIMachinery
import Schema
import Testing

/// Writes of objects with rules, as a reference API server answered them.
@Suite struct RuleConformanceTests {
    static let cases: [Conformance.Case] = ((try? Conformance.cases("crd-cel")) ?? []).filter { item in
        item.steps.allSatisfy { $0.path.contains("/laws") && ["POST", "PATCH"].contains($0.verb) }
    }

    @Test("The recorded cases were found")
    func casesExist() { #expect(Self.cases.count > 25) }

    @Test("Rules are applied as recorded", arguments: cases)
    func conversation(_ item: Conformance.Case) throws {
        let version = try Conformance.fixture("laws")["spec"]?["versions"]?[0]
        let schema = try CustomResourceSchema(json: version?["schema"]?["openAPIV3Schema"] ?? .null)
        var stored: [String: JSONValue] = [:]
        for step in item.steps {
            var body = try #require(step.body)
            let isStatus = step.path.split(separator: "?")[0].hasSuffix("/status")
            let name: String
            if step.verb == "POST" {
                name = body["metadata"]?["name"]?.stringValue ?? ""
                body["status"] = nil
            } else {
                let segments = step.path.split(separator: "?")[0].split(separator: "/")
                name = String(segments[(segments.firstIndex(of: "laws") ?? 0) + 1])
                guard let old = stored[name] ?? (step.json["type"] == "apply" ? body : nil) else { return }
                // JSON patches are not for this test.
                guard case .object = body else { return }
                body = Self.mergePatch(old, body)
            }
            let object = schema.fillDefaults(try schema.coerce(body).object)
            let verdict: CustomResourceSchema.Verdict
            if let old = stored[name] {
                verdict =
                    isStatus ? schema.validateStatusUpdate(object, old: old) : schema.validateUpdate(object, old: old)
            } else {
                verdict = schema.validateCreate(object)
            }
            #expect(Cause.of(verdict.errors) == Cause.of(step.status), "\(step.testDescription)")
            if verdict.errors.isEmpty { stored[name] = object }
        }
    }

    @Test("A rule that was added later only warns where nothing changed")
    func ratcheting() throws {
        let strict = CustomResourceSchema(
            .object([
                "spec": .object([
                    "size": .integer().with {
                        $0.validations = [ValidationRule(rule: "self < 10", message: "below 10")]
                    },
                    "name": .string(),
                ])
            ])
        )
        let old: JSONValue = ["spec": ["size": 50]]
        let kept = strict.validateUpdate(["spec": ["size": 50, "name": "x"]], old: old)
        #expect(kept.errors == [])
        #expect(kept.warnings == ["spec.size: Invalid value: 50: below 10"])
        let changed = strict.validateUpdate(["spec": ["size": 51]], old: old)
        #expect(changed.errors.map(\.description) == ["spec.size: Invalid value: 51: below 10"])
    }

    private static func mergePatch(_ target: JSONValue, _ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = target.objectValue ?? [:]
        for (key, value) in changes {
            result[key] = value.isNull ? nil : mergePatch(result[key] ?? .null, value)
        }
        return .object(result)
    }
}
