public import Basics

/// The metadata that every object carries (`metav1.ObjectMeta`).
public struct ObjectMeta: Sendable, Hashable, Codable {
    public var name: String?
    public var generateName: String?
    public var namespace: String?
    public var uid: String?
    public var resourceVersion: String?
    public var generation: Int64?
    public var creationTimestamp: Timestamp?
    public var deletionTimestamp: Timestamp?
    public var deletionGracePeriodSeconds: Int64?
    public var labels: [String: String]?
    public var annotations: [String: String]?
    public var ownerReferences: [OwnerReference]?
    public var finalizers: [String]?

    /// Metadata with a name, ready to be sent to a server, which fills in the rest.
    public init(
        name: String? = nil,
        generateName: String? = nil,
        namespace: String? = nil,
        labels: [String: String]? = nil,
        annotations: [String: String]? = nil,
        ownerReferences: [OwnerReference]? = nil,
        finalizers: [String]? = nil
    ) {
        self.name = name
        self.generateName = generateName
        self.namespace = namespace
        self.labels = labels
        self.annotations = annotations
        self.ownerReferences = ownerReferences
        self.finalizers = finalizers
    }

    /// The owner that manages this object, of which there is at most one.
    public var controller: OwnerReference? { ownerReferences?.first { $0.controller == true } }
}

/// Says that another object owns this one, for garbage collection (`metav1.OwnerReference`).
public struct OwnerReference: Sendable, Hashable, Codable {
    public var apiVersion: String
    public var kind: String
    public var name: String
    public var uid: String
    public var controller: Bool?
    public var blockOwnerDeletion: Bool?

    /// A reference to the object with that uid.
    public init(
        apiVersion: String,
        kind: String,
        name: String,
        uid: String,
        controller: Bool? = nil,
        blockOwnerDeletion: Bool? = nil
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.controller = controller
        self.blockOwnerDeletion = blockOwnerDeletion
    }
}

/// A kind that Martinet's own code reads and writes as a Swift type.
public protocol Resource: Codable, Sendable {
    /// What its objects say of themselves in `apiVersion` and `kind`.
    static var groupVersionKind: GroupVersionKind { get }
    /// Where a server has its objects.
    static var resource: GroupVersionResource { get }
    /// Whether its objects live in namespaces.
    static var isNamespaced: Bool { get }
    var metadata: ObjectMeta { get set }
}

/// The name of an object together with its namespace, which is empty for cluster-scoped kinds.
public struct NamespacedName: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    public var namespace: String
    public var name: String

    /// The object of that name in that namespace.
    public init(namespace: String, name: String) {
        self.namespace = namespace
        self.name = name
    }

    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    public static func < (lhs: NamespacedName, rhs: NamespacedName) -> Bool {
        let order = lhs.namespace.compareBytes(to: rhs.namespace)
        return order != 0 ? order < 0 : lhs.name.compareBytes(to: rhs.name) < 0
    }
}
