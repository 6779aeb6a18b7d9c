import APIMachinery
import GenericAPIServer
import RunEngine
import Spec
import Storage
import Testing

@testable import PlaneResources

/// What errors of the run store and the engine become on the way to the API server.
@Suite("Errors of the run store")
struct StoreErrorTests {
    @Test(
        "Both providers answer an error of the run store with the same code",
        arguments: [
            (RunStoreError.Code.unavailable, ObjectStoreError.Code.unavailable), (.corrupt, .corrupt),
            (.expired, .expired), (.notFound, .notFound), (.alreadyExists, .alreadyExists),
        ]
    )
    func store(code: RunStoreError.Code, expected: ObjectStoreError.Code) async throws {
        let store = FailingRunStore(error: RunStoreError(code, "because"))
        let logger = ProviderFixture.logger
        let engine = RunEngine(store: store, catalog: WorkflowCatalog(), logger: logger)
        let runs = WorkflowRunProvider(engine: engine, revision: 0, logger: logger)
        let providers: [(any ResourceProvider, String)] = [
            (runs, "default/r"), (DeadLetterProvider(engine: engine), "default/1.0.1"),
        ]
        for (provider, path) in providers {
            let get = await #expect(throws: ObjectStoreError.self) { try await provider.object(at: path) }
            #expect(get?.code == expected && get?.message == "because")
            let list = await #expect(throws: ObjectStoreError.self) { try await provider.page(ProvidedQuery()) }
            #expect(list?.code == expected)
            let write = ProviderFixture.write(.delete(expecting: 1), "any", path)
            let delete = await #expect(throws: ObjectStoreError.self) { try await provider.commit(write) }
            #expect(delete?.code == expected)
        }
    }

    @Test("A conflict of the engine is a conflict, and any other Status goes to the client as it is")
    func statuses() async {
        let resource = WorkflowRun.resource.groupResource
        let conflict = await #expect(throws: ObjectStoreError.self) {
            try await translatingErrors { throw Status.conflict(resource, name: "r", "changed") }
        }
        #expect(conflict?.code == .conflict && conflict?.status == nil)
        let full = Status.tooManyRequests("full", retryAfterSeconds: 3)
        let refused = await #expect(throws: ObjectStoreError.self) { try await translatingErrors { throw full } }
        #expect(refused?.code == .refused && refused?.status == full)
        let other = await #expect(throws: ObjectStoreError.self) {
            try await translatingErrors { throw CancellationError() }
        }
        #expect(other?.code == .unavailable)
    }
}
