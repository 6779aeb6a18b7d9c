package import APIMachinery
package import HTTPServing
package import Logging
package import Storage
import Synchronization

/// Serves the objects of a provider. Nothing is cached here: the provider may have millions.
package final class ProvidedBackend: ResourceBackend {
    private struct State {
        /// The newest revision that watchers were told of.
        var revision: Int64
    }

    private let provider: any ResourceProvider
    private let resource: String
    private let logger: Logger
    private let fields: @Sendable (JSONValue) -> [String: String]
    private let state: Mutex<State>
    /// Hears of the changes that matter to owners and dependents.
    private let listener: @Sendable (ProvidedChange) -> Void
    private let fanOut: WatchFanOut

    package init(
        _ provider: any ResourceProvider,
        metrics: ServerMetrics,
        logger: Logger,
        fields: @escaping @Sendable (JSONValue) -> [String: String],
        listener: @escaping @Sendable (ProvidedChange) -> Void = { _ in }
    ) {
        let resource = provider.definition.value(at: "metadata", "name")?.stringValue ?? ""
        fanOut = WatchFanOut { metrics.terminatedWatcher(resource) }
        self.resource = resource
        self.logger = logger
        self.provider = provider
        self.fields = fields
        self.listener = listener
        state = Mutex(State(revision: provider.revision))
        provider.observe { [weak self] change in self?.take(change) }
    }

    package var revision: Int64 { max(provider.revision, state.withLock { $0.revision }) }

    private func take(_ change: ProvidedChange) {
        guard isNeeded(change) else { return }
        // Rendered once, here.
        let change = ProvidedChange(kind: change.kind, object: change.object, previous: change.previous)
        let event = event(change)
        state.withLock { state in
            state.revision = max(state.revision, event.revision)
            fanOut.publish(event)
        }
        fanOut.catchUp()
        let object = event.object
        let hadOwners = event.previous?.owners.isEmpty == false
        if change.kind == .deleted || object.isDeleting || !object.owners.isEmpty || hadOwners { listener(change) }
    }

    /// Whether a watch or the garbage collector looks at the change. If not, only its revision is recorded, in the same
    /// moment: a watch that is added later begins after it.
    private func isNeeded(_ change: ProvidedChange) -> Bool {
        if change.kind == .deleted || change.mayHaveOwners { return true }
        return state.withLock { state in
            if fanOut.count > 0 { return true }
            state.revision = max(state.revision, change.revision)
            return false
        }
    }

    /// The object, or its stand-in if it cannot be read.
    private func cached(_ stored: StoredObject) -> CachedObject {
        do {
            return try CachedObject(stored, fields: fields)
        } catch {
            logger.critical(
                "an object cannot be read",
                metadata: ["resource": "\(resource)", "path": "\(stored.path)", "error": "\(error)"]
            )
            let standIn = UnreadableObject.standIn(for: stored, of: provider.definition, because: error)
            return CachedObject(
                path: stored.path,
                revision: stored.revision,
                bytes: standIn.bytes,
                // A stand-in is written here, and can be read.
                document: (try? JSONValue(parsing: standIn.bytes)) ?? [:],
                fields: [:]
            )
        }
    }

    private func event(_ change: ProvidedChange) -> CacheEvent {
        let object = cached(change.object)
        let previous = change.previous.map { bytes in
            cached(StoredObject(path: change.path, revision: 0, bytes: bytes))
        }
        let kind: CacheEvent.Kind =
            switch change.kind {
            case .created: .added
            case .updated: .modified
            case .deleted: .deleted
            }
        // Without the state before, a change of an object that matches now is taken for one that matched before.
        let before = previous ?? (kind == .modified ? object : nil)
        return CacheEvent(kind: kind, revision: change.revision, object: object, previous: before)
    }

    package func object(at path: String) async throws(Status) -> CachedObject? {
        do {
            return try await provider.object(at: path).map(cached)
        } catch {
            throw Status(error)
        }
    }

    package var readsByPages: Bool { true }
    package var listParameters: Set<String> { provider.listParameters }

    /// A page ends early at this size: there may be a limit of 500 objects, and megabytes in each.
    private static let pageBytes = 16 << 20

    package func page(_ request: PageRequest) async throws(Status) -> Page {
        var query = ProvidedQuery()
        query.namespace = request.namespace
        query.start = request.start
        query.isBrief = request.isBrief
        query.parameters = request.parameters
        let equalities = request.selection.equalities
        (query.labels, query.fields) = (equalities.labels, equalities.fields)
        guard request.parameters.isEmpty || equalities.isComplete && request.start.isEmpty else {
            let names = request.parameters.keys.sorted().joined(separator: ", ")
            throw .badRequest("with \(names), selectors must be of the form NAME=VALUE, and there is one page only")
        }
        var found: [CachedObject] = []
        var bytes = 0
        var revision: Int64?
        // Selection happens here, so pages are read until there are enough matches and the first of the next page.
        while true {
            try Status.checkCancellation()
            query.limit = request.limit.map { request.parameters.isEmpty ? max($0 + 1, 100) : $0 }
            let page: ProvidedPage
            do {
                page = try await provider.page(query)
            } catch {
                throw Status(error)
            }
            revision = revision ?? page.revision
            for stored in page.objects {
                let object = cached(stored)
                guard request.selection.matches(object) else { continue }
                if let limit = request.limit, found.count == limit {
                    return Page(objects: found, revision: revision ?? 0, next: object.path, remaining: nil)
                }
                found.append(object)
                bytes += object.bytes.count
            }
            guard !page.isLast, request.parameters.isEmpty, let last = page.objects.last else {
                return Page(objects: found, revision: revision ?? 0, next: nil, remaining: page.remaining)
            }
            // The smallest path after the last one.
            query.start = last.path + "\0"
            if request.limit != nil, bytes >= Self.pageBytes {
                return Page(objects: found, revision: revision ?? 0, next: query.start, remaining: nil)
            }
        }
    }

    package func watch(_ watcher: Watcher, after revision: Int64?) async throws(Status) -> WatchStart {
        let now = state.withLock { state -> Int64 in
            fanOut.add(watcher, after: state.revision)
            return state.revision
        }
        guard let revision else {
            let page = try await page(
                PageRequest(namespace: watcher.interest.namespace, selection: watcher.interest.selection)
            )
            return WatchStart(initial: SortedObjects(sorted: page.objects), missed: [], revision: page.revision)
        }
        do {
            let missed = try await provider.changes(after: revision).filter { $0.revision <= now }
            return WatchStart(initial: nil, missed: missed.map(event), revision: now)
        } catch {
            throw Status(error)
        }
    }

    package func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        try await provider.commit(write)
    }

    package func tick(now: Timestamp) {
        state.withLock { fanOut.tick(now: now, revision: $0.revision) }
    }

    func endWatches() { fanOut.end() }
}

/// A subresource of the provider's own.
package struct ProvidedSubresource: SubresourceHandler {
    package let provider: any ResourceProvider

    package init(provider: any ResourceProvider) { self.provider = provider }

    package func respond(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        let verb = context.info.verb == "watch" ? "get" : context.info.verb
        let answer = try await provider.perform(
            context.info.subresource,
            verb: context.info.verb,
            at: context.path(context.info.name, resource),
            parameters: context.query,
            context.info.verb == "get" ? JSONValue.null : try BodyReader.read(context).value
        )
        return Rendering.encode(answer, status: verb == "create" ? 201 : 200, context: context)
    }
}
