import APIMachinery
import BuiltInTypes
import HTTPServing

/// Tells clients what is served: `/api`, `/apis`, OpenAPI.
struct Discovery: Sendable {
    let core: ServerCore
    let openAPI: OpenAPIPublisher

    init(core: ServerCore) {
        self.core = core
        openAPI = OpenAPIPublisher(core: core)
    }

    /// Answers the paths that are not resources.
    func respond(to request: APIRequest, form: OutputForm) async throws(Status) -> APIResponse {
        let segments = RequestInfo.segments(request.path)
        let contents = core.registry.contents
        if segments.first == "openapi" { return try openAPI.respond(segments, request) }
        if case .groupDiscovery(let version) = form.transform, segments == ["api"] || segments == ["apis"] {
            let groups = segments == ["api"] ? [""] : contents.groups
            let list = AggregatedDiscovery.list(groups, contents, version: version)
            let type = "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
            return Self.tagged(.json(list, contentType: type), request)
        }
        guard let document = document(segments, contents) else {
            // Where built-in kinds are, an unknown path is answered in their form.
            let isInGroup = segments.count > 2 && segments[0] == "apis" && contents.isBuiltIn(segments[1])
            if segments.first == "api" || isInGroup { throw Dispatcher.unknown }
            return .pathNotFound
        }
        return Rendering.encode(
            document,
            status: 200,
            form: OutputForm(encoding: form.encoding, isPretty: form.isPretty)
        )
    }

    /// A document of built-in kinds is chosen by method and type before anything else.
    func checkBuiltInPath(_ request: APIRequest) throws(Status) {
        guard isBuiltInPath(RequestInfo.segments(request.path), core.registry.contents) else { return }
        guard ["GET", "HEAD"].contains(request.method) else { throw Dispatcher.methodNotOffered }
        guard Negotiation.names(Negotiation.builtInTypes, in: request.headers["accept"]) else {
            throw Negotiation.notOffered(Negotiation.builtInTypes)
        }
    }

    /// Whether the path is a discovery document of built-in kinds, other than those that all groups share.
    private func isBuiltInPath(_ segments: [String], _ contents: ResourceRegistry.Contents) -> Bool {
        switch segments.count {
        case 1: segments[0] == "api"
        case 2: segments[0] == "api" && contents.resources[GroupVersion(group: "", version: segments[1])] != nil
        case 3:
            segments[0] == "apis" && contents.isBuiltIn(segments[1])
                && contents.resources[GroupVersion(group: segments[1], version: segments[2])] != nil
        default: false
        }
    }

    /// An answer with a tag of its contents: who has them already is told so, and anybody may keep them.
    private static func tagged(_ response: APIResponse, _ request: APIRequest) -> APIResponse {
        guard case .bytes(let bytes) = response.body else { return response }
        let tag = "\"\(DocumentCache.hash(bytes))\""
        var response = response
        if request.headers["if-none-match"] == tag {
            response = APIResponse(status: 304, contentType: "", body: .bytes([]))
            response.headers = []
        }
        response.headers += [("Etag", tag), ("Vary", "Accept"), ("Cache-Control", "public")]
        return response
    }

    private func document(_ segments: [String], _ contents: ResourceRegistry.Contents) -> JSONValue? {
        switch segments.count {
        case 0: return ["paths": .array(rootPaths(contents).map(JSONValue.string))]
        case 1 where segments[0] == "api":
            return [
                "kind": "APIVersions", "versions": ["v1"],
                "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1"]],
            ]
        case 1 where segments[0] == "apis":
            return [
                "kind": "APIGroupList", "apiVersion": "v1",
                "groups": .array(contents.groups.map { group($0, contents) }),
            ]
        case 2 where segments[0] == "api": return resources("", segments[1], contents)
        case 2 where segments[0] == "apis":
            guard contents.versions[segments[1]] != nil else { return nil }
            var result = group(segments[1], contents)
            result["kind"] = "APIGroup"
            result["apiVersion"] = "v1"
            return result
        case 3 where segments[0] == "apis": return resources(segments[1], segments[2], contents)
        default: return nil
        }
    }

    private func rootPaths(_ contents: ResourceRegistry.Contents) -> [String] {
        var paths = ["/api", "/api/v1", "/apis", "/apis/"]
        for group in contents.groups {
            paths.append("/apis/\(group)")
            paths += (contents.versions[group] ?? []).map { "/apis/\(group)/\($0)" }
        }
        return paths + ["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
    }

    private func group(_ name: String, _ contents: ResourceRegistry.Contents) -> JSONValue {
        let versions: [JSONValue] = (contents.versions[name] ?? []).map { version in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? .null]
    }

    private func resources(_ group: String, _ version: String, _ contents: ResourceRegistry.Contents) -> JSONValue? {
        let groupVersion = GroupVersion(group: group, version: version)
        guard let resources = contents.resources[groupVersion] else { return nil }
        var list: [JSONValue] = []
        for resource in resources.values.sorted(by: { $0.names.plural < $1.names.plural }) {
            list.append(Self.entry(resource))
            for subresource in resource.subresources { list.append(Self.entry(subresource, of: resource)) }
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(groupVersion.apiVersion),
            "resources": .array(list),
        ]
    }

    private static func entry(_ resource: ServedResource) -> JSONValue {
        var entry: JSONValue = [
            "name": .string(resource.names.plural), "singularName": .string(resource.names.singular),
            "namespaced": .bool(resource.isNamespaced), "kind": .string(resource.names.kind),
            "verbs": .array(resource.verbs.map(JSONValue.string)),
        ]
        if !resource.names.shortNames.isEmpty {
            entry["shortNames"] = .array(resource.names.shortNames.map(JSONValue.string))
        }
        if !resource.names.categories.isEmpty {
            entry["categories"] = .array(resource.names.categories.map(JSONValue.string))
        }
        if case .objects = resource.backend {
            entry["storageVersionHash"] = .string(StorageVersionHash.of(resource))
        }
        return entry
    }

    private static func entry(_ subresource: ServedResource.Subresource, of resource: ServedResource) -> JSONValue {
        var entry: JSONValue = [
            "name": .string("\(resource.names.plural)/\(subresource.name)"), "singularName": "",
            "namespaced": .bool(resource.isNamespaced),
            "kind": .string(subresource.kind?.kind ?? resource.names.kind),
            "verbs": .array(subresource.verbs.map(JSONValue.string)),
        ]
        if let kind = subresource.kind {
            entry["group"] = .string(kind.group)
            entry["version"] = .string(kind.version)
        }
        return entry
    }
}

/// A short text that changes when the form in which objects are stored does. Clients only compare it.
enum StorageVersionHash {
    static func of(_ resource: ServedResource) -> String {
        // FNV-1a: any stable hash will do.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(resource.storageGroup)/\(resource.storageVersion)/\(resource.names.kind)".utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return Base64.encode((0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * UInt64($0))) })
    }
}
