public import APIMachinery

/// Where a container finds a volume in its file system.
public struct VolumeMount: Sendable, Hashable, Codable {
    public var name: String
    public var mountPath: String
    public var subPath: String?
    public var readOnly: Bool?

    /// The volume of that name at that path.
    public init(name: String, mountPath: String, readOnly: Bool? = nil) {
        self.name = name
        self.mountPath = mountPath
        self.readOnly = readOnly
    }
}

/// A directory that containers of a Pod may share; exactly one source is set.
public struct Volume: Sendable, Hashable, Codable {
    public var name: String
    public var emptyDir: EmptyDirectory?
    public var hostPath: HostPath?
    public var configMap: ConfigMapVolume?
    public var secret: SecretVolume?
    /// Sources that are only handed on.
    public var projected: JSONValue?
    public var downwardAPI: JSONValue?
    public var persistentVolumeClaim: JSONValue?

    /// A volume of that name, still without a source.
    public init(name: String) { self.name = name }

    /// A directory that begins empty and goes with the Pod.
    public struct EmptyDirectory: Sendable, Hashable, Codable {
        public var medium: String?
        public var sizeLimit: Quantity?

        /// An empty directory.
        public init(medium: String? = nil, sizeLimit: Quantity? = nil) {
            self.medium = medium
            self.sizeLimit = sizeLimit
        }
    }

    /// A path of the node.
    public struct HostPath: Sendable, Hashable, Codable {
        public var path: String
        public var type: String?

        /// That path.
        public init(path: String, type: String? = nil) {
            self.path = path
            self.type = type
        }
    }

    /// A key that becomes a file.
    public struct Item: Sendable, Hashable, Codable {
        public var key: String
        public var path: String
        public var mode: Int?

        /// The key, and the file's path below the volume.
        public init(key: String, path: String, mode: Int? = nil) {
            self.key = key
            self.path = path
            self.mode = mode
        }
    }

    /// The keys of a ConfigMap as files.
    public struct ConfigMapVolume: Sendable, Hashable, Codable {
        public var name: String?
        public var items: [Item]?
        public var defaultMode: Int?
        public var optional: Bool?

        /// The ConfigMap of that name.
        public init(name: String) { self.name = name }
    }

    /// The keys of a Secret as files.
    public struct SecretVolume: Sendable, Hashable, Codable {
        public var secretName: String?
        public var items: [Item]?
        public var defaultMode: Int?
        public var optional: Bool?

        /// The Secret of that name.
        public init(secretName: String) { self.secretName = secretName }
    }
}
