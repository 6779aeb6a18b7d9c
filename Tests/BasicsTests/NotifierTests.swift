import Basics
import Testing

@Suite struct NotifierTests {
    /// A clock whose sleeps last until they are cancelled.
    struct StoppedTime: TimeSource {
        var instant: Duration { .zero }
        var now: Timestamp { Timestamp(seconds: 0) }

        func sleep(for duration: Duration) async throws {
            let never = Notifier()
            await never.wait()
            try Task.checkCancellation()
        }
    }

    /// A clock whose sleeps are over at once.
    struct FastTime: TimeSource {
        var instant: Duration { .zero }
        var now: Timestamp { Timestamp(seconds: 0) }

        func sleep(for duration: Duration) async throws {}
    }

    @Test("A notification before anyone waits is kept, once")
    func kept() async {
        let notifier = Notifier()
        notifier.notify()
        notifier.notify()
        await notifier.wait()
        // The second wait returns only by its delay.
        await notifier.wait(atMost: .seconds(1), FastTime())
        let waiter = Task { await notifier.wait(atMost: .seconds(1), StoppedTime()) }
        notifier.notify()
        await waiter.value
    }

    @Test("A waiter returns when its task is cancelled, and the next one waits as before")
    func cancelled() async {
        let notifier = Notifier()
        let waiter = Task { await notifier.wait() }
        waiter.cancel()
        await waiter.value
        let next = Task { await notifier.wait() }
        notifier.notify()
        await next.value
    }

    @Test("A second waiter takes the place of the first, which returns")
    func replaced() async {
        let notifier = Notifier()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { await notifier.wait() } }
            for _ in 0..<2 { await group.next() }
            notifier.notify()
            await group.next()
        }
    }

    @Test("Without a delay it waits for the notification; with none left it returns at once")
    func delays() async {
        let notifier = Notifier()
        await notifier.wait(atMost: .zero, StoppedTime())
        await notifier.wait(atMost: .seconds(-1), StoppedTime())
        let waiter = Task { await notifier.wait(atMost: nil, StoppedTime()) }
        notifier.notify()
        await waiter.value
    }
}
