import APIMachinery
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

/// Changes that a provider of objects reports.
@Suite("Changes of provided objects")
struct ProvidedChangeTests {
    /// A provider that counts how often its objects are rendered.
    private final class Things: ResourceProvider {
        let definition = TestServer.definition
        let revision: Int64 = 1
        private let observers = Mutex<[@Sendable (ProvidedChange) -> Void]>([])
        private let rendered = Mutex<[Int64]>([])

        /// The revisions whose documents were rendered.
        var renderedRevisions: [Int64] { rendered.withLock { $0 } }

        func object(at path: String) async throws(ObjectStoreError) -> StoredObject? { nil }

        func page(_ query: ProvidedQuery) async throws(ObjectStoreError) -> ProvidedPage {
            ProvidedPage(objects: [], revision: revision, isLast: true)
        }

        func changes(after revision: Int64) async throws(ObjectStoreError) -> [ProvidedChange] { [] }

        func observe(_ observer: @escaping @Sendable (ProvidedChange) -> Void) {
            observers.withLock { $0.append(observer) }
        }

        func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
            throw ObjectStoreError(.unavailable, "nothing is written here")
        }

        func change(_ kind: ObjectChange.Kind, revision: Int64, mayHaveOwners: Bool = false) {
            let change = ProvidedChange(
                kind: kind,
                path: "default/a",
                revision: revision,
                mayHaveOwners: mayHaveOwners
            ) { [self] in
                rendered.withLock { $0.append(revision) }
                var document = TestServer.thing("a")
                document.set("default", at: ["metadata", "namespace"])
                document.set(.string(String(revision)), at: ["metadata", "resourceVersion"])
                return document.bytes
            }
            for observer in observers.withLock({ $0 }) { observer(change) }
        }
    }

    private func watcher() -> Watcher {
        Watcher(
            interest: WatchInterest(namespace: "default", selection: Selection()),
            after: 0,
            deadline: Timestamp(seconds: 1000),
            wantsBookmarks: false,
            now: Timestamp(seconds: 0)
        )
    }

    @Test("A change is rendered once for all watches and the garbage collector, and never without them")
    func rendering() async throws {
        let provider = Things()
        let fixture = try await ControllerFixture()
        let collected = Mutex<[Int64]>([])
        let backend = ProvidedBackend(
            provider,
            metrics: fixture.core.metrics,
            logger: fixture.core.logger,
            fields: { _ in [:] },
            listener: { change in collected.withLock { $0.append(change.object.revision) } }
        )
        provider.change(.updated, revision: 2)
        #expect(provider.renderedRevisions.isEmpty && backend.revision == 2)
        // The garbage collector looks at deletions, and at objects that have owners.
        provider.change(.deleted, revision: 3)
        provider.change(.updated, revision: 4, mayHaveOwners: true)
        #expect(provider.renderedRevisions == [3, 4] && collected.withLock { $0 } == [3])
        let watchers = [watcher(), watcher()]
        for watcher in watchers {
            let start = try await backend.watch(watcher, after: 4)
            #expect(start.revision == 4)
        }
        provider.change(.updated, revision: 5)
        #expect(provider.renderedRevisions == [3, 4, 5])
        for watcher in watchers {
            let notices = try #require(await watcher.next())
            guard case .event(let event) = notices.first else {
                Issue.record("no event")
                continue
            }
            #expect(event.revision == 5)
            watcher.finish()
        }
        provider.change(.updated, revision: 6)
        #expect(provider.renderedRevisions == [3, 4, 5] && backend.revision == 6)
    }
}
