public import Basics

/// An object of any kind as its JSON tree, with its metadata at hand.
public struct Unstructured: Sendable, Hashable {
    /// The whole object.
    public var json: JSONValue

    /// The object that this tree describes.
    public init(_ json: JSONValue) { self.json = json }

    /// Reads an object from JSON bytes.
    public init(parsing bytes: some Collection<UInt8>) throws(JSONSyntaxError) {
        json = try JSONValue(parsing: bytes)
    }

    public var apiVersion: String {
        get { json["apiVersion"]?.stringValue ?? "" }
        set { json["apiVersion"] = .string(newValue) }
    }

    public var kind: String {
        get { json["kind"]?.stringValue ?? "" }
        set { json["kind"] = .string(newValue) }
    }

    /// Group, version and kind as the object states them; `nil` if `apiVersion` is not a version.
    public var groupVersionKind: GroupVersionKind? {
        guard let groupVersion = GroupVersion(apiVersion: apiVersion) else { return nil }
        return GroupVersionKind(group: groupVersion.group, version: groupVersion.version, kind: kind)
    }

    public var name: String {
        get { text("name") ?? "" }
        set { set("name", newValue.isEmpty ? nil : .string(newValue)) }
    }

    public var generateName: String {
        get { text("generateName") ?? "" }
        set { set("generateName", newValue.isEmpty ? nil : .string(newValue)) }
    }

    /// Empty for cluster-scoped objects.
    public var namespace: String {
        get { text("namespace") ?? "" }
        set { set("namespace", newValue.isEmpty ? nil : .string(newValue)) }
    }

    public var namespacedName: NamespacedName { NamespacedName(namespace: namespace, name: name) }

    public var uid: String {
        get { text("uid") ?? "" }
        set { set("uid", newValue.isEmpty ? nil : .string(newValue)) }
    }

    public var resourceVersion: String {
        get { text("resourceVersion") ?? "" }
        set { set("resourceVersion", newValue.isEmpty ? nil : .string(newValue)) }
    }

    /// 0 where the object has none.
    public var generation: Int64 {
        get { metadata("generation")?.intValue ?? 0 }
        set { set("generation", newValue == 0 ? nil : .int(newValue)) }
    }

    public var creationTimestamp: Timestamp? {
        get { text("creationTimestamp").flatMap(Timestamp.init(rfc3339:)) }
        set { set("creationTimestamp", newValue.map { .string($0.rfc3339) }) }
    }

    public var deletionTimestamp: Timestamp? {
        get { text("deletionTimestamp").flatMap(Timestamp.init(rfc3339:)) }
        set { set("deletionTimestamp", newValue.map { .string($0.rfc3339) }) }
    }

    public var deletionGracePeriodSeconds: Int64? {
        get { metadata("deletionGracePeriodSeconds")?.intValue }
        set { set("deletionGracePeriodSeconds", newValue.map { .int($0) }) }
    }

    public var labels: [String: String] {
        get { texts("labels") }
        set { set("labels", Self.object(newValue)) }
    }

    public var annotations: [String: String] {
        get { texts("annotations") }
        set { set("annotations", Self.object(newValue)) }
    }

    public var finalizers: [String] {
        get { metadata("finalizers")?.arrayValue?.compactMap(\.stringValue) ?? [] }
        set { set("finalizers", newValue.isEmpty ? nil : .array(newValue.map { .string($0) })) }
    }

    /// The owners that are completely described; malformed ones are left out.
    public var ownerReferences: [OwnerReference] {
        get {
            metadata("ownerReferences")?.arrayValue?
                // The API server refuses references that cannot be read; in objects from elsewhere they are ignored.
                .compactMap { try? JSONValueDecoder().decode(OwnerReference.self, from: $0) } ?? []
        }
        set {
            // A reference has only texts and booleans, which can always be encoded.
            let encoded = newValue.compactMap { try? JSONValueEncoder().encode($0) }
            set("ownerReferences", encoded.isEmpty ? nil : .array(encoded))
        }
    }

    /// One field of `metadata`.
    public func metadata(_ field: String) -> JSONValue? { json["metadata"]?[field] }

    /// The object as a Swift type; throws a `DecodingError` naming the field that does not fit.
    public func decode<Object: Decodable>(_ type: Object.Type = Object.self) throws -> Object {
        try JSONValueDecoder().decode(type, from: json)
    }

    /// The JSON tree of a typed object, with its `apiVersion` and `kind`.
    public init<Object: Resource>(encoding object: Object) throws {
        json = try JSONValueEncoder().encode(object)
        apiVersion = Object.groupVersionKind.apiVersion
        kind = Object.groupVersionKind.kind
    }

    private func text(_ field: String) -> String? { metadata(field)?.stringValue }

    private func texts(_ field: String) -> [String: String] {
        guard let object = metadata(field)?.objectValue else { return [:] }
        var result: [String: String] = [:]
        for (key, value) in object { result[key] = value.stringValue }
        return result
    }

    private mutating func set(_ field: String, _ value: JSONValue?) {
        if value == nil, json["metadata"] == nil { return }
        json.set(value, at: ["metadata", field])
    }

    private static func object(_ texts: [String: String]) -> JSONValue? {
        texts.isEmpty ? nil : .object(JSONObject(texts.lazy.map { ($0.key, .string($0.value)) }))
    }
}
