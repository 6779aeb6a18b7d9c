package import APIMachinery

/// Who is asking.
public struct UserInfo: Sendable, Hashable {
    public var name: String
    public var uid: String
    public var groups: [String]
    /// What else is known, as the fingerprint of the certificate.
    public var extra: [String: [String]] = [:]

    /// A user in these groups.
    public init(name: String, uid: String = "", groups: [String] = []) {
        self.name = name
        self.uid = uid
        self.groups = groups
    }

    /// Nobody in particular.
    public static let anonymous = UserInfo(name: "system:anonymous", groups: [unauthenticatedGroup])

    package static let authenticatedGroup = "system:authenticated"
    package static let unauthenticatedGroup = "system:unauthenticated"

    /// Whether the user is in the group that may do everything.
    public var isMaster: Bool { groups.contains("system:masters") }
}

extension UserInfo {
    /// The user as reviews and the audit log show one.
    package var json: JSONValue {
        var result: JSONValue = ["username": .string(name), "groups": .array(groups.map(JSONValue.string))]
        if !uid.isEmpty { result["uid"] = .string(uid) }
        for (key, values) in extra.sorted(by: { $0.key < $1.key }) {
            result.set(.array(values.map(JSONValue.string)), at: ["extra", key])
        }
        return result
    }
}
