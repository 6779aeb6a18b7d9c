import APIMachinery
import ArgumentParser

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks manifests by the rules of the plane, without a plane.",
        discussion: """
            Checks files or directories of YAML or JSON. Prints every fault with its file, object, field and remedy, and \
            every warning that kubectl apply would show; skips objects of other kinds than Martinet's. Exits with 2 if \
            there are faults; warnings are not faults.

            EXAMPLES
              ctl verify manifests/
              kubectl kustomize . | ctl verify -
            """
    )

    @Argument(help: ArgumentHelp("Files or directories; - is standard input.", valueName: "path"))
    var paths: [String]

    @Option(name: [.short, .long], help: "How to print: table, json, yaml or name.")
    var output: OutputFormat?

    @OptionGroup var unused: UnusedGlobalOptions

    func run() throws {
        let verifier = try ManifestVerifier()
        let findings = try paths.flatMap(verifier.verify(path:))
        let broken = findings.filter { !$0.errors.isEmpty }
        if !Printing.structured(list: findings.map(\.json), output, name: { $0["object"]?.stringValue ?? "" }) {
            for finding in findings { Terminal.write(Self.lines(finding)) }
        }
        if !broken.isEmpty {
            let faults = Self.count(broken.reduce(0) { $0 + $1.errors.count }, "fault")
            throw Failure(.refused, "\(faults) in \(Self.count(broken.count, "object"))")
        }
        if findings.isEmpty { throw Failure(.notFound, "no manifests in \(paths.joined(separator: ", "))") }
    }
    /// What is said of one object.
    private static func lines(_ finding: ManifestVerifier.Finding) -> String {
        var remarks = finding.errors.map { error in
            Terminal.styled(error.field.isEmpty ? error.body : error.description, .red)
        }
        if !finding.isKnown {
            remarks = [Terminal.styled("skipped: not a kind of Martinet", .dim)]
        } else if remarks.isEmpty {
            remarks = [Terminal.styled("valid", .green)]
        }
        remarks += finding.warnings.map { "\(Terminal.styled("warning", .yellow)): \($0)" }
        return remarks.map { "\(finding.file): \(finding.object): \($0)\n" }.joined()
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
