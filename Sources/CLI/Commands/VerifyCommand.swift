import APIMachinery
import ArgumentParser

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks manifests without a plane, by the rules that the plane has.",
        discussion: """
            Files or folders of YAML or JSON. Every fault is told with its file, object, field and remedy; objects of \
            other kinds than Martinet's are passed over. Ends with 2 if anything is wrong.
            """
    )

    @Argument(help: ArgumentHelp("Files or folders.", valueName: "path"))
    var paths: [String]

    @Option(name: [.short, .long], help: "How to print: table, json, yaml or name.")
    var output: OutputFormat?

    func run() throws {
        let verifier = try ManifestVerifier()
        let findings = try paths.flatMap(verifier.verify(path:))
        let broken = findings.filter { !$0.errors.isEmpty }
        if !Printing.structured(list: findings.map(\.json), output, name: { $0["object"]?.stringValue ?? "" }) {
            for finding in findings {
                if !finding.isKnown {
                    Terminal.line("\(finding.file): \(finding.object): \(Terminal.styled("not Martinet's, passed over", .dim))")
                } else if finding.errors.isEmpty {
                    Terminal.line("\(finding.file): \(finding.object): \(Terminal.styled("valid", .green))")
                }
                for error in finding.errors {
                    Terminal.line("\(finding.file): \(finding.object): \(Terminal.styled(error.description, .red))")
                }
            }
        }
        if !broken.isEmpty {
            let count = broken.reduce(0) { $0 + $1.errors.count }
            throw Failure(.refused, "\(count) fault\(count == 1 ? "" : "s") in \(broken.count) object\(broken.count == 1 ? "" : "s")")
        }
        if findings.isEmpty { throw Failure(.notFound, "no manifests in \(paths.joined(separator: ", "))") }
    }
}
