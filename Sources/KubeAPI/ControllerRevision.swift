public import APIMachinery

/// One numbered, unchangeable state of another object: `apps/v1 ControllerRevision`.
public struct ControllerRevision: Resource, Hashable {
    public static let groupVersionKind = GroupVersionKind(group: "apps", version: "v1", kind: "ControllerRevision")
    public static let resource = GroupVersionResource(
        group: "apps",
        version: "v1",
        resource: "controllerrevisions"
    )
    public static let isNamespaced = true

    public var metadata: ObjectMeta
    /// The recorded part of the owner, as its owner understands it.
    public var data: JSONValue?
    /// Greater than that of every earlier revision of the same owner.
    public var revision: Int64

    /// A revision of that number.
    public init(metadata: ObjectMeta = ObjectMeta(), data: JSONValue? = nil, revision: Int64) {
        self.metadata = metadata
        self.data = data
        self.revision = revision
    }
}
