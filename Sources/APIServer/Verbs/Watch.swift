import APIMachinery

/// GET with `watch`: the changes of a collection, as they happen.
enum WatchVerb {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        guard context.form.encoding == .json else { throw Negotiation.notAcceptable }
        let options = try ListOptions(context, isWatch: true)
        let selection = try Selection(context, resource: resource)
        let seconds = options.timeout ?? .seconds(Int64.random(in: 1800...3600))
        let watcher = Watcher(
            namespace: resource.isNamespaced && !context.info.namespace.isEmpty ? context.info.namespace : nil,
            deadline: context.now.advanced(by: seconds),
            wantsBookmarks: options.allowsBookmarks,
            now: context.now
        )
        var encoder = try WatchEncoder(
            resource: resource,
            selection: selection,
            after: options.sendInitialEvents == true ? 0 : options.revision ?? 0,
            context: context
        )
        var frames: [[UInt8]] = []
        do throws(Status) {
            // 0, like none, asks for the state first; any other revision for what came after it.
            let isFromState = (options.revision ?? 0) == 0 || options.sendInitialEvents == true
            let after = isFromState ? nil : options.revision
            if let revision = options.revision, options.sendInitialEvents == true {
                try await ListOptions.waitUntilKnown(revision, backend: backend)
            }
            let start = try await backend.watch(watcher, after: after)
            frames = try initial(start, options, &encoder)
        } catch {
            // A history that is gone is told within the watch, as clients expect it there.
            guard error.code == 410 else { throw error }
            watcher.finish()
            frames = [WatchEncoder.error(error)]
        }
        let first = frames
        let later = encoder
        return APIResponse(
            contentType: context.form.contentType,
            body: .stream(
                StreamingBody {
                    watcher.finish()
                } run: { sink in
                    var encoder = later
                    // An empty piece sends the head at once: the client must see that the watch stands.
                    try await sink.write([])
                    for frame in first { try await sink.write(frame) }
                    for await notice in watcher.notices {
                        guard let frame = encoder.frame(notice) else { continue }
                        try await sink.write(frame)
                    }
                }
            )
        )
    }

    private static func initial(
        _ start: WatchStart,
        _ options: ListOptions,
        _ encoder: inout WatchEncoder
    ) throws(Status) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        if let state = start.initial, options.sendInitialEvents != false {
            state.forEach { object in
                if let frame = encoder.added(object) { frames.append(frame) }
                return true
            }
        }
        if options.sendInitialEvents == true, options.allowsBookmarks {
            frames.append(encoder.bookmark(start.revision, endsInitialEvents: true))
        }
        for event in start.missed {
            if let frame = encoder.frame(.event(event)) { frames.append(frame) }
        }
        return frames
    }
}

/// Writes watch events for one watcher: what it selects, in the form it wants.
struct WatchEncoder: Sendable {
    private let resource: ServedResource
    private let selection: Selection
    private let context: RequestContext
    private let namespace: String?
    /// Events up to this revision are known to the watcher, even if they have yet to happen.
    private let after: Int64
    private var table: TableWriter?
    private var hasSentColumns = false

    init(
        resource: ServedResource,
        selection: Selection,
        after: Int64,
        context: RequestContext
    ) throws(Status) {
        self.after = after
        self.resource = resource
        self.selection = selection
        self.context = context
        namespace = resource.isNamespaced && !context.info.namespace.isEmpty ? context.info.namespace : nil
        switch context.form.transform {
        case .table(let version): table = try TableWriter(resource: resource, context: context, version: version)
        case .partialMetadataList, .groupDiscovery: throw Negotiation.notAcceptable
        case .none, .partialMetadata: break
        }
    }

    /// One line of the watch; `nil` if the watcher does not care.
    mutating func frame(_ notice: Watcher.Notice) -> [UInt8]? {
        switch notice {
        case .bookmark(let revision): return bookmark(revision, endsInitialEvents: false)
        case .event(let event): return frame(event)
        }
    }

