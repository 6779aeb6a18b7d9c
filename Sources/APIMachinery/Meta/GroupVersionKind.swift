/// An API group and one of its versions; the core group's name is empty.
public struct GroupVersion: Sendable, Hashable, CustomStringConvertible {
    /// `apps`, `martinet.dev`; empty for the core group.
    public var group: String
    /// `v1`, `v1alpha1`.
    public var version: String

    /// That version of that group.
    public init(group: String, version: String) {
        self.group = group
        self.version = version
    }

    /// Reads an `apiVersion`: `apps/v1`, or `v1` for the core group. `nil` for more than one slash.
    public init?(apiVersion: String) {
        let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false)
        switch parts.count {
        case 1: self.init(group: "", version: String(parts[0]))
        case 2: self.init(group: String(parts[0]), version: String(parts[1]))
        default: return nil
        }
    }

    /// The text of an object's `apiVersion` field.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    public var description: String { apiVersion }

    /// The path under which the version is served: `/api/v1` or `/apis/apps/v1`.
    public var path: String { group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)" }
}

/// What an object is: `apps/v1 ControllerRevision`.
public struct GroupVersionKind: Sendable, Hashable, CustomStringConvertible {
    public var group: String
    public var version: String
    public var kind: String

    /// That kind in that version of that group.
    public init(group: String, version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    /// The group and version without the kind.
    public var groupVersion: GroupVersion { GroupVersion(group: group, version: version) }

    /// The text of an object's `apiVersion` field.
    public var apiVersion: String { groupVersion.apiVersion }

    public var description: String { "\(apiVersion), Kind=\(kind)" }
}

/// Where objects of a kind are served: `apps/v1 controllerrevisions`.
public struct GroupVersionResource: Sendable, Hashable, CustomStringConvertible {
    public var group: String
    public var version: String
    /// The plural in lower case.
    public var resource: String

    /// That resource in that version of that group.
    public init(group: String, version: String, resource: String) {
        self.group = group
        self.version = version
        self.resource = resource
    }

    /// The group and version without the resource.
    public var groupVersion: GroupVersion { GroupVersion(group: group, version: version) }

    /// The resource without its version, which is what storage and permissions go by.
    public var groupResource: GroupResource { GroupResource(group: group, resource: resource) }

    public var description: String { "\(groupVersion.apiVersion), Resource=\(resource)" }
}

/// A resource in any version: `controllerrevisions.apps`.
public struct GroupResource: Sendable, Hashable, CustomStringConvertible {
    public var group: String
    public var resource: String

    /// That resource of that group.
    public init(group: String, resource: String) {
        self.group = group
        self.resource = resource
    }

    /// `controllerrevisions.apps`, or `pods` for the core group; error messages name resources so.
    public var description: String { group.isEmpty ? resource : "\(resource).\(group)" }
}
