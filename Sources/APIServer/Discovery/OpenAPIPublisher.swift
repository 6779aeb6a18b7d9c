import APIMachinery
import Synchronization

/// Serves `/openapi/v2` and `/openapi/v3`. Documents are made when they are first asked for, and again when what
/// is served has changed.
final class OpenAPIPublisher: Sendable {
    private struct Cache {
        var generation = -1
        var documents: [String: [UInt8]] = [:]
    }

    private let core: ServerCore
    private let cache = Mutex(Cache())

    init(core: ServerCore) { self.core = core }

    func respond(_ segments: [String], _ request: APIRequest) throws(Status) -> APIResponse {
        let contents = core.registry.contents
        switch segments.count {
        case 2 where segments[1] == "v2":
            let accept = request.headers["accept"] ?? ""
            if accept.contains("openapi.spec.v2") {
                let bytes = bytes("v2.pb", contents) { OpenAPIBinary.document(Self.version2(contents)) }
                return APIResponse(contentType: OpenAPIBinary.contentType, body: .bytes(bytes))
            }
            return answer(document("v2", contents) { Self.version2(contents) })
        case 2 where segments[1] == "v3": return answer(document("v3", contents) { self.index(contents) })
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

    private func document(_ key: String, _ contents: ResourceRegistry.Contents, _ make: () -> JSONValue) -> [UInt8] {
        bytes(key, contents) { make().bytes }
    }

    private func bytes(_ key: String, _ contents: ResourceRegistry.Contents, _ make: () -> [UInt8]) -> [UInt8] {
        let cached = cache.withLock { cache -> [UInt8]? in
            if cache.generation != contents.generation { cache = Cache(generation: contents.generation) }
            return cache.documents[key]
        }
        if let cached { return cached }
        let bytes = make()
        cache.withLock { if $0.generation == contents.generation { $0.documents[key] = bytes } }
        return bytes
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
        let bytes = document(groupVersion.path, contents) { Self.version3(groupVersion, contents) }
        let hash = Self.hash(bytes)
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
            let bytes = document(groupVersion.path, contents) { Self.version3(groupVersion, contents) }
            let url = "/openapi/v3\(groupVersion.path)?hash=\(Self.hash(bytes))"
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

    /// A text that is another one for another document (FNV-1a).
    private static func hash(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let text = String(hash, radix: 16, uppercase: true)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
