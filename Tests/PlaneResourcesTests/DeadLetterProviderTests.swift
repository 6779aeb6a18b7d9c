import APIMachinery
import GenericAPIServer
import Logging
import PlaneResources
import RunEngine
import Spec
import Storage
import Testing

/// Dead letters as objects.
@Suite("Dead letters as objects")
struct DeadLetterProviderTests {
    private let queue = QueueName(namespace: "default", pool: "default")
    private let engine = RunEngine(store: MemoryRunStore(), catalog: WorkflowCatalog(), logger: Logger(label: "test"))

    /// A run whose job was leased to three runners that were all lost.
    private func deadLetter() async throws -> (provider: DeadLetterProvider, run: String) {
        let spec = WorkflowSpec(steps: [Step(id: "a", actor: "noop")])
        try engine.catalog.setWorkflow(namespace: "default", name: "w", spec: spec)
        let run = try #require(try await engine.submit(namespace: "default", workflow: "w", [RunRequest()]).first).name
        for number in 1...3 {
            let runner = RunnerReference(namespace: "default", pool: "default", name: "\(run)-\(number)")
            #expect(try await engine.lease(runner, capacity: 1, wait: 0).jobs.count == 1)
            #expect(try await engine.releaseLeases(namespace: "default", runner: runner.name) == 1)
        }
        return (DeadLetterProvider(engine: engine), run)
    }

    private func list(
        _ provider: DeadLetterProvider,
        namespace: String? = nil,
        start: String = "",
        pool: String? = nil
    ) async throws -> [StoredObject] {
        var query = ProvidedQuery()
        query.namespace = namespace
        query.start = start
        if let pool { query.fields["status.pool"] = pool }
        return try await provider.page(query).objects
    }

    @Test("Dead letters are listed with their run and step, read by name, and paged")
    func read() async throws {
        let (provider, run) = try await deadLetter()
        let object = try #require(try await list(provider, namespace: "default", pool: "default").first)
        let json = try JSONValue(parsing: object.bytes)
        #expect(json.value(at: "status", "run")?.stringValue == run && json.value(at: "status", "step") == "a")
        #expect(json.value(at: "status", "deliveries") == 3)
        #expect(try await provider.object(at: object.path) == object)
        #expect(try await provider.object(at: "default/nonsense") == nil)
        #expect(try await provider.object(at: "other/\(Unstructured(json).name)") == nil)
        #expect(try await list(provider, namespace: "other").isEmpty)
        #expect(try await list(provider, pool: "other").isEmpty)
        #expect(try await list(provider, start: object.path + "\0").isEmpty)
    }

    @Test("Requeueing starts the step again, and works once")
    func requeue() async throws {
        let (provider, run) = try await deadLetter()
        let path = try #require(try await list(provider).first).path
        _ = try await provider.perform("requeue", verb: "create", at: path, parameters: QueryParameters(""), [:])
        #expect(try await engine.run(namespace: "default", name: run)?.run.phase == .pending)
        #expect(try await list(provider).isEmpty)
        let error = await #expect(throws: Status.self) {
            try await provider.perform("requeue", verb: "create", at: path, parameters: QueryParameters(""), [:])
        }
        #expect(error?.code == 404)
    }

    @Test("Deleting a dead letter discards the job and leaves the run failed")
    func delete() async throws {
        let (provider, run) = try await deadLetter()
        let object = try #require(try await list(provider).first)
        let write = ProviderFixture.write(
            .delete(expecting: object.revision),
            "deadletters.runs.martinet.dev",
            object.path
        )
        let change = try await provider.commit(write)
        #expect(change.kind == .deleted && change.bytes == object.bytes)
        #expect(try await list(provider).isEmpty)
        #expect(try await engine.run(namespace: "default", name: run)?.run.phase == .failed)
        let error = await #expect(throws: ObjectStoreError.self) { try await provider.commit(write) }
        #expect(error?.code == .notFound)
    }

    @Test(
        "Clients can neither create nor change dead letters",
        arguments: [ObjectWrite.Operation.create, .update(expecting: 1)]
    )
    func refused(_ operation: ObjectWrite.Operation) async throws {
        let (provider, _) = try await deadLetter()
        let path = try #require(try await list(provider).first).path
        let write = ProviderFixture.write(operation, "deadletters.runs.martinet.dev", path)
        let error = await #expect(throws: ObjectStoreError.self) { try await provider.commit(write) }
        #expect(error?.status?.code == 400)
    }

    @Test("A page has at most as many dead letters as asked for, and says how many follow")
    func pages() async throws {
        for _ in 0..<3 { _ = try await deadLetter() }
        let provider = DeadLetterProvider(engine: engine)
        var query = ProvidedQuery()
        query.limit = 2
        let first = try await provider.page(query)
        #expect(first.objects.count == 2 && !first.isLast && first.remaining == 1)
        query.start = try #require(first.objects.last).path + "\0"
        let last = try await provider.page(query)
        #expect(last.objects.count == 1 && last.isLast && last.remaining == 0)
    }
}
