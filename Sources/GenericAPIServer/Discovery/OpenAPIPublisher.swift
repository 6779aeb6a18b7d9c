import APIMachinery
import HTTPServing

/// Serves `/openapi/v2` and `/openapi/v3`. Documents are made when they are first asked for, and again when what
/// is served has changed.
final class OpenAPIPublisher: Sendable {
    private let core: ServerCore
    private let cache = DocumentCache()

    init(core: ServerCore) { self.core = core }

    func respond(_ segments: [String], _ request: APIRequest) throws(Status) -> APIResponse {
        let contents = core.registry.contents
        switch segments.count {
        case 2 where segments[1] == "v2":
            let accept = request.headers["accept"] ?? ""
            if accept.contains("openapi.spec.v2") {
                let document = cache.bytes("v2.pb", generation: contents.generation) {
                    OpenAPIBinary.document(Self.version2(contents))
                }
                return tagged(document, OpenAPIBinary.contentType)
            }
            return tagged(cache.bytes("v2", generation: contents.generation) { Self.version2(contents).bytes })
        case 2 where segments[1] == "v3":
            return tagged(cache.bytes("v3", generation: contents.generation) { self.index(contents).bytes })
        case 4 where segments[1] == "v3" && segments[2] == "api":
            return group("", segments[3], request, contents)
        case 5 where segments[1] == "v3" && segments[2] == "apis":
            return group(segments[3], segments[4], request, contents)
        default: return .pathNotFound
        }
    }

    private func answer(_ bytes: [UInt8]) -> APIResponse {
        APIResponse(contentType: "application/json", body: .bytes(bytes))
    }

    /// A document about everything that is served, with a tag of its contents.
    private func tagged(
        _ document: (bytes: [UInt8], hash: String),
        _ contentType: String = "application/json"
    ) -> APIResponse {
        var response = APIResponse(contentType: contentType, body: .bytes(document.bytes))
        response.headers += [("Etag", "\"\(document.hash)\""), ("Vary", "Accept")]
        return response
    }

    private static func bytes(_ groupVersion: GroupVersion, _ contents: ResourceRegistry.Contents) -> [UInt8] {
        version3(groupVersion, contents).bytes
    }

    private func group(
        _ group: String,
        _ version: String,
        _ request: APIRequest,
        _ contents: ResourceRegistry.Contents
    ) -> APIResponse {
        let groupVersion = GroupVersion(group: group, version: version)
        guard contents.resources[groupVersion] != nil else {
            return APIResponse(status: 404, contentType: "text/plain; charset=utf-8", body: .bytes([]))
        }
        let generation = contents.changes[groupVersion] ?? 0
        let (bytes, hash) = cache.bytes(groupVersion.path, generation: generation) {
            Self.bytes(groupVersion, contents)
        }
        if let wanted = request.query["hash"], wanted != hash {
            // Whoever has an old address is sent to the new one, which may be kept for ever.
            var response = APIResponse(status: 301, contentType: "text/plain; charset=utf-8", body: .bytes([]))
            response.headers.append(("Location", "/openapi/v3\(groupVersion.path)?hash=\(hash)"))
            return response
        }
        var response = answer(bytes)
        response.headers.append(("Etag", "\"\(hash)\""))
        response.headers.append(("Vary", "Accept"))
        if request.query["hash"] != nil {
            // An address with a hash always leads to the same document.
            response.headers.append(("Cache-Control", "public, immutable"))
        }
        return response
    }

    private func index(_ contents: ResourceRegistry.Contents) -> JSONValue {
        var paths = JSONObject()
        for groupVersion in contents.resources.keys where contents.resources[groupVersion]?.isEmpty == false {
            let generation = contents.changes[groupVersion] ?? 0
            let hash = cache.hash(groupVersion.path, generation: generation) { Self.bytes(groupVersion, contents) }
            let url = "/openapi/v3\(groupVersion.path)?hash=\(hash)"
            paths[String(groupVersion.path.dropFirst())] = ["serverRelativeURL": .string(url)]
        }
        return ["paths": .object(paths)]
    }

    private static func version3(_ groupVersion: GroupVersion, _ contents: ResourceRegistry.Contents) -> JSONValue {
        var schemas = OpenAPISchemas(.v3)
        var paths = OpenAPIPaths(.v3)
        for resource in sorted(contents.resources[groupVersion]) {
            schemas.add(resource)
            paths.add(resource)
        }
        var all = schemas.schemas
        all["\(OpenAPISchemas.metaPackage).Patch"] = patch
        return [
            "openapi": "3.0.0", "info": info, "paths": .object(paths.paths), "components": ["schemas": .object(all)],
        ]
    }

    private static func version2(_ contents: ResourceRegistry.Contents) -> JSONValue {
        var schemas = OpenAPISchemas(.v2)
        var paths = OpenAPIPaths(.v2)
        for groupVersion in contents.resources.keys.sorted(by: { $0.path < $1.path }) {
            for resource in sorted(contents.resources[groupVersion]) {
                schemas.add(resource)
                paths.add(resource)
            }
        }
        var all = schemas.schemas
        all["\(OpenAPISchemas.metaPackage).Patch"] = patch
        return ["swagger": "2.0", "info": info, "paths": .object(paths.paths), "definitions": .object(all)]
    }

    private static let patch: JSONValue = [
        "type": "object",
        "description": "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.",
    ]

    private static let info: JSONValue = ["title": "Kubernetes", "version": .string(ServerVersion().gitVersion)]

    private static func sorted(_ resources: [String: ServedResource]?) -> [ServedResource] {
        (resources ?? [:]).values.sorted { $0.names.plural < $1.names.plural }
    }
}
