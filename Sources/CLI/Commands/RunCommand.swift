import APIMachinery
import ArgumentParser
import Basics
import KubeClient
import KubeYAML
import Spec

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Starts a run of a workflow.",
        discussion: """
            Prints the run's name at once. With --watch, shows the steps until the run has ended; with --wait, says \
            nothing until then; both end with 1 if the run did not succeed.

            Parameters are given as NAME=VALUE with -p, as NAME=JSON with -j, or as a JSON or YAML file with --params. \
            A value given with -p has the type of the parameter's default: 3 is a number where the default is a number, \
            and a text where the default is a text or missing.

            EXAMPLES
              ctl run tree-triage -p tree=$PWD --watch
              ctl run tree-triage -j 'depth=3' --priority 12 --wait -o json
              ctl run tree-triage --params params.yaml --dry-run
            """
    )

    @Argument(
        help: ArgumentHelp("The workflow.", valueName: "workflow"),
        completion: NamesCommand.completion(of: "workflows"),
        transform: ObjectKind.workflow.name
    )
    var workflow: String

    @Option(
        name: [.customShort("p"), .customLong("param")],
        help: ArgumentHelp("A value of the type of the default.", valueName: "name=value")
    )
    var texts: [String] = []

    @Option(
        name: [.customShort("j"), .customLong("json-param")],
        help: ArgumentHelp("Any JSON value.", valueName: "name=json")
    )
    var documents: [String] = []

    @Option(name: .customLong("params"), help: ArgumentHelp("A file of parameters.", valueName: "file"))
    var file: String?

    @Option(help: "The priority; 12 or more takes the express lane.")
    var priority: Int?

    @Option(help: ArgumentHelp("The run's name; default: WORKFLOW-xxxxx.", valueName: "name"))
    var name: String?

    @Option(name: [.short, .long], help: ArgumentHelp("A label of the run.", valueName: "key=value"))
    var label: [String] = []

    @Flag(help: "Show the steps until the run has ended.")
    var watch = false

    @Flag(help: "Wait until the run has ended.")
    var wait = false

    @Flag(help: "Print the plan without starting a run.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        _ = try pairs(texts, option: "-p")
        _ = try pairs(documents, option: "-j")
        _ = try pairs(label, option: "--label")
        if let priority, !Bounds.priority.contains(priority) {
            let (least, most) = (Bounds.priority.lowerBound, Bounds.priority.upperBound)
            throw ValidationError("--priority \(priority): must be from \(least) to \(most)")
        }
    }

    func run() async throws {
        let given = try parameters()
        let texts = try pairs(texts, option: "-p")
        let labels = try pairs(label, option: "--label")
        try await global.withClient { client, namespace in
            var params = given
            if dryRun || !texts.isEmpty {
                let object = try await client.get(Workflow.resource, namespace: namespace, name: workflow)
                let declaration = try object.decode(Workflow.self)
                for (name, value) in try Self.values(of: texts, declared: declaration.spec.params ?? []) {
                    params[name] = value
                }
                if dryRun {
                    try RunPlanPrinter.show(declaration, params: params, format: global.output)
                    return
                }
            }
            var run = Unstructured([
                "apiVersion": .string(WorkflowRun.groupVersionKind.apiVersion),
                "kind": "WorkflowRun",
                "metadata": ["namespace": .string(namespace)],
                "spec": ["workflowRef": ["name": .string(workflow)]],
            ])
            if let name { run.name = name } else { run.generateName = "\(workflow)-" }
            run.labels = labels
            if !params.isEmpty { run.json.set(.object(params), at: ["spec", "params"]) }
            if let priority { run.json.set(.int(Int64(priority)), at: ["spec", "priority"]) }
            let created = try await client.create(WorkflowRun.resource, run)
            guard watch || wait else {
                if !Printing.structured(created.json, global.output, name: "workflowrun/\(created.name)") {
                    Terminal.line(created.name)
                }
                return
            }
            let watcher = RunWatcher(client: client, namespace: namespace, name: created.name)
            let last = try await watcher.run(showing: watch && (global.output ?? .table) == .table)
            if !Printing.structured(last.json, global.output, name: "workflowrun/\(created.name)"), !watch {
                Terminal.line(created.name)
            }
            let phase = last.json.value(at: "status", "phase")?.stringValue ?? "Unknown"
            if phase != "Succeeded" {
                let message = last.json.value(at: "status", "message")?.stringValue ?? ""
                throw Failure(
                    .failed,
                    "run \(created.name): \(phase)\(message.isEmpty ? "" : ": \(message)"); see ctl logs \(created.name)"
                )
            }
        }
    }

    /// The values that texts stand for, by the types of the parameters' defaults; all faults are told at once.
    static func values(of texts: [String: String], declared: [Parameter]) throws(Failure) -> JSONObject {
        var result = JSONObject()
        var faults: [String] = []
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            guard let parameter = declared.first(where: { $0.name == name }) else {
                // The server tells which parameters there are.
                result[name] = .string(text)
                continue
            }
            do throws(FieldError) {
                result[name] = try ParameterBinding.value(of: text, for: parameter, at: FieldPath("params").child(name))
            } catch {
                faults.append("-p \(name)=\(text): \(error)")
            }
        }
        guard faults.isEmpty else { throw Failure(.refused, faults.joined(separator: "\n")) }
        return result
    }

    private func parameters() throws -> JSONObject {
        var result = JSONObject()
        if let file {
            result = try Self.members(ofFile: file)
        }
        for (name, text) in try pairs(documents, option: "-j") {
            do {
                result[name] = try JSONValue(parsing: text)
            } catch {
                throw Failure(.refused, "-j \(name)=\(text): \(error); for plain text use -p")
            }
        }
        return result
    }

    /// The parameters in a file.
    ///
    /// - Throws: `Failure` if it cannot be read, or holds something else.
    static func members(ofFile file: String) throws(Failure) -> JSONObject {
        let parsed: JSONValue
        do {
            parsed = try YAML.parse(try InputFile.text(file))
        } catch let error as YAMLError {
            throw Failure(.refused, "--params \(file): \(error.message); correct the file")
        } catch {
            throw Failure(.refused, "--params: \(error)")
        }
        guard case .object(let members) = parsed else {
            throw Failure(.refused, "--params \(file): the file must hold one object of names and values")
        }
        return members
    }

    private func pairs(_ texts: [String], option: String) throws -> [String: String] {
        var result: [String: String] = [:]
        for text in texts {
            guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
                throw ValidationError("\(option) \(text): write NAME=VALUE")
            }
            result[String(text[..<equals])] = String(text[text.index(after: equals)...])
        }
        return result
    }
}
