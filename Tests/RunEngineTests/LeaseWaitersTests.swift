import APIMachinery
import Storage
import TestSupport
import Testing

@testable import RunEngine

/// Who is woken when jobs arrive, and who is not.
@Suite struct LeaseWaitersTests {
    private static let queue = QueueName(namespace: "default", pool: "p")
    private static let far = Timestamp(seconds: 4_000_000_000)

    private static func name(_ text: String) -> NamespacedName { NamespacedName(namespace: "default", name: text) }

    /// A call that waits already when this returns.
    private static func wait(
        _ waiters: LeaseWaiters,
        _ runner: String,
        _ queue: QueueName = queue,
        until deadline: Timestamp = far
    ) async throws -> Task<String, Never> {
        let count = waiters.count(queue)
        let seen = waiters.signals(queue)
        let task = Task {
            await waiters.wait(queue, runner: name(runner), seen: seen, until: deadline)
            return runner
        }
        try await eventually("\(runner) waits") { waiters.count(queue) == count + 1 }
        return task
    }

    @Test("A signal wakes as many as there are jobs, those first who waited longest, of that queue only")
    func order() async throws {
        let waiters = LeaseWaiters()
        let other = QueueName(namespace: "default", pool: "other")
        var tasks: [Task<String, Never>] = []
        for runner in ["a", "b", "c"] { tasks.append(try await Self.wait(waiters, runner)) }
        let stranger = try await Self.wait(waiters, "d", other)
        waiters.signal(Self.queue, count: 2)
        #expect(await tasks[0].value == "a")
        #expect(await tasks[1].value == "b")
        #expect(waiters.count(Self.queue) == 1)
        waiters.signal(Self.queue, count: 0)
        #expect(waiters.count(Self.queue) == 1)
        waiters.signal(Self.queue, count: .max)
        #expect(await tasks[2].value == "c")
        #expect(waiters.count(other) == 1)
        waiters.wakeAll()
        #expect(await stranger.value == "d")
    }

    @Test("A signal between looking and waiting is not missed")
    func missed() async {
        let waiters = LeaseWaiters()
        let seen = waiters.signals(Self.queue)
        waiters.signal(Self.queue, count: 1)
        await waiters.wait(Self.queue, runner: Self.name("a"), seen: seen, until: Self.far)
        #expect(waiters.count(Self.queue) == 0)
    }

    @Test("A runner is woken by its name, at its deadline, and when its call is given up")
    func others() async throws {
        let waiters = LeaseWaiters()
        let named = try await Self.wait(waiters, "named")
        let late = try await Self.wait(waiters, "late", until: Timestamp(seconds: 100))
        let given = try await Self.wait(waiters, "given")
        let patient = try await Self.wait(waiters, "patient")
        waiters.wake(Self.name("named"))
        _ = await named.value
        waiters.expire(now: Timestamp(seconds: 99))
        #expect(waiters.count(Self.queue) == 3)
        waiters.expire(now: Timestamp(seconds: 100))
        _ = await late.value
        given.cancel()
        _ = await given.value
        #expect(waiters.count(Self.queue) == 1)
        waiters.signal(Self.queue, count: 1)
        _ = await patient.value
    }

    @Test("Of calls that are signalled and given up at once, each ends exactly once and none stays")
    func race() async {
        let waiters = LeaseWaiters()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<400 {
                group.addTask {
                    let task = Task {
                        let seen = waiters.signals(Self.queue)
                        await waiters.wait(Self.queue, runner: Self.name("r\(number)"), seen: seen, until: Self.far)
                    }
                    if number.isMultiple(of: 2) { task.cancel() }
                    waiters.signal(Self.queue, count: 1)
                    if number.isMultiple(of: 3) { waiters.wake(Self.name("r\(number)")) }
                    task.cancel()
                    await task.value
                }
            }
        }
        #expect(waiters.count(Self.queue) == 0)
    }
}
