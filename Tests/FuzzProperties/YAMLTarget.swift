import APIMachinery
import KubeYAML
import TestSupport

extension FuzzTarget {
    /// YAML: whatever is read can be written and read again, strictness only refuses, and JSON is read as JSON.
    static let yaml = FuzzTarget(
        name: "yaml",
        seeds: { try Golden.cases("yaml.json").map { Array($0.text("yaml").utf8) } },
        check: { bytes in
            let value: JSONValue?
            do throws(YAMLError) {
                value = try YAML.parse(bytes)
            } catch {
                try expect(error.message.hasPrefix("yaml: "), "an error without its origin: \(error)")
                value = nil
            }
            let strict = try? YAML.parse(bytes, strict: true)
            try expect(strict == nil || strict == value, "strict reading gives something else")
            if let value {
                try checkWriting(value)
                let json = try expectSuccess("no JSON though it was read") { try YAML.toJSON(bytes) }
                let parsed = try expectSuccess("the JSON made of it cannot be read") { try JSONValue(parsing: json) }
                try expect(parsed.normalized == value.normalized, "\(decoded(json)) is not \(value.text)")
            }
            if let documents = try? YAML.documents(bytes) {
                for document in documents.prefix(16) { _ = try? YAML.parse(document) }
            }
        }
    )

    private static func checkWriting(_ value: JSONValue) throws {
        let written = YAML.text(of: value)
        let again = try expectSuccess("\(value.text), written as\n\(written)\ncannot be read") {
            try YAML.parse(written, strict: true)
        }
        try expect(
            again.normalized == value.normalized,
            "\(value.text), written as\n\(written)\nis read as \(again.text)"
        )
    }
}
