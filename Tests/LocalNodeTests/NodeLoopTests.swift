import ControllerRuntime
import KubeTestSupport
import Logging
import Synchronization
import Testing

@testable import LocalNode

@Suite("Node loops") struct NodeLoopTests {
    private struct Broken: Error {}

    private static func loop(_ time: ManualTime) -> NodeLoop {
        NodeLoop(name: "test", time: time, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test("A loop that fails begins again after a pause, until it returns")
    func again() async {
        let time = ManualTime()
        let tries = Mutex(0)
        async let end: Void = Self.loop(time).run {
            let count = tries.withLock { tries in
                tries += 1
                return tries
            }
            if count < 3 { throw Broken() }
        }
        for _ in 0..<2 { await time.advanceToNextSleeper() }
        await end
        #expect(tries.withLock { $0 } == 3)
        #expect(time.instant == NodeLoop.pause * 2)
    }

    @Test("Cancellation ends it, in the loop and in the pause")
    func cancelled() async {
        let time = ManualTime()
        let inLoop = Task { await Self.loop(time).run { throw CancellationError() } }
        await inLoop.value
        let inPause = Task { await Self.loop(time).run { throw Broken() } }
        await time.waitForSleepers()
        inPause.cancel()
        await inPause.value
    }
}
