public import APIMachinery
public import KubeAPI

/// One revision of a pool: the part of its specification that its runners are made from.
///
/// It is recorded as it was written, fields that no Swift type knows included, in an `apps/v1 ControllerRevision`, so
/// that a rollback restores it exactly. How many runners there are, and how they are scaled and replaced, does not
/// belong to it: going back to an old version must not bring back the size of that time.
public struct PoolRevision: Sendable, Hashable {
    /// The fields of `spec` that belong to a revision.
    public static let fields = ["version", "concurrency", "template"]

    /// The name of the pool, on Pods and ControllerRevisions.
    public static let poolLabel = "martinet.dev/pool"
    /// The hash of the revision, on Pods and ControllerRevisions.
    public static let revisionLabel = "martinet.dev/revision"
    /// The same under the name that `apps/v1` gave it.
    public static let hashLabel = "controller-revision-hash"
    /// `spec.version` of the revision, on Pods and ControllerRevisions, if it can be a label's value.
    public static let versionLabel = "martinet.dev/version"

    /// `{"spec": {…}}` with the fields of a revision.
    public let data: JSONValue

    /// The revision that a pool asks for now.
    public init(of pool: Unstructured) {
        var spec = JSONObject()
        for field in Self.fields { spec[field] = pool.json.value(at: "spec", field) }
        data = ["spec": .object(spec)]
    }

    /// The revision that was recorded.
    public init(recorded revision: ControllerRevision) { data = revision.data ?? ["spec": [:]] }

    /// `spec.version`, if it was given.
    public var version: String? { data.value(at: "spec", "version")?.stringValue }

    /// Jobs at once in one runner.
    public var concurrency: Int { Int(data.value(at: "spec", "concurrency")?.intValue ?? 4) }

    /// The Pods' template, if it was given.
    public var template: JSONValue? { data.value(at: "spec", "template") }

    /// The images of the template's containers, for people.
    public var images: [String] {
        (template?.value(at: "spec", "containers")?.arrayValue ?? []).compactMap { $0["image"]?.stringValue }
    }

    /// The hash that names the revision.
    public func hash(collisions: Int = 0) -> String { RevisionHash.name(of: data.bytes, collisions: collisions) }

    /// A pool's name as a label's value: shortened where it is too long, with a hash to keep such names distinct.
    public static func labelValue(_ name: String) -> String { shortened(name, to: 63) }

    /// An object's name, or as much of it as fits with a hash of the whole, so that two such names stay apart.
    public static func shortened(_ name: String, to limit: Int) -> String {
        guard name.utf8.count > limit else { return name }
        let hash = RevisionHash.name(of: Array(name.utf8))
        let head = name.prefix(max(1, limit - hash.utf8.count - 1))
        return "\(head.hasSuffix("-") || head.hasSuffix(".") ? head.dropLast() : head)-\(hash)"
    }

    /// The labels of everything that belongs to a revision.
    public func labels(pool: String, hash: String) -> [String: String] {
        var labels = [
            Self.poolLabel: Self.labelValue(pool), Self.revisionLabel: hash, Self.hashLabel: hash,
        ]
        if let version, Validation.labelValue(version).isEmpty { labels[Self.versionLabel] = version }
        return labels
    }
}

extension ControllerRevision {
    /// The hash in the revision's label, or in its name.
    public var revisionHash: String {
        metadata.labels?[PoolRevision.revisionLabel]
            ?? metadata.name?.split(separator: "-").last.map(String.init) ?? ""
    }

    /// Newest last.
    public static func isOlder(_ a: ControllerRevision, _ b: ControllerRevision) -> Bool {
        (a.revision, a.metadata.name ?? "") < (b.revision, b.metadata.name ?? "")
    }
}
