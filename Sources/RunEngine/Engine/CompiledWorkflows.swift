import APIMachinery
import Logging
import Spec
import Storage
import Synchronization

/// A cache of compiled revisions, by hash. A revision never changes, so entries never become invalid.
final class CompiledWorkflows: Sendable {
    /// Revisions that are kept; others are compiled again when needed.
    private static let capacity = 2048

    private let cache: Mutex<[String: CompiledWorkflow]> = Mutex([:])
    private let stored: Mutex<Set<String>> = Mutex([])
    private let unreadable: Mutex<Set<String>> = Mutex([])
    private let logger: Logger

    init(logger: Logger) { self.logger = logger }

    /// The revision in a catalog's entry.
    ///
    /// - Throws: `FieldError` if its steps do not form a graph.
    func compiled(_ entry: WorkflowCatalog.Entry) throws -> CompiledWorkflow {
        if let workflow = cache.withLock({ $0[entry.revision] }) { return workflow }
        return insert(try CompiledWorkflow(revision: entry.revision, spec: entry.spec))
    }

    /// The revision that a run keeps to; `nil` if it is not stored or cannot be read.
    func compiled(_ revision: String, from reader: any RunReader) throws -> CompiledWorkflow? {
        if let workflow = cache.withLock({ $0[revision] }) { return workflow }
        guard let bytes = try reader.workflowRevision(revision) else { return nil }
        do {
            let spec = try JSONValueDecoder().decode(WorkflowSpec.self, from: JSONValue(parsing: bytes))
            return insert(try CompiledWorkflow(revision: revision, spec: spec))
        } catch {
            // Logged once, although every run of the revision asks for it.
            if unreadable.withLock({ $0.insert(revision).inserted }) {
                logger.error(
                    "A stored workflow revision cannot be read; its runs fail",
                    metadata: ["revision": "\(revision)", "error": "\(error)"]
                )
            }
            return nil
        }
    }

    private func insert(_ workflow: CompiledWorkflow) -> CompiledWorkflow {
        cache.withLock { cache in
            if cache.count >= Self.capacity, let victim = cache.keys.first { cache[victim] = nil }
            cache[workflow.revision] = workflow
        }
        return workflow
    }

    /// Stores the revision unless that has been done.
    ///
    /// - Throws: `Status` if another specification is stored under the same hash.
    func store(_ entry: WorkflowCatalog.Entry, in transaction: any RunTransaction) throws {
        if stored.withLock({ $0.contains(entry.revision) }) { return }
        if let existing = try transaction.workflowRevision(entry.revision) {
            guard existing == entry.bytes else {
                throw Status.internalError(
                    "another specification has the revision hash \(entry.revision); change this one slightly"
                )
            }
        } else {
            try transaction.insertWorkflowRevision(entry.revision, spec: entry.bytes)
        }
    }

    /// Records that a commit has stored the revision.
    func markStored(_ revision: String) { stored.withLock { _ = $0.insert(revision) } }
}
