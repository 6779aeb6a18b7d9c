import Basics
import Testing

@testable import ControlPlane

/// When memory is given back.
@Suite struct MemoryKeeperTests {
    @Test(
        "It is worth while when much of what is resident is not in use",
        arguments: [
            (900, 100, true), (150, 100, true), (130, 100, false), (40, 5, true), (30, 1, false), (1200, 1000, false),
            (1300, 1000, true), (0, 0, false), (10, 20, false),
        ] as [(Int64, Int64, Bool)]
    )
    func decision(resident: Int64, inUse: Int64, isWorthwhile: Bool) {
        #expect(MemoryKeeper.isWorthwhile(resident: resident << 20, inUse: inUse << 20) == isWorthwhile)
    }

    @Test("The resident memory is read from the process's status")
    func status() throws {
        let status = Array("Name:\tx\nRssAnon:\t    1234 kB\nRssFile:\t 1 kB\n".utf8)
        #expect(ProcFS.memory("RssAnon", in: status) == Int64(1234 * 1024))
        #expect(ProcFS.memory("RssAnon", in: Array("Name:\tx\n".utf8)) == nil)
        #expect(try #require(MemoryKeeper.resident()) > 0)
    }
}
