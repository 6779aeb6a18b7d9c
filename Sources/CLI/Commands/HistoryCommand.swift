import APIMachinery
import ArgumentParser
import KubeClient
import Spec

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Lists the recorded revisions of a pool or a workflow.",
        discussion: "The row marked * is what the object is now. -o json has the recorded states themselves."
    )

    @Argument(help: ObjectReference.help)
    var object: ObjectReference

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, namespace in
            let current = try await client.get(object.resource, namespace: namespace, name: object.name)
            let label = object.kind == "workerpool" ? PoolRevision.poolLabel : "martinet.dev/workflow"
            let revisions = try await client.listAll(
                PoolHistory.resource,
                namespace: namespace,
                ListOptions(labelSelector: "\(label)=\(object.name)")
            ).items.sorted { ($0.json["revision"]?.intValue ?? 0) < ($1.json["revision"]?.intValue ?? 0) }
            if Printing.structured(
                list: revisions.map(\.json),
                global.output,
                name: { "controllerrevision/\(Unstructured($0).name)" }
            ) {
                return
            }
            var table = Table("", ">REVISION", "VERSION", "NAME", "IMAGE", ">AGE", "CAUSE")
            let newest = revisions.last?.name
            for revision in revisions {
                let recorded = PoolRevision(revision)
                let isCurrent =
                    object.kind == "workerpool"
                    ? recorded?.isCurrent(of: current.json) ?? false : revision.name == newest
                table.add([
                    .init(isCurrent ? "*" : "", .green),
                    .init("\(revision.json["revision"]?.intValue ?? 0)"),
                    .init(recorded?.version.isEmpty == false ? recorded?.version ?? "-" : "-", isCurrent ? .bold : nil),
                    .init(revision.name),
                    .init(recorded.map { $0.images.isEmpty ? "-" : $0.images.joined(separator: ", ") } ?? "-"),
                    .init(Printing.age(revision.creationTimestamp)),
                    .init(revision.annotations[PoolRevision.causeAnnotation] ?? "-"),
                ])
            }
            Terminal.write(table.render())
        }
    }
}

struct VersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions",
        abstract: "Lists the versions that pools run and could go back to."
    )

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        try await global.withClient { client, namespace in
            let pools = try await client.listAll(WorkerPool.resource, namespace: namespace).items
            var rows: [JSONValue] = []
            var table = Table("POOL", "CURRENT", "EARLIER")
            for pool in pools.sorted(by: { $0.name < $1.name }) {
                let revisions = try await PoolHistory.revisions(of: pool.name, client, namespace)
                let current = pool.json.value(at: "spec", "version")?.stringValue ?? ""
                var earlier: [String] = []
                for revision in revisions.reversed()
                where revision.version != current && !earlier.contains(revision.version) && !revision.version.isEmpty {
                    earlier.append(revision.version)
                }
                rows.append([
                    "pool": .string(pool.name), "current": .string(current),
                    "earlier": .array(earlier.map { .string($0) }),
                ])
                table.add([
                    .init(pool.name), .init(current.isEmpty ? "-" : current, .bold),
                    .init(earlier.isEmpty ? "-" : earlier.joined(separator: ", ")),
                ])
            }
            if !Printing.structured(list: rows, global.output, name: { $0["pool"]?.stringValue ?? "" }) {
                Terminal.write(table.render())
            }
        }
    }
}
