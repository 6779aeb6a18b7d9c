package import APIMachinery

/// What a request's path says: which verb on which resource.
package struct RequestInfo: Sendable, Hashable {
    package var group = ""
    package var version = ""
    package var namespace = ""
    /// The resource's plural; empty if the path is not about a resource.
    package var resource = ""
    package var name = ""
    package var subresource = ""
    /// Segments after the subresource.
    package var rest: [String] = []
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or the method's name.
    package var verb = ""

    /// A request that came by no path.
    package init() {}

    package var groupResource: GroupResource { GroupResource(group: group, resource: resource) }

    /// Takes a resource path apart; `nil` if the path is not that of a resource or of something in it.
    ///
    /// `/api/VERSION/...` or `/apis/GROUP/VERSION/...`, then optionally `watch`, then optionally
    /// `namespaces/NAMESPACE`, then `RESOURCE[/NAME[/SUBRESOURCE]]`.
    package init?(method: String, path: String, query: QueryParameters) {
        var segments = Self.segments(path)
        guard let prefix = segments.first else { return nil }
        segments.removeFirst()
        switch prefix {
        case "api":
            guard segments.count >= 2 else { return nil }
        case "apis":
            guard segments.count >= 3 else { return nil }
            group = segments.removeFirst()
        default: return nil
        }
        version = segments.removeFirst()
        var isWatch = false
        if segments[0] == "watch", segments.count > 1 {
            isWatch = true
            segments.removeFirst()
        }
        // `namespaces/x` is a namespace itself, `namespaces/x/status` is in it too, anything else is in a namespace.
        if segments[0] == "namespaces", segments.count > 1 {
            let isSubresource = segments.count == 3 && ["status", "finalize"].contains(segments[2])
            if segments.count == 2 || isSubresource, group.isEmpty {
                namespace = segments[1]
            } else if segments.count > 2 {
                namespace = segments[1]
                segments.removeFirst(2)
            }
        }
        resource = segments[0]
        if segments.count > 1 { name = segments[1] }
        if segments.count > 2 { subresource = segments[2] }
        if segments.count > 3 { rest = Array(segments[3...]) }
        // One object cannot be watched by the option; the old prefix can.
        if name.isEmpty, query.flag("watch") { isWatch = true }
        verb = Self.verb(method: method, isWatch: isWatch, hasName: !name.isEmpty)
    }

    /// The parts of a path that has been decoded already: an escaped slash is a slash.
    static func segments(_ path: String) -> [String] {
        var parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        if parts.first?.isEmpty == true { parts.removeFirst() }
        if parts.last?.isEmpty == true { parts.removeLast() }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }

    private static func verb(method: String, isWatch: Bool, hasName: Bool) -> String {
        switch method {
        case "GET", "HEAD":
            if isWatch { return "watch" }
            return hasName ? "get" : "list"
        case "POST": return "create"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return hasName ? "delete" : "deletecollection"
        default: return method.lowercased()
        }
    }
}
