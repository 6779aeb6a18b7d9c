import APIMachinery
import ArgumentParser
import KubeAPI
import KubeClient
import Spec

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Lists the recorded revisions of a pool or a workflow, the newest first.",
        discussion: """
            The row marked * is what the object asks for now; -o json has the recorded states themselves.

            EXAMPLES
              ctl history workerpool/triage
              ctl history workflow/tree-triage -o json
            """
    )

    /// Which workflow a ControllerRevision belongs to.
    static let workflowLabel = "martinet.dev/workflow"

    @Argument(help: ObjectReference.help, completion: NamesCommand.completion(of: "objects"))
    var object: ObjectReference

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, namespace in
            let object = try await object.resolved(client, namespace)
            let current = try await client.get(object.resource, namespace: namespace, name: object.name)
            let label = object.kind == "workerpool" ? PoolRevision.poolLabel : Self.workflowLabel
            let revisions = try await client.listAll(
                ControllerRevision.resource,
                namespace: namespace,
                ListOptions(labelSelector: "\(label)=\(PoolRevision.labelValue(object.name))")
            ).items.sorted { Self.number($0) > Self.number($1) }
            if Printing.structured(
                list: revisions.map(\.json),
                global.output,
                name: { "controllerrevision/\(Unstructured($0).name)" }
            ) {
                return
            }
            guard !revisions.isEmpty else {
                Terminal.note("No revision of \(object.kind)/\(object.name) is recorded yet.")
                return
            }
            Terminal.write(
                object.kind == "workerpool"
                    ? try Self.pool(current, revisions).render() : Self.workflow(current, revisions).render()
            )
        }
    }

    private static func number(_ revision: Unstructured) -> Int64 { revision.json["revision"]?.intValue ?? 0 }

    private static func pool(_ pool: Unstructured, _ revisions: [Unstructured]) throws -> Table {
        let recorded = try revisions.map { try $0.decode(ControllerRevision.self) }
        var table = Table("", ">REVISION", "VERSION", "NAME", "IMAGE", ">AGE", "NOTE")
        for entry in RevisionHistory.entries(of: pool, recorded) {
            let notes = [entry.isCurrent ? "running" : nil, entry.restartedAt.map { "restarted at \($0)" }]
            table.add([
                .init(entry.isWanted ? "*" : "", .green),
                .init("\(entry.revision)"),
                .init(entry.version ?? "-", entry.isWanted ? .bold : nil),
                .init("\(pool.name)-\(entry.hash)"),
                .init(entry.images.isEmpty ? "-" : entry.images.joined(separator: ", ")),
                .init(Printing.age(entry.createdAt)),
                .init(notes.compactMap(\.self).joined(separator: ", ")),
            ])
        }
        return table
    }

    private static func workflow(_ workflow: Unstructured, _ revisions: [Unstructured]) -> Table {
        let current = workflow.json.value(at: "status", "currentRevision")?.stringValue ?? revisions.first?.name
        var table = Table("", ">REVISION", "NAME", ">AGE")
        for revision in revisions {
            table.add([
                .init(revision.name == current ? "*" : "", .green),
                .init("\(number(revision))"),
                .init(revision.name),
                .init(Printing.age(revision.creationTimestamp)),
            ])
        }
        return table
    }
}

struct VersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "Lists the versions of pools, current and recorded.",
        discussion: """
            The version of a pool is its spec.version; ctl rollback --version takes any version listed here.

            EXAMPLE
              ctl versions
            """
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, namespace in
            let pools = try await client.listAll(WorkerPool.resource, namespace: namespace).items
            var rows: [JSONValue] = []
            var table = Table("POOL", "CURRENT", "EARLIER")
            for pool in pools.sorted(by: { $0.name < $1.name }) {
                let revisions = try await PoolHistory.revisions(of: pool.name, client, namespace)
                let current = pool.json.value(at: "spec", "version")?.stringValue
                let earlier = Self.earlier(revisions, than: current)
                rows.append([
                    "pool": .string(pool.name), "current": current.map { .string($0) } ?? .null,
                    "earlier": .array(earlier.map { .string($0) }),
                ])
                table.add([
                    .init(pool.name), .init(current ?? "-", .bold),
                    .init(earlier.isEmpty ? "-" : earlier.joined(separator: ", ")),
                ])
            }
            let name = { (row: JSONValue) in "workerpool/\(row["pool"]?.stringValue ?? "")" }
            if Printing.structured(list: rows, global.output, name: name) { return }
            guard !rows.isEmpty else {
                Terminal.note("There are no pools in namespace \(namespace).")
                return
            }
            Terminal.write(table.render())
        }
    }

    /// The other versions that were recorded, the latest first, each once.
    static func earlier(_ revisions: [ControllerRevision], than current: String?) -> [String] {
        var result: [String] = []
        for revision in revisions.sorted(by: ControllerRevision.isOlder).reversed() {
            guard let version = PoolRevision(recorded: revision).version, version != current else { continue }
            if !result.contains(version) { result.append(version) }
        }
        return result
    }
}
