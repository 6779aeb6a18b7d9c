public import APIMachinery
public import KubeAPI

/// Brings a pool's specification back to what it was in an earlier revision.
public enum Rollback {
    /// Which revision is wanted.
    public enum Target: Sendable, Hashable {
        /// The newest one that is not what the pool asks for now.
        case previous
        /// The newest one of that version.
        case version(String)
        /// The one of that number.
        case revision(Int64)
        /// The one of that hash.
        case hash(String)
    }

    /// What to send to the server.
    public struct Plan: Sendable {
        /// A merge patch of the pool. It carries the pool's `resourceVersion`: if the pool has changed, it fails.
        public var patch: JSONValue
        /// The revision that is restored.
        public var revision: ControllerRevision
        /// Whether the pool already asks for that revision, so that nothing will change.
        public var isCurrent: Bool
    }

    /// Why a rollback was made without anybody asking for it.
    public struct Cause: Sendable, Hashable {
        /// The hash of the revision that failed.
        public var from: String
        /// `REASON: MESSAGE`
        public var text: String

        /// A rollback from that revision for that reason.
        public init(from: String, text: String) {
            self.from = from
            self.text = text
        }
    }

    /// The hash of the revision that failed and was gone back from, an annotation of the pool.
    public static let fromAnnotation = "martinet.dev/rolled-back-from"
    /// The hash of the revision that was gone back to.
    public static let toAnnotation = "martinet.dev/rolled-back-to"
    /// Why.
    public static let reasonAnnotation = "martinet.dev/rollback-reason"

    /// A rollback that cannot be made.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// Works out how to bring a pool back.
    ///
    /// - Parameters:
    ///   - revisions: all recorded revisions of the pool, in any order.
    ///   - cause: set by the controller when it goes back by itself, and recorded in the pool's annotations.
    /// - Throws: `Failure` if there is no such revision, with a list of those there are.
    public static func plan(
        _ pool: Unstructured,
        _ revisions: [ControllerRevision],
        to target: Target,
        cause: Cause? = nil
    ) throws(Failure) -> Plan {
        let current = PoolRevision(of: pool)
        let sorted = revisions.sorted(by: ControllerRevision.isOlder)
        let found: ControllerRevision?
        switch target {
        case .previous: found = sorted.last { PoolRevision(recorded: $0).data != current.data }
        case .version(let version): found = sorted.last { PoolRevision(recorded: $0).version == version }
        case .revision(let number): found = sorted.last { $0.revision == number }
        case .hash(let hash): found = sorted.last { $0.revisionHash == hash }
        }
        guard let found else { throw failure(pool, sorted, target) }

        let spec = Patch.mergePatch(
            from: current.data["spec"] ?? [:],
            to: PoolRevision(recorded: found).data["spec"] ?? [:]
        )
        var annotations: JSONValue = [
            fromAnnotation: .null, toAnnotation: .null, reasonAnnotation: .null,
        ]
        if let cause {
            annotations = [
                fromAnnotation: .string(cause.from), toAnnotation: .string(found.revisionHash),
                reasonAnnotation: .string(cause.text),
            ]
        }
        var metadata: JSONValue = ["annotations": annotations]
        if !pool.resourceVersion.isEmpty { metadata["resourceVersion"] = .string(pool.resourceVersion) }
        return Plan(
            patch: ["metadata": metadata, "spec": spec ?? [:]],
            revision: found,
            isCurrent: spec == nil
        )
    }

    private static func failure(
        _ pool: Unstructured,
        _ revisions: [ControllerRevision],
        _ target: Target
    ) -> Failure {
        let wanted =
            switch target {
            case .previous: "no revision before the current one"
            case .version(let version): "no revision with version \"\(version)\""
            case .revision(let number): "no revision \(number)"
            case .hash(let hash): "no revision with hash \(hash)"
            }
        let list = revisions.map { revision in
            "\(revision.revision)" + (PoolRevision(recorded: revision).version.map { " (version \($0))" } ?? "")
        }
        let known =
            list.isEmpty ? "no revision is recorded" : "the recorded revisions are: \(list.joined(separator: ", "))"
        return Failure(description: "workerpool/\(pool.name) has \(wanted); \(known)")
    }
}
