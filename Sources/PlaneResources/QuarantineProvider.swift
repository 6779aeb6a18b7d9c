public import APIMachinery
public import GenericAPIServer
public import Containment
import Spec
public import Storage
import Synchronization

/// Serves what is quarantined as `martinet.dev/v1alpha1 Quarantine` objects: listing shows the entries, deleting an
/// object releases its subject.
public final class QuarantineProvider: ResourceProvider {
    private struct State {
        var revision: Int64
        /// The entries that watchers know, by name.
        var published: [String: QuarantineEntry] = [:]
        var observers: [@Sendable (ProvidedChange) -> Void] = []
    }

    public let definition = QuarantineDefinition.definition
    private let containment: Containment
    private let state: Mutex<State>

    /// A provider of the entries of a containment.
    ///
    /// - Parameter now: the time from which the first revision is made, so that revisions grow over restarts.
    public init(_ containment: Containment, now: Timestamp = .now()) {
        self.containment = containment
        var initial = State(revision: max(1, now.seconds * 1000))
        for entry in containment.entries { initial.published[entry.subject.id] = entry }
        state = Mutex(initial)
        containment.onChange { [weak self] in self?.publishChanges() }
    }

    public var revision: Int64 { state.withLock { $0.revision } }

    public func object(at path: String) async throws(ObjectStoreError) -> StoredObject? {
        let revision = revision
        return containment.entries.first { $0.subject.id == path }.map { Self.stored($0, revision) }
    }

    public func page(_ query: ProvidedQuery) async throws(ObjectStoreError) -> ProvidedPage {
        let revision = revision
        let entries = containment.entries.filter {
            !$0.subject.id.utf8.lexicographicallyPrecedes(query.start.utf8)
        }
        let page = entries.prefix(max(0, query.limit ?? .max))
        return ProvidedPage(
            objects: page.map { Self.stored($0, revision) },
            revision: revision,
            isLast: page.count == entries.count,
            remaining: entries.count - page.count
        )
    }

    public func changes(after revision: Int64) async throws(ObjectStoreError) -> [ProvidedChange] {
        guard revision >= self.revision else {
            throw ObjectStoreError(.expired, "earlier changes of quarantines are not kept; list them again")
        }
        return []
    }

    public func observe(_ observer: @escaping @Sendable (ProvidedChange) -> Void) {
        state.withLock { $0.observers.append(observer) }
    }

    private func publishChanges() {
        let now = containment.entries
        let (changes, observers) = state.withLock { state in
            let present = Set(now.map(\.subject.id))
            let gone = state.published.filter { !present.contains($0.key) }.sorted { $0.key < $1.key }
            var changes: [ProvidedChange] = []
            for (id, entry) in gone {
                state.published[id] = nil
                state.revision += 1
                changes.append(ProvidedChange(kind: .deleted, object: Self.stored(entry, state.revision)))
            }
            return (changes, state.observers)
        }
        for change in changes {
            for observer in observers { observer(change) }
        }
    }

    public func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        guard case .delete = write.operation else {
            throw ObjectStoreError(
                Status.methodNotAllowed(QuarantineDefinition.resource.groupResource, verb: "create or update")
            )
        }
        let released: QuarantineEntry?
        do {
            released = try await containment.release(id: write.key.path)
        } catch {
            throw ObjectStoreError(.unavailable, "\(error)")
        }
        guard let released else { throw ObjectStoreError(.notFound, "\(write.key.path) is not quarantined") }
        let object = Self.stored(released, revision)
        return ObjectChange(key: write.key, kind: .deleted, revision: object.revision, bytes: object.bytes)
    }

    private static func stored(_ entry: QuarantineEntry, _ revision: Int64) -> StoredObject {
        StoredObject(path: entry.subject.id, revision: revision, bytes: json(entry, revision).bytes)
    }

    /// The entry as an object. Its uid is made of its name, which stands for one subject for ever.
    static func json(_ entry: QuarantineEntry, _ revision: Int64) -> JSONValue {
        let digits = entry.subject.id.utf8.suffix(16)
        let digest = String(decoding: digits, as: UTF8.self)
        var spec: JSONObject = [
            "kind": .string(entry.subject.kind.rawValue), "namespace": .string(entry.subject.namespace),
            "name": .string(entry.subject.name),
        ]
        if !entry.subject.uid.isEmpty { spec["uid"] = .string(entry.subject.uid) }
        return [
            "apiVersion": "martinet.dev/v1alpha1", "kind": "Quarantine",
            "metadata": [
                "name": .string(entry.subject.id), "resourceVersion": .string(String(revision)), "generation": 1,
                "uid": .string("00000000-0000-4000-8000-\(digest.suffix(12))"),
                "creationTimestamp": .string(entry.since.truncatedToSeconds.rfc3339),
            ],
            "spec": .object(spec),
            "status": [
                "deaths": .int(Int64(entry.deaths)), "signal": .string(entry.signal),
                "message": .string(entry.message),
            ],
        ]
    }
}
