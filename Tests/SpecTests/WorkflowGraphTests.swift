import Spec
import Testing

/// Orders and cycles of steps.
@Suite struct WorkflowGraphTests {
    /// Steps written as `a b:a c:a,b`: c depends on a and b.
    static func graph(_ text: String) -> WorkflowGraph {
        WorkflowGraph(
            steps: text.split(separator: " ").map { word in
                let parts = word.split(separator: ":", omittingEmptySubsequences: false)
                let names = parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : nil
                return Step(id: String(parts[0]), actor: "noop", dependsOn: names)
            }
        )
    }

    @Test(arguments: [
        ("a", "a"),
        ("a b c", "a b c"),
        ("c b a", "c b a"),
        ("a b:a c:b", "a b c"),
        ("c:b b:a a", "a b c"),
        ("d:b,c b:a c:a a", "a b c d"),
        ("a b:a,a c:a", "a b c"),
        // Unknown names are no edges: validation tells of them.
        ("a:nobody b:a", "a b"),
        // Of two steps with one id the first is meant.
        ("a a:b b:a", "a b a"),
    ])
    func order(_ steps: String, _ expected: String) {
        let graph = Self.graph(steps)
        #expect(graph.topologicalOrder.map { graph.ids[$0] }.joined(separator: " ") == expected)
        #expect(graph.cycle == nil)
    }

    @Test(arguments: [
        ("a:a", "a"),
        ("a:b b:a", "a b"),
        ("b:a a:b", "b a"),
        ("a:b b:c c:a", "a b c"),
        ("a:c c:b b:a", "a c b"),
        ("start x:start,z y:x z:y", "x z y"),
        ("tail:a a:b b:a", "a b"),
        ("a b:a,b", "b"),
        ("a:b b:a c:d d:c", "a b"),
    ])
    func cycle(_ steps: String, _ expected: String) throws {
        let graph = Self.graph(steps)
        let cycle = try #require(graph.cycle)
        #expect(cycle.map { graph.ids[$0] }.joined(separator: " ") == expected)
        #expect(graph.topologicalOrder.count < graph.ids.count)
    }

    @Test func edgesGoBothWays() {
        let graph = Self.graph("a b:a c:a,b")
        #expect(graph.dependencies == [[], [0], [0, 1]])
        #expect(graph.dependents == [[1, 2], [2], []])
        #expect(graph.position(of: "c") == 2)
        #expect(graph.position(of: "d") == nil)
    }

    @Test("In random graphs the order is complete exactly where there is no cycle, and both are what they claim")
    func randomGraphs() {
        var random = Random(state: 7)
        for _ in 0..<500 {
            let count = 1 + random.next(12)
            let edges = random.next(count * 2 + 1)
            var names = [[String]](repeating: [], count: count)
            for _ in 0..<edges { names[random.next(count)].append("s\(random.next(count))") }
            let graph = WorkflowGraph(
                steps: names.enumerated().map { Step(id: "s\($0)", actor: "noop", dependsOn: $1) }
            )
            let order = graph.topologicalOrder
            #expect(Set(order).count == order.count)
            for (place, step) in order.enumerated() {
                #expect(graph.dependencies[step].allSatisfy { order[..<place].contains($0) })
            }
            if let cycle = graph.cycle {
                #expect(order.count < count)
                for (step, next) in zip(cycle, cycle.dropFirst() + cycle.prefix(1)) {
                    #expect(graph.dependencies[step].contains(next))
                }
                #expect(cycle.first == cycle.min())
            } else {
                #expect(order.count == count)
            }
        }
    }

    @Test("A chain of ten thousand steps neither overflows the stack nor takes quadratic time")
    func longChain() {
        let steps = (0..<10_000).map { Step(id: "s\($0)", actor: "noop", dependsOn: $0 == 0 ? nil : ["s\($0 - 1)"]) }
        #expect(WorkflowGraph(steps: steps).topologicalOrder == Array(0..<10_000))
        var ring = steps
        ring[0].dependsOn = ["s9999"]
        #expect(WorkflowGraph(steps: ring).cycle?.count == 10_000)
    }
}

/// Numbers that are the same in every run of the tests.
struct Random {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(bound))
    }
}
