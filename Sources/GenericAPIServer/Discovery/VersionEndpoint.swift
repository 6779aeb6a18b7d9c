import APIMachinery
import HTTPServing

/// `/version`, which is always written for people to read.
enum VersionEndpoint {
    /// The answer to a request for the version; `nil` if the request is about something else.
    static func respond(to request: APIRequest, _ version: ServerVersion) throws(Status) -> APIResponse? {
        let segments = RequestInfo.segments(request.path)
        guard segments.first == "version" else { return nil }
        guard segments.count == 1 else { throw Dispatcher.unknown }
        guard request.method == "GET" else { throw Dispatcher.methodNotOffered }
        guard Negotiation.names(["application/json"], in: request.headers["accept"]) else {
            throw Negotiation.notOffered(["application/json"])
        }
        let lines = version.fields.map { "  \"\($0.name)\": \(JSONValue.string($0.value).text)" }
        let text = "{\n\(lines.joined(separator: ",\n"))\n}"
        return APIResponse(contentType: "application/json", body: .bytes(Array(text.utf8)))
    }
}
