public import APIMachinery
public import GenericAPIServer
public import RunEngine
import Spec
public import Storage

/// Serves the dead letters of the run store as `runs.martinet.dev/v1alpha1 DeadLetter` objects: `get` and `list` read
/// them, `delete` discards the job, and the subresource `requeue` puts it back into its queue.
public struct DeadLetterProvider: ResourceProvider {
    public let definition = DeadLetterDefinition.definition
    public let subresources = ["requeue": ["create"]]
    private let engine: RunEngine

    /// A provider over an engine.
    public init(engine: RunEngine) { self.engine = engine }

    /// The most dead letters of one page.
    private static let pageLimit = 1000

    public var revision: Int64 { engine.store.changes.latest }

    public func object(at path: String) async throws(ObjectStoreError) -> StoredObject? {
        guard let (namespace, job) = Self.split(path) else { return nil }
        return try await translatingErrors {
            try await engine.store.read { reader in
                guard let letter = try reader.deadLetter(job.step), letter.job.id == job,
                    letter.job.queue.namespace == namespace
                else { return nil }
                return try Self.stored(letter, reader)
            }
        }
    }

    public func page(_ query: ProvidedQuery) async throws(ObjectStoreError) -> ProvidedPage {
        try await translatingErrors {
            try await engine.store.read { reader in
                var letters: [(path: String, letter: DeadLetter)] = []
                for queue in try reader.queues() where query.namespace == nil || queue.namespace == query.namespace {
                    if let pool = query.fields["status.pool"], pool != queue.pool { continue }
                    for letter in try reader.briefDeadLetters(queue) {
                        let path = Self.path(letter)
                        if !path.utf8.lexicographicallyPrecedes(query.start.utf8) { letters.append((path, letter)) }
                    }
                }
                letters.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
                let shown = letters.prefix(max(1, min(query.limit ?? Self.pageLimit, Self.pageLimit)))
                return ProvidedPage(
                    objects: try shown.map { try Self.stored($0.letter, reader) },
                    revision: try reader.revision(),
                    isLast: shown.count == letters.count,
                    remaining: letters.count - shown.count
                )
            }
        }
    }

    /// Dead letters are listed; watches of them see no changes.
    public func changes(after revision: Int64) async throws(ObjectStoreError) -> [ProvidedChange] { [] }

    public func observe(_ observer: @escaping @Sendable (ProvidedChange) -> Void) {}

    public func perform(
        _ subresource: String,
        verb: String,
        at path: String,
        parameters: QueryParameters,
        _ body: JSONValue
    ) async throws(Status) -> JSONValue {
        do {
            guard let stored = try await object(at: path), let (namespace, job) = Self.split(path),
                let letter = try await engine.store.read({ try $0.deadLetter(job.step) })
            else {
                throw Status.notFound(DeadLetterDefinition.resource.groupResource, name: Self.name(path))
            }
            try await engine.requeueDeadLetter(
                QueueName(namespace: namespace, pool: letter.job.queue.pool),
                step: job.step
            )
            return try JSONValue(parsing: stored.bytes)
        } catch let status as Status {
            throw status
        } catch {
            throw .internalError("\(error)")
        }
    }

    public func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        guard case .delete = write.operation else {
            let message = "dead letters are created by the controller; they can be read, deleted and requeued"
            throw ObjectStoreError(Status.badRequest(message))
        }
        let path = write.key.path
        guard let stored = try await object(at: path), let (namespace, job) = Self.split(path) else {
            throw ObjectStoreError(.notFound, "the dead letter \(Self.name(path)) does not exist")
        }
        return try await translatingErrors {
            guard let letter = try await engine.store.read({ try $0.deadLetter(job.step) }) else {
                throw ObjectStoreError(.notFound, "the dead letter \(job) does not exist")
            }
            let queue = QueueName(namespace: namespace, pool: letter.job.queue.pool)
            _ = try await engine.purgeDeadLetters(queue, step: job.step)
            return ObjectChange(
                key: write.key,
                kind: .deleted,
                revision: stored.revision,
                bytes: stored.bytes,
                previous: stored.bytes
            )
        }
    }

    // MARK: Translation

    private static func path(_ letter: DeadLetter) -> String { "\(letter.job.queue.namespace)/\(letter.job.id)" }

    private static func stored(_ letter: DeadLetter, _ reader: any RunReader) throws -> StoredObject {
        let job = letter.job
        let run = try reader.run(id: job.step.run)
        let step = try reader.step(job.step)
        // Deterministic and unlike any other object's: the run's, with the step's number in its last digits.
        let uid =
            (run?.uid ?? "00000000-0000-4000-8000-000000000000").dropLast(5)
            + Hexadecimal.text(UInt(clamping: job.step.index), width: 5)
        let object: JSONValue = [
            "apiVersion": .string("runs.martinet.dev/v1alpha1"), "kind": "DeadLetter",
            "metadata": [
                "name": .string("\(job.id)"), "namespace": .string(job.queue.namespace), "uid": .string(String(uid)),
                "creationTimestamp": .string(letter.diedAt.rfc3339), "resourceVersion": .string("\(job.step.run)"),
            ],
            "status": [
                "pool": .string(job.queue.pool), "run": .string(run?.name ?? ""),
                "workflow": .string(run?.workflow ?? ""), "step": .string(step?.id ?? ""),
                "attempt": .int(Int64(job.attempt)), "deliveries": .int(Int64(job.deliveries)),
                "message": .string(letter.reason), "enqueuedAt": .string(job.enqueuedAt.rfc3339Micro),
            ],
        ]
        return StoredObject(path: path(letter), revision: job.step.run, bytes: object.bytes)
    }

    private static func split(_ path: String) -> (namespace: String, job: JobID)? {
        let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let job = JobID(String(parts[1])) else { return nil }
        return (String(parts[0]), job)
    }

    private static func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
