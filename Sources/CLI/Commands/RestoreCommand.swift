import APIMachinery
import ArgumentParser
import Basics
import KubeClient
import Storage

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restores a backup into a running plane.",
        discussion: """
            Restores everything or nothing. Restored objects get new resource versions, and watches see the changes. \
            What equals the backup is not written, so restoring twice changes nothing the second time. Nodes, leases, \
            events and the Pods of controllers are not restored: controllers create them again. Jobs that runners had \
            are requeued and run again.

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
        try InputFile.check(file)
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
