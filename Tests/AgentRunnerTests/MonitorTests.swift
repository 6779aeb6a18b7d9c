import Testing

@testable import AgentRunner

@Suite("Waiting for a state")
struct MonitorTests {
    @Test("Every waiter gets its answer, however the changes fall")
    func handOver() async throws {
        let monitor = Monitor([Int]())
        let sum = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var sum = 0
                    for _ in 0..<250 { sum += try await monitor.wait { $0.popLast() } }
                    return sum
                }
            }
            for value in 1...1000 {
                monitor.update { $0.append(value) }
                if value % 100 == 0 { await Task.yield() }
            }
            return try await group.reduce(0, +)
        }
        #expect(sum == 500_500)
        #expect(monitor.read { $0.isEmpty })
    }

    @Test("Cancellation ends waiting, before and during")
    func cancellation() async {
        let monitor = Monitor(0)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 {
                group.addTask { (try? await monitor.wait { $0 > 0 ? () : nil }) == nil }
            }
            group.cancelAll()
            for await cancelled in group { #expect(cancelled) }
        }
    }
}
