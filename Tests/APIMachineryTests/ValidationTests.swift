import APIMachinery
import TestSupport
import Testing

@Suite struct ValidationTests {
    private static let rules: [String: @Sendable (String) -> [String]] = [
        "dns1123Subdomain": { Validation.dns1123Subdomain($0) },
        "dns1123Label": { Validation.dns1123Label($0) },
        "dns1035Label": { Validation.dns1035Label($0) },
        "qualifiedName": { Validation.qualifiedName($0) },
        "labelValue": { Validation.labelValue($0) },
        "configMapKey": { Validation.configMapKey($0) },
        "envVarName": { Validation.environmentVariableName($0) },
        "relaxedEnvVarName": { Validation.relaxedEnvironmentVariableName($0) },
        "portName": { Validation.portName($0) },
        "pathSegment": { Validation.pathSegment($0) },
        "generateName": { Validation.generateName($0) },
        "cIdentifier": { Validation.cIdentifier($0) },
        "percent": { Validation.percent($0) },
        "finalizer": { Validation.finalizer($0, at: FieldPath("metadata").child("finalizers")).map(\.description) },
    ]

    @Test func goldenNames() throws {
        for vector in try Golden.cases("names.json") {
            let errors: [String]
            let value = vector["value"] ?? .null
            let map = Dictionary(
                uniqueKeysWithValues: (value.objectValue ?? [:]).map { ($0.key, $0.value.stringValue ?? "") }
            )
            switch vector.op {
            case "portNumber": errors = Validation.portNumber(value.intValue ?? 0)
            case "labels":
                errors = Validation.labels(map, at: FieldPath("metadata").child("labels")).map(\.description)
            case "annotations":
                errors = Validation.annotations(map, at: FieldPath("metadata").child("annotations")).map(\.description)
            default:
                let rule = try #require(Self.rules[vector.op], "\(vector): \(vector.op) has no rule")
                errors = rule(value.stringValue ?? "")
            }
            #expect(.array(errors.map(JSONValue.string)) == vector.want["errors"], "\(vector): \(vector.op)")
        }
    }

    @Test func annotationsHaveATotalSize() {
        let path = FieldPath("metadata").child("annotations")
        let half = String(repeating: "x", count: Validation.maximumAnnotationBytes / 2)
        #expect(Validation.annotations(["a": half, "b": String(half.dropLast(2))], at: path).isEmpty)
        #expect(Validation.annotations(["a": half, "b": half], at: path).map(\.reason) == [.tooLong])
    }

    @Test func generatedNamesFollowTheRuleOfTheirKind() {
        #expect(Validation.generateName("web-", rule: Validation.dns1035Label).isEmpty)
        #expect(Validation.generateName("1eb-", rule: Validation.dns1035Label).count == 1)
        #expect(Validation.generateName("web.-").isEmpty)
    }
}
