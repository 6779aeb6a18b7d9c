public import APIMachinery
public import KubeAPI

/// Works out how to bring a workflow's specification back to an earlier revision.
public struct WorkflowRollback: Sendable {
    /// The revision that is restored.
    public let revision: ControllerRevision
    /// A merge patch of the workflow, which fails if the workflow has changed; `nil` if it already is as recorded.
    public let patch: JSONValue?

    /// A rollback that cannot be made.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// The patch that restores a revision.
    ///
    /// - Parameters:
    ///   - revisions: all recorded revisions of the workflow, in any order.
    ///   - number: the revision to restore; `nil` for the newest one that differs from the current specification.
    /// - Throws: `Failure` if there is no such revision, with a list of those that are recorded.
    public init(_ workflow: Unstructured, _ revisions: [ControllerRevision], toRevision number: Int64?) throws(Failure)
    {
        let current = workflow.json["spec"] ?? [:]
        let sorted = revisions.sorted(by: ControllerRevision.isOlder)
        let found = sorted.last { revision in
            number.map { revision.revision == $0 } ?? (Self.spec(of: revision) != current)
        }
        guard let found, let spec = Self.spec(of: found) else {
            let wanted = number.map { "revision \($0)" } ?? "revision before the current one"
            let list = sorted.map { "\($0.revision)" }.joined(separator: ", ")
            throw Failure(
                description: "workflow/\(workflow.name) has no \(wanted); "
                    + (list.isEmpty ? "no revision is recorded" : "the recorded revisions are: \(list)")
            )
        }
        revision = found
        guard let change = Patch.mergePatch(from: current, to: spec) else {
            patch = nil
            return
        }
        var metadata: JSONValue = [:]
        if !workflow.resourceVersion.isEmpty { metadata["resourceVersion"] = .string(workflow.resourceVersion) }
        patch = ["metadata": metadata, "spec": change]
    }

    private static func spec(of revision: ControllerRevision) -> JSONValue? { revision.data?["spec"] }
}
