/// The dependencies of a workflow's steps as a graph of positions in the list of steps.
///
/// Made of any list of steps, also of one that validation would refuse: unknown names are left out of the
/// edges, and of several steps with one id the first one counts.
public struct WorkflowGraph: Sendable {
    /// The ids, in the order of the steps.
    public let ids: [String]
    /// For each step, the steps that it waits for.
    public let dependencies: [[Int]]
    /// For each step, the steps that wait for it.
    public let dependents: [[Int]]
    private let positions: [String: Int]

    /// The graph of those steps.
    public init(steps: [Step]) {
        var positions: [String: Int] = [:]
        for (index, step) in steps.enumerated() where positions[step.id] == nil { positions[step.id] = index }
        var dependencies: [[Int]] = []
        var dependents = [[Int]](repeating: [], count: steps.count)
        // For each step, the last one that was found to wait for it.
        var waiting = [Int](repeating: -1, count: steps.count)
        for (index, step) in steps.enumerated() {
            var found: [Int] = []
            for name in step.dependsOn ?? [] {
                guard let position = positions[name], waiting[position] != index else { continue }
                waiting[position] = index
                found.append(position)
                dependents[position].append(index)
            }
            dependencies.append(found)
        }
        ids = steps.map(\.id)
        self.dependencies = dependencies
        self.dependents = dependents
        self.positions = positions
    }

    /// The position of the step with that id.
    public func position(of id: String) -> Int? { positions[id] }

    /// The steps such that each one comes after those it depends on, otherwise in the order of the list
    /// (Kahn's algorithm); shorter than the list of steps if there are cycles.
    public var topologicalOrder: [Int] {
        var waiting = dependencies.map(\.count)
        var order = waiting.indices.filter { waiting[$0] == 0 }
        var next = 0
        while next < order.count {
            for dependent in dependents[order[next]] {
                waiting[dependent] -= 1
                if waiting[dependent] == 0 { order.append(dependent) }
            }
            next += 1
        }
        return order
    }

    /// The steps of one cycle, each depending on the next and the last on the first; `nil` without a cycle.
    ///
    /// Begins with the step of the cycle that comes first in the list, so that the same workflow always gives
    /// the same message.
    public var cycle: [Int]? {
        let order = topologicalOrder
        guard order.count < ids.count else { return nil }
        let sorted = Set(order)
        guard var current = ids.indices.first(where: { !sorted.contains($0) }) else { return nil }
        // Every step left has a dependency that is left too, so following those must come round again.
        var seenAt: [Int: Int] = [:]
        var path: [Int] = []
        while seenAt[current] == nil {
            seenAt[current] = path.count
            path.append(current)
            guard let next = dependencies[current].first(where: { !sorted.contains($0) }) else { return nil }
            current = next
        }
        let cycle = Array(path[(seenAt[current] ?? 0)...])
        guard let start = cycle.indices.min(by: { cycle[$0] < cycle[$1] }) else { return nil }
        return Array(cycle[start...] + cycle[..<start])
    }
}
