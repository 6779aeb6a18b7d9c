import APIMachinery
import TestSupport

/// A conversation with the real kubectl: command lines, and what must be in their answers.
struct KubectlDialogue {
    /// One command line for the shell, in the directory of the manifests.
    struct Line {
        var command: String
        /// The exit status that is expected.
        var exit: Int32
        /// What must be in standard output.
        var out: [String]
        /// What must not be in it.
        var not: [String]
        /// What must be in standard error.
        var error: [String]
        /// The first minor version of kubectl that can do this, where Debian's oldest cannot.
        var since: Int

        init(
            _ command: String,
            exit: Int32 = 0,
            out: String...,
            not: [String] = [],
            error: String...,
            since: Int = 0
        ) {
            self.command = command
            self.exit = exit
            self.out = out
            self.not = not
            self.error = error
            self.since = since
        }
    }

    /// An answer that is not the expected one.
    struct Misunderstanding: Error, CustomStringConvertible {
        var description: String
    }

    let plane: Plane
    /// kubectl's minor version.
    let minor: Int

    init(_ plane: Plane) async throws {
        self.plane = plane
        let version = try await plane.kubectl("version", "--client", "-o", "json").json()
        let digits = (version.value(at: "clientVersion", "minor")?.stringValue ?? "").prefix { $0.isNumber }
        minor = Int(digits) ?? 0
    }

    /// Says all lines in order; the first one with another answer ends it.
    func say(_ lines: [Line]) async throws {
        for line in lines where line.since <= minor {
            let result = try await plane.commands.run([
                "sh", "-c", "cd '\(Files.root)/Tests/EndToEndTests/Clients/kubectl' && \(line.command)",
            ])
            var faults: [String] = []
            if result.status != .code(line.exit) { faults.append("the status is \(result.status), not \(line.exit)") }
            faults += line.out.filter { !result.out.contains($0) }.map { "no \"\($0)\" in the output" }
            faults += line.not.filter(result.out.contains).map { "\"\($0)\" in the output" }
            faults += line.error.filter { !result.err.contains($0) }.map { "no \"\($0)\" in the errors" }
            guard !faults.isEmpty else { continue }
            throw Misunderstanding(description: "\(faults.joined(separator: "\n"))\n\(result)")
        }
    }
}