    private mutating func frame(_ event: CacheEvent) -> [UInt8]? {
        guard event.revision > after else { return nil }
        if let namespace, !event.object.namespace.equalsBytes(of: namespace) { return nil }
        let matches = event.kind != .deleted && selection.matches(event.object)
        let matched =
            event.previous.map(selection.matches) ?? (event.kind == .deleted && selection.matches(event.object))
        switch (matches, matched) {
        case (true, true): return line("MODIFIED", event.object)
        case (true, false): return line("ADDED", event.object)
        case (false, true):
            // An object that leaves the selection is shown as it last was in it, with the revision of the change.
            if event.kind != .deleted, let previous = event.previous {
                return line("DELETED", previous, revision: event.revision)
            }
            return line("DELETED", event.object)
        case (false, false): return nil
        }
    }

    mutating func added(_ object: CachedObject) -> [UInt8]? {
        if let namespace, !object.namespace.equalsBytes(of: namespace) { return nil }
        return selection.matches(object) ? line("ADDED", object) : nil
    }

    private mutating func line(_ type: String, _ object: CachedObject, revision: Int64? = nil) -> [UInt8]? {
        if revision == nil, context.form.transform == .none, resource.isStorageForm {
            return Self.frame(type, object.bytes)
        }
        guard var document = try? Rendering.document(object, resource) else { return nil }
        if let revision { document.set(.string(String(revision)), at: ["metadata", "resourceVersion"]) }
        switch context.form.transform {
        case .partialMetadata(let version):
            return Self.frame(type, PartialMetadata.of(document, version: version).bytes)
        case .table:
            table?.removeRows()
            table?.add(document)
            let metadata: JSONValue = ["resourceVersion": document["metadata"]?["resourceVersion"] ?? ""]
            let value = table?.finish(metadata: metadata, withColumns: !hasSentColumns) ?? .null
            hasSentColumns = true
            return Self.frame(type, value.bytes)
        default: return Self.frame(type, DocumentEncoder.bytes(document))
        }
    }

    /// A line that tells how far the watch has come.
    mutating func bookmark(_ revision: Int64, endsInitialEvents: Bool) -> [UInt8] {
        var metadata: JSONValue = ["resourceVersion": .string(String(revision))]
        if !resource.isCustom { metadata["creationTimestamp"] = .null }
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        switch context.form.transform {
        case .partialMetadata(let version):
            metadata["creationTimestamp"] = nil
            let object: JSONValue = [
                "kind": "PartialObjectMetadata", "apiVersion": .string("meta.k8s.io/\(version)"), "metadata": metadata,
            ]
            return Self.frame("BOOKMARK", object.bytes)
        case .table:
            table?.removeRows()
            let object: JSONValue = [
                "apiVersion": .string(resource.groupVersion.apiVersion), "kind": .string(resource.names.kind),
                "metadata": metadata,
            ]
            table?.add(object)
            let value = table?.finish(
                metadata: ["resourceVersion": .string(String(revision))],
                withColumns: !hasSentColumns
            )
            hasSentColumns = true
            return Self.frame("BOOKMARK", (value ?? .null).bytes)
        default:
            let object: JSONValue = [
                "apiVersion": .string(resource.groupVersion.apiVersion), "kind": .string(resource.names.kind),
                "metadata": metadata,
            ]
            return Self.frame("BOOKMARK", object.bytes)
        }
    }

    /// The last line of a watch that cannot go on.
    static func error(_ status: Status) -> [UInt8] { frame("ERROR", status.json.bytes) }

    private static func frame(_ type: String, _ object: [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(object.count + 32)
        line.append(contentsOf: "{\"type\":\"\(type)\",\"object\":".utf8)
        line.append(contentsOf: object)
        line.append(contentsOf: [UInt8(ascii: "}"), 0x0A])
        return line
    }
}
