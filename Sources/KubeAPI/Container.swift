public import APIMachinery

/// A program of a Pod.
public struct Container: Sendable, Hashable, Codable {
    public var name: String
    public var image: String?
    /// Replaces the image's entry point.
    public var command: [String]?
    public var args: [String]?
    public var workingDir: String?
    public var ports: [ContainerPort]?
    public var env: [EnvVar]?
    public var envFrom: [EnvFromSource]?
    public var resources: ResourceRequirements?
    public var volumeMounts: [VolumeMount]?
    public var livenessProbe: Probe?
    public var readinessProbe: Probe?
    public var startupProbe: Probe?
    public var lifecycle: JSONValue?
    /// `Always`, `IfNotPresent` or `Never`.
    public var imagePullPolicy: String?
    public var terminationMessagePath: String?
    public var terminationMessagePolicy: String?
    public var securityContext: JSONValue?
    /// Of an init container: `Always` makes it a sidecar.
    public var restartPolicy: String?

    /// A container of that name and image.
    public init(name: String, image: String? = nil) {
        self.name = name
        self.image = image
    }
}

/// A port that a container listens on.
public struct ContainerPort: Sendable, Hashable, Codable {
    public var name: String?
    public var containerPort: Int
    public var hostPort: Int?
    public var `protocol`: String?

    /// That port.
    public init(name: String? = nil, containerPort: Int, protocol: String? = nil) {
        self.name = name
        self.containerPort = containerPort
        self.protocol = `protocol`
    }
}

/// One variable of a container's environment. `$(NAME)` in the value names an earlier one.
public struct EnvVar: Sendable, Hashable, Codable {
    public var name: String
    public var value: String?
    public var valueFrom: EnvVarSource?

    /// A variable with a value, or with a place where the value is found.
    public init(name: String, value: String? = nil, valueFrom: EnvVarSource? = nil) {
        self.name = name
        self.value = value
        self.valueFrom = valueFrom
    }
}

/// Where a variable's value is found: exactly one field is set.
public struct EnvVarSource: Sendable, Hashable, Codable {
    public var fieldRef: ObjectFieldSelector?
    public var resourceFieldRef: ResourceFieldSelector?
    public var configMapKeyRef: KeySelector?
    public var secretKeyRef: KeySelector?

    /// The value of one of the Pod's own fields, or of a key of another object.
    public init(
        fieldRef: ObjectFieldSelector? = nil,
        resourceFieldRef: ResourceFieldSelector? = nil,
        configMapKeyRef: KeySelector? = nil,
        secretKeyRef: KeySelector? = nil
    ) {
        self.fieldRef = fieldRef
        self.resourceFieldRef = resourceFieldRef
        self.configMapKeyRef = configMapKeyRef
        self.secretKeyRef = secretKeyRef
    }
}

/// A field of the Pod, such as `metadata.name`, `metadata.labels['app']` or `status.podIP`.
public struct ObjectFieldSelector: Sendable, Hashable, Codable {
    public var apiVersion: String?
    public var fieldPath: String

    /// The field at that path.
    public init(fieldPath: String) { self.fieldPath = fieldPath }
}

/// A request or a limit of a container, such as `limits.cpu`.
public struct ResourceFieldSelector: Sendable, Hashable, Codable {
    public var containerName: String?
    public var resource: String
    public var divisor: Quantity?

    /// That resource.
    public init(containerName: String? = nil, resource: String, divisor: Quantity? = nil) {
        self.containerName = containerName
        self.resource = resource
        self.divisor = divisor
    }
}

/// A key of a ConfigMap or a Secret.
public struct KeySelector: Sendable, Hashable, Codable {
    public var name: String?
    public var key: String
    /// Whether the container starts without the object or the key.
    public var optional: Bool?

    /// That key of the object of that name.
    public init(name: String, key: String, optional: Bool? = nil) {
        self.name = name
        self.key = key
        self.optional = optional
    }
}

/// All keys of a ConfigMap or a Secret as variables.
public struct EnvFromSource: Sendable, Hashable, Codable {
    public var prefix: String?
    public var configMapRef: EnvSource?
    public var secretRef: EnvSource?

    /// The object whose keys become variables.
    public struct EnvSource: Sendable, Hashable, Codable {
        public var name: String?
        public var optional: Bool?

        /// The object of that name.
        public init(name: String, optional: Bool? = nil) {
            self.name = name
            self.optional = optional
        }
    }

    /// The keys of these objects.
    public init(prefix: String? = nil, configMapRef: EnvSource? = nil, secretRef: EnvSource? = nil) {
        self.prefix = prefix
        self.configMapRef = configMapRef
        self.secretRef = secretRef
    }
}

/// What a container needs and what it may use, by resource (`cpu`, `memory`, …).
public struct ResourceRequirements: Sendable, Hashable, Codable {
    public var requests: [String: Quantity]?
    public var limits: [String: Quantity]?

    /// These requests and limits.
    public init(requests: [String: Quantity]? = nil, limits: [String: Quantity]? = nil) {
        self.requests = requests
        self.limits = limits
    }
}
