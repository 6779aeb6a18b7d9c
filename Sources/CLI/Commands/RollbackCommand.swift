import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct RollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Takes a pool back to an earlier version; no job is interrupted.",
        discussion: """
            Without a target, back to the state before the present one. The old state becomes the newest revision, so \
            a rollback can itself be rolled back. See ctl history workerpool/NAME.
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
        let target: RollbackTarget = version.map { .version($0) } ?? toRevision.map { .revision($0) } ?? .previous
        try await global.withClient { client, namespace in
            for _ in 0..<5 {
                let object = try await client.get(pool.resource, namespace: namespace, name: pool.name)
                let revisions = try await PoolHistory.revisions(of: pool.name, client, namespace)
                let chosen: PoolRevision
                do {
                    chosen = try Rollback.choose(target, pool: object.json, revisions: revisions)
                } catch {
                    throw Failure(.notFound, "workerpool/\(pool.name): \(error); see ctl history workerpool/\(pool.name)")
                }
                let name = "revision \(chosen.revision)\(chosen.version.isEmpty ? "" : " (version \(chosen.version))")"
                let patch = Rollback.patch(object.json, to: chosen)
                guard !patch.isEmpty else {
                    Terminal.line("workerpool/\(pool.name) skipped: it is \(name) already")
                    return
                }
                do {
                    let result = try await client.patch(
                        pool.resource,
                        namespace: namespace,
                        name: pool.name,
                        .json(.array(patch)),
                        WriteOptions(fieldManager: "ctl-rollback", dryRun: dryRun)
                    )
                    if wait, !dryRun {
                        try await RolloutWaiter(client: client, namespace: namespace, name: pool.name)
                            .wait(generation: result.generation)
                    }
                    if !Printing.structured(result.json, global.output, name: "workerpool/\(pool.name)") {
                        Terminal.line("workerpool/\(pool.name) rolled back to \(name)\(dryRun ? " (dry run)" : "")")
                    }
                    return
                } catch let status as Status where status.code == 409 || status.code == 422 {
                    // Somebody, or the reconciler, wrote the pool since it was read: look again.
                    continue
                }
            }
            throw Failure(.plane, "workerpool/\(pool.name) keeps changing; try again")
        }
    }
}

/// Reads what has been recorded of a pool.
enum PoolHistory {
    static let resource = GroupVersionResource(group: "apps", version: "v1", resource: "controllerrevisions")

    static func revisions(of pool: String, _ client: KubeClient, _ namespace: String) async throws -> [PoolRevision] {
        try await client.listAll(
            resource,
            namespace: namespace,
            ListOptions(labelSelector: "\(PoolRevision.poolLabel)=\(pool)")
        ).items.compactMap(PoolRevision.init).sorted { $0.revision < $1.revision }
    }
}
