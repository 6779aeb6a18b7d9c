import APIMachinery
import FoundationEssentials
import Testing

/// Reads the recorded conversations with a reference API server (`Tests/Conformance`), for the parts of them that
/// a schema alone decides.
enum Conformance {
    /// One request of a case, with what the server answered.
    struct Step: Sendable, CustomTestStringConvertible {
        let caseName: String
        let index: Int
        let json: JSONValue

        var testDescription: String { "\(caseName)#\(index)" }
        var verb: String { String(json["do"]?.stringValue?.split(separator: " ").first ?? "") }
        var path: String { String(json["do"]?.stringValue?.split(separator: " ").last ?? "") }
        var body: JSONValue? { json["body"] }
        /// The Status that was answered, if one was.
        var status: JSONValue? {
            let body = json["expect"]?["body"]
            return body?["kind"] == "Status" ? body : nil
        }
        var code: Int64? { json["expect"]?["status"]?.intValue }
    }

    /// A case: its steps and the CRDs of its own.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let json: JSONValue

        var testDescription: String { name }
        var steps: [Step] {
            (json["steps"]?.arrayValue ?? []).enumerated().map { Step(caseName: name, index: $0, json: $1) }
        }
        var crds: [JSONValue] { json["crds"]?.arrayValue ?? [] }
    }

    struct LoadError: Error { let path: String }

    static func cases(_ area: String) throws -> [Case] {
        let document = try read("cases/\(area).json")
        return (document["cases"]?.arrayValue ?? []).map { Case(name: $0["name"]?.stringValue ?? "", json: $0) }
    }

    static func fixture(_ name: String) throws -> JSONValue { try read("fixtures/\(name).json") }

    /// A document with its placeholders filled in.
    private static func read(_ file: String) throws -> JSONValue {
        let path = "\(directory)/\(file)"
        guard let data = FileManager.default.contents(atPath: path) else { throw LoadError(path: path) }
        var text = String(decoding: data, as: UTF8.self)
        for (name, value) in [("{g}", "g.test"), ("{cg}", "cg.test"), ("{ns}", "ns")] {
            text = text.split(separator: name, omittingEmptySubsequences: false).joined(separator: value)
        }
        return try JSONValue(parsing: text)
    }

    private static var directory: String {
        if let given = ProcessInfo.processInfo.environment["MARTINET_CONFORMANCE"], !given.isEmpty { return given }
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(tests)/Conformance"
    }
}

/// One cause of a Status, to be compared without order.
struct Cause: Hashable, CustomStringConvertible {
    var reason: String
    var field: String
    var message: String

    var description: String { "\(reason) \(field): \(message)" }

    static func of(_ errors: [FieldError]) -> Set<Cause> {
        Set(
            errors.map {
                Cause(reason: $0.reason.rawValue, field: $0.field.isEmpty ? "<nil>" : $0.field, message: $0.body)
            }
        )
    }

    static func of(_ status: JSONValue?) -> Set<Cause> {
        Set(
            (status?["details"]?["causes"]?.arrayValue ?? []).map {
                Cause(
                    reason: $0["reason"]?.stringValue ?? "",
                    field: $0["field"]?.stringValue ?? "",
                    message: $0["message"]?.stringValue ?? ""
                )
            }
        )
    }
}
