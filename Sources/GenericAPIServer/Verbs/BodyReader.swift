package import APIMachinery
import BuiltInTypes
import HTTPServing

/// Reads request bodies.
package enum BodyReader {
    /// What a body says, and which members it says more than once.
    package struct Document: Sendable {
        package var value: JSONValue
        /// Problems that strict reading refuses and lenient reading warns of, as Kubernetes words them.
        package var duplicates: [String]
    }

    /// The deepest nesting of a body, so that nothing that walks over it can run out of stack.
    static let maximumDepth = JSONValue.maximumObjectDepth

    /// Reads a body in the form its Content-Type states: JSON, or YAML.
    package static func read(_ context: RequestContext) throws(Status) -> Document {
        let type = mediaType(context.request.headers["content-type"])
        switch type {
        case "", "application/json": return try json(context.request.body)
        case "application/yaml": return try yaml(context.request.body)
        case "application/vnd.kubernetes.protobuf":
            return Document(value: try protobuf(context.request.body), duplicates: [])
        default:
            throw .unsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: "
                    + "application/json, application/yaml, application/vnd.kubernetes.protobuf"
            )
        }
    }

    private static func protobuf(_ bytes: [UInt8]) throws(Status) -> JSONValue {
        do throws(ProtobufDecoder.Failure) {
            return try ProtobufDecoder.decode(bytes)
        } catch {
            throw .badRequest("the body cannot be read as protobuf: \(error.message)")
        }
    }

    static func mediaType(_ header: String?) -> String {
        HeaderText.trimmed((header ?? "").prefix { $0 != ";" }).lowercased()
    }

    package static func json(_ bytes: [UInt8]) throws(Status) -> Document {
        do {
            let (value, duplicates) = try JSONValue.parseReportingDuplicates(bytes, maximumDepth: maximumDepth)
            return Document(value: value, duplicates: duplicates.map { "duplicate field \"\($0)\"" })
        } catch {
            throw .badRequest("the body is not a JSON document: \(error)")
        }
    }

    package static func yaml(_ bytes: [UInt8]) throws(Status) -> Document {
        do {
            let (value, duplicates) = try YAMLText.parse(bytes)
            return Document(value: value, duplicates: duplicates)
        } catch {
            throw .badRequest("the body is not a YAML document: \(error)")
        }
    }
}
