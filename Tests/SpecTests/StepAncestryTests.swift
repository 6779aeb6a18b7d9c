import Testing

@testable import Spec

/// Which steps are upstream of which, and what it takes to find out.
@Suite struct StepAncestryTests {
    typealias Question = StepAncestry.Question

    private static func graph(_ dependencies: [[Int]]) -> WorkflowGraph {
        WorkflowGraph(
            steps: dependencies.enumerated().map { index, names in
                Step(id: "s\(index)", actor: "noop", dependsOn: names.map { "s\($0)" })
            }
        )
    }

    /// Asks what the labels leave open together, as validation does.
    private static func answers(_ ancestry: inout StepAncestry, _ questions: [Question]) -> (Set<Question>, open: Int) {
        var yes: Set<Question> = []
        var open: [Question] = []
        for question in questions {
            switch ancestry.quickAnswer(question) {
            case true?: yes.insert(question)
            case false?: break
            case nil: open.append(question)
            }
        }
        return (yes.union(ancestry.upheld(open)), open.count)
    }

    @Test("In random graphs the answers are those of a search from every step")
    func randomGraphs() {
        var random = Random(state: 11)
        var open = 0
        for round in 0..<200 {
            let count = 2 + random.next(round % 10 == 0 ? 150 : 20)
            // A random order of the list, so that it says nothing about what depends on what.
            var places = Array(0..<count)
            for index in places.indices { places.swapAt(index, random.next(count)) }
            var dependencies = [[Int]](repeating: [], count: count)
            for place in 1..<count {
                for _ in 0..<random.next(4) { dependencies[places[place]].append(places[random.next(place)]) }
            }
            let graph = Self.graph(dependencies)
            var expected: Set<Question> = []
            for step in 0..<count {
                var pending = graph.dependencies[step]
                while let next = pending.popLast() {
                    guard expected.insert(Question(ancestor: next, step: step)).inserted else { continue }
                    pending += graph.dependencies[next]
                }
            }
            let questions = (0..<count).flatMap { a in (0..<count).map { Question(ancestor: a, step: $0) } }
            var ancestry = StepAncestry(graph)
            let found = Self.answers(&ancestry, questions)
            #expect(found.0 == expected)
            open += found.open
        }
        #expect(open > 1000, "the labels answered nearly everything: \(open)")
    }

    @Test("Three times the steps take three times the visits: a chain, a tree, a fan, a ladder")
    func growth() {
        let shapes: [(String, (Int) -> [Int])] = [
            ("chain", { $0 == 0 ? [] : [$0 - 1] }),
            ("tree", { $0 == 0 ? [] : [($0 - 1) / 2] }),
            ("fan", { $0 == 0 ? [] : [0] }),
            ("ladder", { $0 < 2 ? [] : [$0 - 1, $0 - 2] }),
        ]
        for (name, dependencies) in shapes {
            let visits = [2000, 6000].map { count in
                var ancestry = StepAncestry(Self.graph((0..<count).map(dependencies)))
                _ = Self.answers(&ancestry, (0..<count).map { Question(ancestor: $0 / 2, step: $0) })
                return ancestry.visits
            }
            #expect(visits[1] <= 4 * visits[0], "\(name): \(visits)")
            #expect(visits[1] <= 6 * 6000, "\(name): \(visits)")
        }
    }

    @Test("Whatever the graph, a pass over it answers for 64 steps")
    func bound() {
        var random = Random(state: 5)
        let count = 3000
        let graph = Self.graph((0..<count).map { step in step < 2 ? [] : (0..<2).map { _ in random.next(step) } })
        let edges = graph.dependencies.reduce(0) { $0 + $1.count }
        var ancestry = StepAncestry(graph)
        let before = ancestry.visits
        let questions = (1..<count).map { Question(ancestor: random.next($0), step: $0) }
        let (_, open) = Self.answers(&ancestry, questions)
        #expect(open > 500)
        #expect(ancestry.visits - before <= (count + edges) * ((open + 63) / 64))
    }

    @Test func aCycleLeavesNothingToSay() {
        let ancestry = StepAncestry(Self.graph([[1], [0], []]))
        #expect(ancestry.isCyclic)
        #expect(ancestry.quickAnswer(Question(ancestor: 2, step: 0)) == true)
    }
}
