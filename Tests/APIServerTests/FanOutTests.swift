import APIMachinery
import NIOCore
import Storage
import Synchronization
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// What watchers' inboxes take, and for whom an event is written.
@Suite struct FanOutTests {
    private func object(_ name: String, revision: Int64, labels: JSONObject = [:], size: Int = 10) -> CachedObject {
        let document: JSONValue = [
            "metadata": ["name": .string(name), "namespace": "default", "labels": .object(labels)]
        ]
        return CachedObject(
            path: "default/\(name)",
            revision: revision,
            bytes: [UInt8](repeating: 0x20, count: size),
            document: document,
            fields: [:]
        )
    }

    private func event(_ object: CachedObject) -> CacheEvent {
        CacheEvent(kind: .added, revision: object.revision, object: object, previous: nil)
    }

    private func watcher(_ labels: String = "", after: Int64 = 0, bookmarks: Bool = false) throws -> Watcher {
        var interest = WatchInterest(namespace: "default", selection: Selection())
        interest.selection.labels = try Selector(parsing: labels)
        return Watcher(
            interest: interest,
            after: after,
            deadline: Timestamp(seconds: 1000),
            wantsBookmarks: bookmarks,
            now: Timestamp(seconds: 0)
        )
    }

    private func revisions(_ watcher: Watcher, count: Int) async -> [Int64] {
        var all: [Int64] = []
        while all.count < count, let notices = await watcher.next() {
            for notice in notices {
                switch notice {
                case .event(let sighting): all.append(sighting.revision)
                case .bookmark(let revision): all.append(-revision)
                }
            }
        }
        return all
    }

    @Test("A watcher sees what it selects, in order, and nothing that it has been shown by other means")
    func selection() async throws {
        let fanOut = WatchFanOut {}
        let all = try watcher()
        let some = try watcher("l=x")
        let late = try watcher(after: 4)
        for watcher in [all, some, late] { fanOut.add(watcher, after: 1) }
        for revision in 1...6 as ClosedRange<Int64> {
            let labels: JSONObject = revision % 2 == 0 ? ["l": "x"] : [:]
            fanOut.publish(event(object("a\(revision)", revision: revision, labels: labels)))
        }
        #expect(await revisions(all, count: 5) == [2, 3, 4, 5, 6])
        #expect(await revisions(some, count: 3) == [2, 4, 6])
        #expect(await revisions(late, count: 2) == [5, 6])
        for watcher in [all, some, late] { watcher.finish() }
        #expect(fanOut.count == 0)
    }

    @Test("A bookmark never overtakes an event, and the deadline ends the watch")
    func bookmarks() async throws {
        let fanOut = WatchFanOut {}
        let watcher = try watcher(bookmarks: true)
        fanOut.add(watcher, after: 0)
        for revision in 1...300 as ClosedRange<Int64> {
            fanOut.publish(event(object("a", revision: revision)))
            if revision == 150 { fanOut.tick(now: Timestamp(seconds: 60), revision: 150) }
        }
        fanOut.tick(now: Timestamp(seconds: 1000), revision: 300)
        let seen = await revisions(watcher, count: .max)
        #expect(seen == Array(1...150) + [-150] + Array(151...300) + [-300])
        #expect(fanOut.count == 0)
    }

    @Test("An inbox is bounded by bytes; one large object always has room; others go on")
    func bytes() async throws {
        let lagging = Counted()
        let fanOut = WatchFanOut { lagging.increment() }
        let slow = try watcher()
        let quick = try watcher()
        fanOut.add(slow, after: 0)
        fanOut.add(quick, after: 0)
        var seen: [Int64] = []
        for revision in 1...10 as ClosedRange<Int64> {
            fanOut.publish(event(object("a", revision: revision, size: 3 << 20)))
            seen += await revisions(quick, count: 1)
        }
        #expect(seen == Array(1...10))
        #expect(lagging.value == 1)
        #expect(fanOut.count == 1)
        // What was put by is still there to be read: 16 MiB and the object that went beyond.
        #expect(await revisions(slow, count: .max) == Array(1...6))
    }

    @Test("A line is made once for all watchers of one form")
    func sharing() {
        let frames = SharedFrames()
        let key = SharedFrames.Key(
            kind: .added,
            object: 1,
            apiVersion: "v1",
            transform: .none,
            inclusion: "",
            hasColumns: false
        )
        var made = 0
        for _ in 0..<3 {
            _ = frames.frame(key) {
                made += 1
                return .init(string: "line")
            }
        }
        #expect(made == 1)
    }
}

/// Counts from any thread.
private final class Counted: Sendable {
    private let state = Mutex(0)

    var value: Int { state.withLock { $0 } }

    func increment() { state.withLock { $0 += 1 } }
}
