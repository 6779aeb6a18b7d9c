import APIMachinery
import ArgumentParser
import KubeAPI
import KubeClient
import Spec

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Rolls a pool or a workflow back to an earlier revision; no job is interrupted.",
        discussion: """
            Without a target, back to the revision before the current one. The old state becomes the newest revision, so \
            a rollback can itself be rolled back. ctl history lists the revisions. Runs of a workflow that have \
            started keep the revision they started with.

            EXAMPLES
              ctl rollback workerpool/triage
              ctl rollback workerpool/triage --version 1.0.0 --wait
              ctl rollback workerpool/triage --to-revision 3 --dry-run
              ctl rollback workflow/tree-triage
            """
    )

    @Argument(help: ObjectReference.help, completion: NamesCommand.completion(of: "objects"))
    var object: ObjectReference

    @Option(help: ArgumentHelp("Roll back to the newest revision with this spec.version.", valueName: "version"))
    var version: String?

    @Option(help: ArgumentHelp("The number of the revision to roll back to.", valueName: "number"))
    var toRevision: Int64?

    @Flag(help: "Print what would be done without doing it.")
    var dryRun = false

    @Flag(help: "Wait until all runners are back.")
    var wait = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if version != nil, toRevision != nil {
            throw ValidationError("--version and --to-revision cannot be used together")
        }
        if let toRevision, toRevision < 1 {
            throw ValidationError("--to-revision \(toRevision): must be 1 or more; ctl history lists the revisions")
        }
    }

    func run() async throws {
        let target: Rollback.Target = version.map { .version($0) } ?? toRevision.map { .revision($0) } ?? .previous
        try await global.withClient { client, namespace in
            let pool = try await object.resolved(client, namespace)
            if pool.kind == "workflow" {
                if version != nil {
                    throw Failure(.refused, "a workflow has no versions; name a revision with --to-revision")
                }
                return try await rollBackWorkflow(pool.name, client, namespace)
            }
            for _ in 0..<5 {
                let object = try await client.get(pool.resource, namespace: namespace, name: pool.name)
                let plan: Rollback.Plan
                do {
                    plan = try Rollback.plan(
                        object,
                        try await PoolHistory.revisions(of: pool.name, client, namespace),
                        to: target
                    )
                } catch let error as Rollback.Failure {
                    throw Failure(.notFound, "\(error); list the revisions with: ctl history workerpool/\(pool.name)")
                }
                guard !plan.isCurrent else {
                    show(pool, object, "skipped: it is already at \(Self.name(of: plan.revision))")
                    return
                }
                do {
                    let result = try await client.patch(
                        pool.resource,
                        namespace: namespace,
                        name: pool.name,
                        .merge(plan.patch),
                        WriteOptions(fieldManager: "ctl-rollback", dryRun: dryRun)
                    )
                    if wait, !dryRun {
                        try await RolloutWaiter(client: client, namespace: namespace, name: pool.name)
                            .wait(for: result)
                    }
                    show(pool, result, "rolled back to \(Self.name(of: plan.revision))\(dryRun ? " (dry run)" : "")")
                    return
                } catch let status as Status where status.isConflict {
                    // Somebody, or the reconciler, wrote the pool since it was read: look again.
                    continue
                }
            }
            throw Failure(.plane, "workerpool/\(pool.name) keeps changing; try again")
        }
    }

    private func rollBackWorkflow(_ name: String, _ client: KubeClient, _ namespace: String) async throws {
        let reference = ObjectReference(kind: "workflow", name: name)
        for _ in 0..<5 {
            let workflow = try await client.get(Workflow.resource, namespace: namespace, name: name)
            let selector = "\(HistoryCommand.workflowLabel)=\(PoolRevision.labelValue(name))"
            let revisions = try await client.list(
                ControllerRevision.self,
                namespace: namespace,
                ListOptions(labelSelector: selector)
            ).items
            let plan: WorkflowRollback
            do {
                plan = try WorkflowRollback(workflow, revisions, toRevision: toRevision)
            } catch {
                throw Failure(.notFound, "\(error); list the revisions with: ctl history workflow/\(name)")
            }
            guard let patch = plan.patch else {
                return show(reference, workflow, "skipped: it is already at revision \(plan.revision.revision)")
            }
            do {
                let result = try await client.patch(
                    Workflow.resource,
                    namespace: namespace,
                    name: name,
                    .merge(patch),
                    WriteOptions(fieldManager: "ctl-rollback", dryRun: dryRun)
                )
                let note = dryRun ? " (dry run)" : ""
                return show(reference, result, "rolled back to revision \(plan.revision.revision)\(note)")
            } catch let status as Status where status.isConflict {
                continue
            }
        }
        throw Failure(.plane, "workflow/\(name) keeps changing; try again")
    }

    private func show(_ reference: ObjectReference, _ object: Unstructured, _ outcome: String) {
        let name = "\(reference.kind)/\(reference.name)"
        if Printing.structured(object.json, global.output, name: name) { return }
        Terminal.line("\(name) \(outcome)")
    }

    private static func name(of revision: ControllerRevision) -> String {
        let version = PoolRevision(recorded: revision).version
        return "revision \(revision.revision)" + (version.map { " (version \($0))" } ?? "")
    }
}

/// Reads what has been recorded of a pool.
enum PoolHistory {
    /// All revisions of the pool, oldest first.
    static func revisions(
        of pool: String,
        _ client: KubeClient,
        _ namespace: String
    ) async throws -> [ControllerRevision] {
        let selector = "\(PoolRevision.poolLabel)=\(PoolRevision.labelValue(pool))"
        return try await client.list(
            ControllerRevision.self,
            namespace: namespace,
            ListOptions(labelSelector: selector)
        ).items.sorted(by: ControllerRevision.isOlder)
    }
}
