import APIMachinery
import ArgumentParser
import FoundationEssentials
import Glibc
import PlaneFuzzer
import TestSupport

/// The program `fuzz-plane`, which `make fuzz` runs.
@main
struct FuzzPlaneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz-plane",
        abstract: "Asks a real controller for thousands of valid, nearly valid and invalid things.",
        discussion: """
            Starts the controller of the directory MARTINET_BIN (default: .build/debug) with data of its own. Ends with \
            1 if it found something; the findings, and the requests before them, are in .build/fuzz/found.
            """
    )

    @Option(help: "For how many seconds.")
    var seconds: Int?

    @Option(help: "How many requests at most.")
    var requests: Int?

    @Option(help: "How many requests before the runs are ended and the plane is started again.")
    var round: Int?

    @Option(help: "The same seed makes the same requests. Default: a new one.")
    var seed: UInt64?

    @Option(help: "A file of requests, which an earlier run saved, to ask in place of new ones.")
    var replay: String?

    func run() async throws {
        var options = PlaneFuzzer.Options(seed: seed ?? UInt64.random(in: 1...999_999))
        options.duration = .seconds(seconds ?? (requests == nil ? 60 : 86_400))
        if let requests { options.requests = requests }
        if let round { options.requestsEachRound = round }
        if let replay {
            options.replay = try Files.text(replay).split(separator: "\n").compactMap {
                FuzzRequest(json: try JSONValue(parsing: String($0)))
            }
        }
        print("plane: seed \(options.seed)")
        let chosen = options
        // Where a trap was is worth the time that finding it out takes.
        let environment = ["SWIFT_BACKTRACE": "enable=yes,color=no,threads=crashed,registers=none,images=none"]
        let summary = try await Plane.with(environment: environment) { plane in
            try await PlaneFuzzer.run(plane, chosen) { line in
                print("plane: \(line)")
                fflush(nil)
            }
        }
        if !summary.findings.isEmpty { throw ExitCode(1) }
    }
}
