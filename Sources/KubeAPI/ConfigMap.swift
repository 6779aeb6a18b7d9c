public import APIMachinery

/// Settings for programs: `v1 ConfigMap`.
public struct ConfigMap: Resource, Hashable {
    public static let groupVersionKind = GroupVersionKind(group: "", version: "v1", kind: "ConfigMap")
    public static let resource = GroupVersionResource(group: "", version: "v1", resource: "configmaps")
    public static let isNamespaced = true

    public var metadata: ObjectMeta
    public var data: [String: String]?
    /// Values in base64.
    public var binaryData: [String: String]?
    public var immutable: Bool?

    /// A ConfigMap of these values.
    public init(metadata: ObjectMeta = ObjectMeta(), data: [String: String]? = nil) {
        self.metadata = metadata
        self.data = data
    }
}

/// Settings that not everybody may read: `v1 Secret`.
public struct Secret: Resource, Hashable {
    public static let groupVersionKind = GroupVersionKind(group: "", version: "v1", kind: "Secret")
    public static let resource = GroupVersionResource(group: "", version: "v1", resource: "secrets")
    public static let isNamespaced = true

    public var metadata: ObjectMeta
    /// Values in base64.
    public var data: [String: String]?
    /// Values as text; a server moves them into `data`.
    public var stringData: [String: String]?
    public var type: String?
    public var immutable: Bool?

    /// A Secret of these values.
    public init(metadata: ObjectMeta = ObjectMeta(), stringData: [String: String]? = nil, type: String? = nil) {
        self.metadata = metadata
        self.stringData = stringData
        self.type = type
    }
}
