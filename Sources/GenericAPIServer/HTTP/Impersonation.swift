import APIMachinery
import AccessControl
import HTTPServing

/// A wish to act as somebody else, as the `Impersonate-*` headers state it.
struct Impersonation: Sendable {
    /// One thing that the wish needs a right for.
    private struct Part {
        enum Kind: String { case serviceAccount = "ServiceAccount", user = "User", group = "Group", extra, uid = "UID" }
        var kind: Kind
        var namespace = ""
        var name: String
        var key = ""

        /// As Kubernetes shows it in a refusal: a Go struct.
        var text: String {
            let isAuthentication = kind == .extra || kind == .uid
            let version = isAuthentication ? "authentication.k8s.io/v1" : ""
            let kindName = kind == .extra ? "UserExtra" : kind.rawValue
            return "{\(kindName) \(namespace) \(name)  \(version)  \(key)}"
        }
    }

    private let parts: [Part]

    /// Reads the headers; `nil` if there are none.
    ///
    /// - Throws: a 400 if a group, an extra or a uid is wished for without a user.
    init?(_ headers: [HeaderField]) throws(Status) {
        var parts: [Part] = []
        func values(_ name: String) -> [String] { headers.filter { $0.name == name }.map(\.value) }
        let user = values("impersonate-user").first ?? ""
        if let (namespace, name) = ServiceAccounts.split(user) {
            parts.append(Part(kind: .serviceAccount, namespace: namespace, name: name))
        } else if !user.isEmpty {
            parts.append(Part(kind: .user, name: user))
        }
        parts += values("impersonate-group").map { Part(kind: .group, name: $0) }
        let prefix = "impersonate-extra-"
        for field in headers where field.name.hasPrefix(prefix) {
            let key = PercentEncoding.decode(field.name.dropFirst(prefix.count).utf8)
            parts.append(Part(kind: .extra, name: field.value, key: key))
        }
        if let uid = values("impersonate-uid").first, !uid.isEmpty { parts.append(Part(kind: .uid, name: uid)) }
        guard !parts.isEmpty else { return nil }
        guard !user.isEmpty else {
            let shown = parts.map(\.text).joined(separator: " ")
            throw .badRequest("requested [\(shown)] without impersonating a user")
        }
        self.parts = parts
    }

    /// The user that the request is to be taken as one of.
    ///
    /// - Throws: a 403 naming the first part for which the requestor has no right.
    func user(for requestor: UserInfo, _ authorizer: any Authorizer) throws(Status) -> UserInfo {
        var result = UserInfo(name: "")
        let namesGroups = parts.contains { $0.kind == .group }
        for part in parts {
            var attributes = AccessAttributes(
                user: requestor,
                verb: "impersonate",
                group: "",
                resource: "users",
                namespace: part.namespace,
                name: part.name
            )
            switch part.kind {
            case .serviceAccount:
                attributes.resource = "serviceaccounts"
                attributes.version = "v1"
                result.name = ServiceAccounts.userName(namespace: part.namespace, name: part.name)
                if !namesGroups { result.groups = ServiceAccounts.groups(namespace: part.namespace) }
            case .user: result.name = part.name
            case .group:
                attributes.resource = "groups"
                result.groups.append(part.name)
            case .extra:
                attributes.group = "authentication.k8s.io"
                attributes.version = "v1"
                attributes.resource = "userextras"
                attributes.subresource = part.key
                result.extra[part.key, default: []].append(part.name)
            case .uid:
                attributes.group = "authentication.k8s.io"
                attributes.version = "v1"
                attributes.resource = "uids"
                result.uid = part.name
            }
            if case .denied(let reason) = authorizer.authorize(attributes) { throw attributes.forbidden(reason) }
        }
        // Everybody is in one of these two groups, whether that is said or not.
        if result.name == UserInfo.anonymous.name {
            if !result.groups.contains(UserInfo.unauthenticatedGroup) {
                result.groups.append(UserInfo.unauthenticatedGroup)
            }
        } else if !result.groups.contains(UserInfo.authenticatedGroup),
            !result.groups.contains(UserInfo.unauthenticatedGroup)
        {
            result.groups.append(UserInfo.authenticatedGroup)
        }
        return result
    }
}
