import APIMachinery
import KubeYAML
import TestSupport
import Testing

@Suite struct YAMLGoldenTests {
    /// Compares what reading gave with what the reference says, which is JSON text or an error.
    private func check(
        _ vector: Golden.Case,
        _ want: JSONValue,
        lenient: Bool,
        _ label: String,
        read: () throws(YAMLError) -> [UInt8]
    ) {
        do {
            let json = try read()
            guard let wanted = want["json"]?.stringValue else {
                Issue.record("\(vector) \(label): \(String(decoding: json, as: UTF8.self)) instead of \(want.text)")
                return
            }
            #expect(
                Golden.agree(try? JSONValue(parsing: json), try? JSONValue(parsing: wanted)),
                "\(vector) \(label): \(String(decoding: json, as: UTF8.self))"
            )
            if wanted.contains("18446744073709551615") {
                #expect(String(decoding: json, as: UTF8.self) == wanted, "\(vector) \(label)")
            }
        } catch {
            if want["json"] != nil {
                // The note allows a refusal where the reference ignores what follows the first document.
                #expect(lenient, "\(vector) \(label): \(error)")
                return
            }
            let kind = want["error"]?["kind"]?.stringValue
            #expect(kind == "syntax" || error.kind.rawValue == kind, "\(vector) \(label): \(error.kind) \(error)")
        }
    }

    @Test func documents() throws {
        for vector in try Golden.cases("yaml.json", op: "document") {
            let text = Array(vector.text("yaml").utf8)
            let lenient = vector["note"] != nil
            if lenient, vector.want["error"] != nil { continue }
            check(vector, vector.want, lenient: lenient, "") { () throws(YAMLError) in try YAML.toJSON(text) }
            check(vector, vector.want["strict"] ?? vector.want, lenient: lenient, "strict") { () throws(YAMLError) in
                try YAML.toJSON(text, strict: true)
            }
        }
    }

    @Test func streams() throws {
        for vector in try Golden.cases("yaml.json", op: "stream") {
            let text = vector.text("yaml")
            do {
                let documents = try YAML.documents(text.utf8)
                let wanted = try #require(vector.want["docs"]?.arrayValue, "\(vector)")
                #expect(documents.map { String(decoding: $0, as: UTF8.self) } == wanted.map { $0["raw"]?.stringValue })
                for (document, want) in zip(documents, wanted) {
                    check(vector, want, lenient: vector["note"] != nil, "") { () throws(YAMLError) in
                        try YAML.toJSON(document)
                    }
                }
            } catch {
                #expect(vector.want["error"] != nil, "\(vector): \(error)")
            }
        }
    }
}
