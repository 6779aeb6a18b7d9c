import APIMachinery
import ArgumentParser
import KubeAPI
import KubeClient
import Spec

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Takes a pool back to an earlier version; no job is interrupted.",
        discussion: """
            Without a target, back to the state before the present one. The old state becomes the newest revision, so \
            a rollback can itself be rolled back. Which versions there are says ctl history workerpool/NAME.

            EXAMPLES
              ctl rollback workerpool/triage
              ctl rollback workerpool/triage --version 1.0.0 --wait
              ctl rollback workerpool/triage --to-revision 3 --dry-run
            """
    )

    @Argument(help: ObjectReference.help)
    var pool: ObjectReference

    @Option(help: ArgumentHelp("The newest revision of that spec.version.", valueName: "version"))
    var version: String?

    @Option(help: ArgumentHelp("That revision.", valueName: "number"))
    var toRevision: Int64?

    @Flag(help: "Say what would be done, and do nothing.")
    var dryRun = false

    @Flag(help: "Wait until all runners are back.")
    var wait = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try pool.requirePool()
        if version != nil, toRevision != nil {
            throw ValidationError("--version and --to-revision exclude each other")
        }
    }

    func run() async throws {
        let target: Rollback.Target = version.map { .version($0) } ?? toRevision.map { .revision($0) } ?? .previous
        try await global.withClient { client, namespace in
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
                    throw Failure(.notFound, "\(error); see ctl history workerpool/\(pool.name)")
                }
                guard !plan.isCurrent else {
                    show(object, "skipped: it is \(Self.name(of: plan.revision)) already")
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
                    show(result, "rolled back to \(Self.name(of: plan.revision))\(dryRun ? " (dry run)" : "")")
                    return
                } catch let status as Status where status.isConflict {
                    // Somebody, or the reconciler, wrote the pool since it was read: look again.
                    continue
                }
            }
            throw Failure(.plane, "workerpool/\(pool.name) keeps changing; try again")
        }
    }

    private func show(_ object: Unstructured, _ outcome: String) {
        if Printing.structured(object.json, global.output, name: "workerpool/\(pool.name)") { return }
        Terminal.line("workerpool/\(pool.name) \(outcome)")
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
