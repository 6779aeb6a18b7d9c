import APIMachinery
import ArgumentParser
import KubeClient
import Storage

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restores a backup into a running plane.",
        discussion: """
            All of it or nothing. Objects change as if somebody had written them: with new revisions, seen by whoever \
            watches. What is as in the backup stays untouched, so a second time changes nothing. Nodes, leases, \
            events, and Pods that a controller keeps are not restored: they are observations, made anew. Jobs that \
            were at runners are in their queues again, and run anew.

            EXAMPLES
              ctl restore plane.backup --dry-run     show what would change
              ctl restore plane.backup
            """
    )

    @Argument(help: ArgumentHelp("A file that ctl backup wrote.", valueName: "file"))
    var file: String

    @Flag(help: "Print what would change without changing it.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func run() async throws {
        let backup = try BackupFile(verifying: file)
        let answer = try await global.withClient { client, _ in
            var request = APIRequest(.post, "/martinet/v1/restore", timeout: nil)
            if dryRun { request.query = [APIRequest.QueryItem("dryRun", "All")] }
            request.headers["Content-Type"] = "application/vnd.martinet.backup"
            request.bodyFile = file
            return try await client.json(request)
        }
        let items = answer["items"]?.arrayValue ?? []
        let name = { (item: JSONValue) in item["resource"]?.stringValue ?? "" }
        if Printing.structured(list: items, global.output, name: name) { return }
        var table = Table("RESOURCE", ">CREATED", ">UPDATED", ">DELETED", ">UNCHANGED")
        for item in items {
            let counts = ["created", "updated", "deleted", "unchanged"].map { item[$0]?.intValue ?? 0 }
            guard global.output == .wide || counts.dropLast().contains(where: { $0 > 0 }) else { continue }
            table.add([Table.Cell(name(item))] + counts.map { Table.Cell(String($0)) })
        }
        let isChange = items.contains { item in
            ["created", "updated", "deleted"].contains { item[$0]?.intValue ?? 0 > 0 }
        }
        if isChange || global.output == .wide { Terminal.write(table.render()) }
        let time = backup.createdAt.rfc3339
        switch (isChange, dryRun) {
        case (false, _): Terminal.line("nothing to change: the plane is as it was at \(time)")
        case (true, true): Terminal.line("this is what restoring the state of \(time) would change")
        case (true, false): Terminal.line("restored the state of \(time)")
        }
    }
}
