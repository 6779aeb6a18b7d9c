/// Answers which steps are certain to have ended when another one begins.
///
/// Most questions are answered from labels that one depth-first search gives the steps, in constant time. The rest are
/// collected and answered together, 64 steps at a time, each time in one pass over the graph: the time is at most
/// `(steps + dependencies) × ⌈steps that are asked about ÷ 64⌉`, the memory a number for each step.
struct StepAncestry {
    /// A question: is the one step upstream of the other?
    struct Question: Hashable {
        var ancestor: Int
        var step: Int
    }

    /// What the depth-first search found of a step. Ranks are given when a step is left, so that a step's rank is higher
    /// than those of all its descendants.
    private struct Label {
        /// The rank that was given last when the search came to the step: the steps found from here on, up to its own
        /// rank, are below it in the search's tree.
        var entered = 0
        var rank = 0
        /// The lowest rank of all its descendants and itself.
        var lowest = 0
    }

    private let graph: WorkflowGraph
    private let order: [Int]
    private let labels: [Label]
    /// How often a step or an edge was looked at.
    private(set) var visits = 0

    init(_ graph: WorkflowGraph) {
        self.graph = graph
        order = graph.topologicalOrder
        var labels = [Label](repeating: Label(), count: graph.ids.count)
        var rank = 0
        var path: [(step: Int, next: Int)] = []
        for start in graph.ids.indices where graph.dependencies[start].isEmpty {
            path.append((start, 0))
            while let (step, next) = path.last {
                if next == 0 {
                    labels[step].entered = rank
                    labels[step].lowest = .max
                }
                visits += 1
                if next < graph.dependents[step].count {
                    path[path.count - 1].next += 1
                    let dependent = graph.dependents[step][next]
                    if labels[dependent].lowest == 0 { path.append((dependent, 0)) }
                } else {
                    rank += 1
                    labels[step].rank = rank
                    let below = graph.dependents[step].reduce(rank) { min($0, labels[$1].lowest) }
                    visits += graph.dependents[step].count
                    labels[step].lowest = below
                    path.removeLast()
                }
            }
        }
        self.labels = labels
    }

    /// Whether the steps depend on each other in a circle, so that nothing is certain; that is a fault of its own.
    var isCyclic: Bool { order.count < graph.ids.count }

    /// The answer, if the labels give one. In a graph with a cycle every step counts as upstream.
    func quickAnswer(_ question: Question) -> Bool? {
        if isCyclic { return true }
        let (ancestor, step) = (labels[question.ancestor], labels[question.step])
        if question.ancestor == question.step || step.rank > ancestor.rank || step.lowest < ancestor.lowest {
            return false
        }
        return step.rank > ancestor.entered ? true : nil
    }

    /// Those of the questions whose answer is yes.
    mutating func upheld(_ questions: [Question]) -> Set<Question> {
        var places = [Int](repeating: 0, count: order.count)
        for (place, step) in order.enumerated() { places[step] = place }
        // Neighbours in the order share a pass, which then covers a small part of it.
        let byAncestor = Dictionary(grouping: Set(questions), by: \.ancestor)
        let ancestors = byAncestor.keys.sorted { places[$0] < places[$1] }
        var upheld: Set<Question> = []
        var above = [UInt64](repeating: 0, count: order.count)
        for start in stride(from: 0, to: ancestors.count, by: 64) {
            let group = ancestors[start..<min(start + 64, ancestors.count)]
            let asked = group.flatMap { byAncestor[$0] ?? [] }
            guard let first = group.first.map({ places[$0] }), let last = asked.map({ places[$0.step] }).max(),
                first <= last
            else { continue }
            var bits: [Int: UInt64] = [:]
            for (bit, ancestor) in group.enumerated() { bits[ancestor] = 1 << UInt64(bit) }
            for place in first...last {
                let step = order[place]
                var mask: UInt64 = 0
                for dependency in graph.dependencies[step] where places[dependency] >= first {
                    mask |= above[dependency] | bits[dependency, default: 0]
                }
                above[step] = mask
                visits += 1 + graph.dependencies[step].count
            }
            for question in asked where places[question.step] >= first {
                if above[question.step] & bits[question.ancestor, default: 0] != 0 { upheld.insert(question) }
            }
        }
        return upheld
    }
}
