import Basics
import Testing

@Suite struct TimeSourceTests {
    @Test("The machine's clock never goes back, and its sleeps end with their task")
    func system() async throws {
        let time: some TimeSource = .system
        let before = time.instant
        try await time.sleep(for: .milliseconds(1))
        #expect(time.instant >= before + .milliseconds(1))
        try await time.sleep(for: .zero)
        let sleeper = Task { try await time.sleep(for: .seconds(3600)) }
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        let late = Task {
            while !Task.isCancelled { await Task.yield() }
            try await time.sleep(for: .zero)
        }
        late.cancel()
        await #expect(throws: CancellationError.self) { try await late.value }
    }
}
