import APIMachinery
import KubeYAML
import Spec

/// Objects for tests, from the YAML that a user would write.
enum Manifest {
    /// A workflow with that specification.
    static func workflow(_ spec: String) throws -> Workflow {
        try JSONValueDecoder().decode(Workflow.self, from: json("Workflow", spec))
    }

    /// A pool with that specification.
    static func pool(_ spec: String) throws -> WorkerPool {
        try JSONValueDecoder().decode(WorkerPool.self, from: json("WorkerPool", spec))
    }

    /// An object of ours with that specification.
    static func json(_ kind: String, _ spec: String) throws -> JSONValue {
        [
            "apiVersion": "martinet.dev/v1alpha1", "kind": .string(kind), "metadata": ["name": "test"],
            "spec": try YAML.parse(spec),
        ]
    }
}

/// A specification and everything that is wrong with it, word for word.
struct Row: Sendable, CustomStringConvertible {
    var spec: String
    var faults: [String]

    var description: String { spec }

    init(_ spec: String, _ faults: String...) {
        self.spec = spec
        self.faults = faults
    }
}
