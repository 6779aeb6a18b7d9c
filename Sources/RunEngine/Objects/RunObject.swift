public import APIMachinery
import Spec
public import Storage

/// Renders runs as Kubernetes objects (`runs.martinet.dev/v1alpha1 WorkflowRun`), for the HTTP API and the API server.
public enum RunObject {
    /// The object as compact JSON, members sorted as `JSONWriter` sorts them.
    ///
    /// Parameters, outputs and measurements are stored as JSON and copied unchanged. A value that would break the
    /// document, because it is damaged or nested too deep, is left out and named in `status.unreadable`, so that every
    /// run can be read and deleted.
    public static func bytes(_ run: RunRecord, _ steps: [StepRecord]) -> [UInt8] {
        var writer = JSONObjectWriter()
        let (run, steps, unreadable) = embeddable(run, steps)
        writer.object { object in
            object.member("apiVersion", "runs.martinet.dev/v1alpha1")
            object.member("kind", "WorkflowRun")
            object.member("metadata", metadata(run))
            object.member("spec") { spec in
                spec.object { spec in
                    spec.member("params", run.params.isEmpty ? Array("{}".utf8) : run.params)
                    spec.member("priority", run.priority)
                    spec.member("workflowRef") { $0.object { $0.member("name", run.workflow) } }
                }
            }
            object.member("status") { $0.object { status(run, steps, unreadable, &$0) } }
        }
        return writer.output
    }

    /// The run without values that cannot be copied into a document, and the paths of those.
    private static func embeddable(
        _ run: RunRecord,
        _ steps: [StepRecord]
    ) -> (run: RunRecord, steps: [StepRecord], unreadable: [String]) {
        func isBroken(_ value: [UInt8]) -> Bool {
            !value.isEmpty && !JSONOutline.isEmbeddable(value, maximumDepth: JSONValue.maximumObjectDepth)
        }
        var (run, steps) = (run, steps)
        var fields: [String] = []
        if isBroken(run.metadata) {
            run.metadata = []
            fields.append("metadata")
        }
        if isBroken(run.params) {
            run.params = []
            fields.append("spec.params")
        }
        for index in steps.indices {
            if isBroken(steps[index].output) {
                steps[index].output = []
                fields.append("status.steps[\(index)].output")
            }
            if isBroken(steps[index].metrics) {
                steps[index].metrics = []
                fields.append("status.steps[\(index)].metrics")
            }
        }
        return (run, steps, fields)
    }

    /// The object as a tree.
    public static func json(_ run: RunRecord, _ steps: [StepRecord]) -> JSONValue {
        // What was written above can be read again, unless a stored value is damaged; then at least the frame is shown.
        if let value = try? JSONValue(parsing: bytes(run, steps)) { return value }
        var bare = run
        bare.params = []
        bare.message = "the stored values of this run cannot be read"
        // The frame has only what is written here, and can be read.
        return (try? JSONValue(parsing: bytes(bare, []))) ?? .null
    }

    /// The label that finds the runs of a workflow.
    public static let workflowLabel = "martinet.dev/workflow"

    private static func metadata(_ run: RunRecord) -> [UInt8] {
        // Metadata that cannot be read has been taken out and named by `readable`.
        var metadata = run.metadata.isEmpty ? [:] : (try? JSONValue(parsing: run.metadata).objectValue) ?? [:]
        metadata["name"] = .string(run.name)
        metadata["namespace"] = .string(run.namespace)
        metadata["uid"] = .string(run.uid)
        metadata["resourceVersion"] = .string(String(run.resourceVersion))
        metadata["generation"] = 1
        metadata["creationTimestamp"] = .string(run.createdAt.rfc3339)
        var labels = JSONObject(run.labels.map { ($0.key, .string($0.value)) })
        // Not stored, since every run has it; a name that is too long for a label is left out.
        labels[workflowLabel] = run.workflow.utf8.count <= 63 ? .string(run.workflow) : nil
        metadata["labels"] = .object(labels)
        return JSONValue.object(metadata).bytes
    }

    private static func status(
        _ run: RunRecord,
        _ steps: [StepRecord],
        _ unreadable: [String],
        _ status: inout JSONObjectWriter
    ) {
        if run.phase.isFinal { status.member("conditions") { $0.list([run]) { condition($1, &$0) } } }
        status.member("finishedAt", run.finishedAt)
        if !run.message.isEmpty { status.member("message", run.message) }
        status.member("phase", run.phase.name)
        status.member("progress", "\(steps.count(where: \.isDone))/\(steps.count)")
        if !run.reason.isEmpty { status.member("reason", run.reason) }
        status.member("startedAt", run.startedAt)
        status.member("steps") { $0.list(steps) { step($1, &$0) } }
        if !run.submitter.isEmpty { status.member("submitter", run.submitter) }
        if !unreadable.isEmpty { status.member("unreadable") { $0.list(unreadable) { $0.text($1) } } }
        status.member("workflowRevision", run.revision)
    }

    /// How the run ended, with the condition types of Jobs, which `kubectl wait` can wait for: `Complete` or `Failed`.
    private static func condition(_ run: RunRecord, _ writer: inout JSONObjectWriter) {
        let time = (run.finishedAt ?? run.createdAt).rfc3339
        let isSuccess = run.phase == .succeeded
        writer.object { object in
            object.member("lastProbeTime", time)
            object.member("lastTransitionTime", time)
            object.member("message", isSuccess ? "all steps are done" : run.message)
            object.member("reason", isSuccess ? "Completed" : run.reason.isEmpty ? run.phase.name : run.reason)
            object.member("status", "True")
            object.member("type", isSuccess ? "Complete" : "Failed")
        }
    }

    private static func step(_ step: StepRecord, _ writer: inout JSONObjectWriter) {
        writer.object { object in
            object.member("attempts", step.attempts)
            object.member("deliveries", step.deliveries)
            if let failure = step.failure {
                object.member("error") { $0.object { Self.failure(failure, &$0) } }
            }
            object.member("finishedAt", step.finishedAt)
            object.member("id", step.id)
            if !step.metrics.isEmpty { object.member("metrics", step.metrics) }
            if !step.output.isEmpty { object.member("output", step.output) }
            object.member("phase", step.phase.name)
            if !step.runner.isEmpty { object.member("runner", step.runner) }
            object.member("startedAt", step.startedAt)
        }
    }

    private static func failure(_ failure: StepFailure, _ writer: inout JSONObjectWriter) {
        if let exitCode = failure.exitCode { writer.member("exitCode", exitCode) }
        writer.member("message", failure.message)
        writer.member("reason", failure.reason)
    }
}

extension StepRecord {
    /// Whether the step did what it should: it succeeded, or its `when` said that it need not run.
    var isDone: Bool { phase == .succeeded || phase == .skipped && failure?.reason == RunPlanner.conditionFalse }
}
