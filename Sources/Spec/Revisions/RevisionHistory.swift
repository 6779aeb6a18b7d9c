public import APIMachinery
public import KubeAPI

/// A pool's revisions as people read them.
public enum RevisionHistory {
    /// One line of a history.
    public struct Entry: Sendable, Hashable {
        public var revision: Int64
        public var hash: String
        public var version: String?
        public var images: [String]
        public var createdAt: Timestamp?
        /// Whether the pool asks for it now.
        public var isWanted: Bool
        /// Whether it is the last one that was seen to work.
        public var isCurrent: Bool
        /// When a restart asked for it, if one did.
        public var restartedAt: String?
    }

    /// The annotations of a template by which a restart is asked for: ours, and that of `kubectl rollout restart`.
    public static let restartAnnotations = ["martinet.dev/restartedAt", "kubectl.kubernetes.io/restartedAt"]

    /// The revisions of a pool, newest first.
    public static func entries(of pool: Unstructured, _ revisions: [ControllerRevision]) -> [Entry] {
        let wanted = PoolRevision(of: pool).data
        let current = pool.json.value(at: "status", "currentRevision")?.stringValue
        var before: String?
        let entries = revisions.sorted(by: ControllerRevision.isOlder).map { revision in
            let recorded = PoolRevision(recorded: revision)
            let annotations = recorded.template?.value(at: "metadata", "annotations")
            let restartedAt = restartAnnotations.lazy.compactMap { annotations?[$0]?.stringValue }.first
            // The annotation stays in the template; only where it changed was there a restart.
            defer { before = restartedAt ?? before }
            return Entry(
                revision: revision.revision,
                hash: revision.revisionHash,
                version: recorded.version,
                images: recorded.images,
                createdAt: revision.metadata.creationTimestamp,
                isWanted: recorded.data == wanted,
                isCurrent: revision.revisionHash == current,
                restartedAt: restartedAt == before ? nil : restartedAt
            )
        }
        return entries.reversed()
    }
}
