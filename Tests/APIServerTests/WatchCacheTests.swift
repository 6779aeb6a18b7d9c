import APIMachinery
import Logging
import Storage
import Synchronization
import Testing
import TestSupport

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// What the cache does when documents are read anew, or cannot be read.
@Suite struct WatchCacheTests {
    private func cache(_ store: MemoryObjectStore = MemoryObjectStore()) async throws -> WatchCache {
        let cache = WatchCache(
            resource: "things",
            store: store,
            applied: AppliedRevision(0),
            metrics: ServerMetrics(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            selectableFields: { _ in [:] }
        )
        try await cache.load()
        return cache
    }

    private func change(_ name: String, revision: Int64, bytes: String? = nil) -> ObjectChange {
        let text = bytes ?? #"{"metadata":{"name":"\#(name)","namespace":"default"},"size":"\#(revision)"}"#
        return ObjectChange(
            key: ObjectKey(resource: "things", path: "default/\(name)"),
            kind: .created,
            revision: revision,
            bytes: Array(text.utf8)
        )
    }

    @Test("Changes are taken while everything held is read anew, and end up read anew as well")
    func reindexing() async throws {
        let cache = try await cache()
        for index in 1...10 as ClosedRange<Int64> { cache.apply(change("o\(index)", revision: index)) }
        let isFirst = Mutex(true)
        cache.reindex { document in
            let mustWrite = isFirst.withLock { isFirst in
                defer { isFirst = false }
                return isFirst
            }
            // The writer comes by in the middle. If the cache were locked now, this would never return.
            if mustWrite { cache.apply(change("late", revision: 11)) }
            return ["size": document["size"]?.stringValue ?? ""]
        }
        let (objects, revision) = cache.snapshot()
        #expect(revision == 11 && objects.count == 11)
        objects.forEach { object in
            #expect(object.fieldValue("size") == String(object.revision))
            return true
        }
    }

    @Test("A change that cannot be read ends the watches, so that nobody misses it unknowingly")
    func unreadable() async throws {
        let cache = try await cache()
        cache.apply(change("a", revision: 1001))
        let interest = WatchInterest(namespace: "default", selection: Selection())
        let watcher = Watcher(
            interest: interest,
            after: 1001,
            deadline: Timestamp(seconds: 1000),
            wantsBookmarks: false,
            now: Timestamp(seconds: 0)
        )
        _ = try await cache.watch(watcher, after: 1001)
        cache.apply(change("b", revision: 1002, bytes: "{"))
        #expect(await watcher.next() == nil, "the watch is over")
        #expect(cache.snapshot().revision == 1002)
    }
}
