public import APIMachinery

/// What an object says that has no effect, or not the effect that it seems to have: what the API server answers as
/// `Warning` headers, which kubectl shows.
public enum SemanticWarnings {
    /// The actors that the built-in runner offers; a pool's own runners may offer more.
    public static let builtInActors = ["exec", "noop", "sleep"]

    /// The warnings about an object that has passed validation; none for kinds that are not ours.
    public static func warnings(_ object: JSONValue) -> [String] {
        guard let kind = Unstructured(object).groupVersionKind, kind == Workflow.groupVersionKind,
            // What cannot be decoded is refused with an error, which needs no warning.
            let workflow = try? JSONValueDecoder().decode(Workflow.self, from: object)
        else { return [] }
        return warnings(workflow.spec)
    }

    private static func warnings(_ spec: WorkflowSpec) -> [String] {
        var warnings: [String] = []
        if spec.policy?.maxTokens != nil {
            warnings.append("spec.policy.maxTokens has no effect yet: nothing counts tokens")
        }
        if spec.policy?.caching?.enabled == true {
            warnings.append("spec.policy.caching has no effect yet: every step is run")
        }
        for (index, step) in spec.steps.enumerated() where !builtInActors.contains(step.actor) {
            warnings.append(
                "spec.steps[\(index)].actor: no built-in runner offers \"\(step.actor)\" yet: the step fails with "
                    + "UnknownActor unless the pool has runners of its own for it; built in are "
                    + builtInActors.joined(separator: ", ")
            )
        }
        return warnings
    }
}
