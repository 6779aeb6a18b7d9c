import APIMachinery
import ArgumentParser
import KubeClient
import Spec

/// A kind and a name as kubectl takes them, `workerpool/default`, `wp/default`, `workflow/x`, or a name alone.
struct ObjectReference: ExpressibleByArgument {
    /// `workerpool` or `workflow`; empty where only a name was given.
    var kind: String
    var name: String

    var resource: GroupVersionResource { kind == "workflow" ? Workflow.resource : WorkerPool.resource }

    init(kind: String, name: String) {
        self.kind = kind
        self.name = name
    }

    init?(argument: String) {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        guard let last = parts.last, !last.isEmpty, parts.count <= 2 else { return nil }
        name = String(last)
        guard parts.count == 2 else {
            kind = ""
            return
        }
        guard let kind = ObjectKind(word: parts[0]), kind == .pool || kind == .workflow else { return nil }
        self.kind = kind.rawValue
    }

    static var help: ArgumentHelp {
        ArgumentHelp(
            "The object: workerpool/NAME, workflow/NAME, or NAME where only one has it.",
            valueName: "kind/name"
        )
    }

    static var poolHelp: ArgumentHelp { ArgumentHelp("The pool: workerpool/NAME or NAME.", valueName: "pool") }

    /// A pool, which a name alone means here.
    ///
    /// - Throws: `ValidationError` for another kind.
    mutating func requirePool() throws {
        if kind.isEmpty { kind = "workerpool" }
        guard kind == "workerpool" else {
            throw ValidationError("\(kind)/\(name) is not a worker pool; write workerpool/NAME or NAME")
        }
    }

    /// The reference with its kind: a name alone is looked up among pools and workflows.
    ///
    /// - Throws: `Failure` if there is no such object, or one of each kind.
    func resolved(_ client: KubeClient, _ namespace: String) async throws -> ObjectReference {
        guard kind.isEmpty else { return self }
        var found: [ObjectReference] = []
        for kind in ["workerpool", "workflow"] {
            var candidate = self
            candidate.kind = kind
            do {
                _ = try await client.get(candidate.resource, namespace: namespace, name: name)
                found.append(candidate)
            } catch let status as Status where status.isNotFound {
                continue
            }
        }
        guard let first = found.first else {
            throw Failure(
                .notFound,
                "there is no worker pool and no workflow \"\(name)\" in namespace \(namespace); "
                    + "list them with: kubectl get workerpools,workflows -n \(namespace)"
            )
        }
        guard found.count == 1 else {
            throw Failure(
                .refused,
                "\"\(name)\" is the name of a worker pool and of a workflow; write workerpool/\(name) or workflow/\(name)"
            )
        }
        return first
    }
}

/// The kinds that commands take, by all the names that kubectl knows them under.
enum ObjectKind: String, CaseIterable {
    case pool = "workerpool"
    case workflow
    case run = "workflowrun"
    case deadLetter = "deadletter"

    init?(word: Substring) {
        switch word.lowercased() {
        case "workerpool", "workerpools", "wp", "pool", "pools", "workerpools.martinet.dev", "workerpool.martinet.dev":
            self = .pool
        case "workflow", "workflows", "wf", "workflows.martinet.dev", "workflow.martinet.dev": self = .workflow
        case "workflowrun", "workflowruns", "wfr", "run", "runs", "workflowrun.runs.martinet.dev",
            "workflowruns.runs.martinet.dev":
            self = .run
        case "deadletter", "deadletters", "deadletter.runs.martinet.dev", "deadletters.runs.martinet.dev":
            self = .deadLetter
        default: return nil
        }
    }

    /// The name in an argument that is a name alone, or this kind and a name.
    ///
    /// - Throws: `ValidationError` for another kind, or no name.
    func name(_ argument: String) throws -> String {
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
        let remedy = "write NAME or \(rawValue)/NAME"
        guard let last = parts.last, !last.isEmpty else {
            throw ValidationError("\"\(argument)\" has no name; \(remedy)")
        }
        guard parts.count > 1 else { return argument }
        guard parts.count == 2, let kind = ObjectKind(word: parts[0]) else {
            throw ValidationError("\"\(argument)\" is not a \(rawValue); \(remedy)")
        }
        guard kind == self else { throw ValidationError("\(argument) is a \(kind.rawValue); \(remedy)") }
        return String(last)
    }
}
