import APIMachinery
import NIOCore

/// Writes watch events for one watcher, in the form it wants.
struct WatchEncoder: Sendable {
    private let resource: ServedResource
    private let context: RequestContext
    private let now: @Sendable () -> Timestamp
    private let inclusion: String
    private var table: TableWriter?
    private var hasSentColumns = false

    init(
        resource: ServedResource,
        context: RequestContext,
        now: @escaping @Sendable () -> Timestamp
    ) throws(Status) {
        self.resource = resource
        self.context = context
        self.now = now
        inclusion = context.query["includeObject"] ?? ""
        switch context.form.transform {
        case .table(let version): table = try TableWriter(resource: resource, context: context, version: version)
        case .partialMetadataList, .groupDiscovery: throw Negotiation.notAcceptable
        case .none, .partialMetadata: break
        }
    }

    /// The line of an event; the same for all watchers of this form.
    ///
    /// - Throws: 500 for an object that cannot be read: the watch ends, rather than leave an event out.
    mutating func frame(_ sighting: Sighting) throws(Status) -> ByteBuffer {
        let key = SharedFrames.Key(
            kind: sighting.kind,
            object: sighting.object.revision,
            apiVersion: resource.groupVersion.apiVersion,
            transform: context.form.transform,
            inclusion: inclusion,
            hasColumns: table != nil && !hasSentColumns
        )
        let frame = try sighting.frames.frame(key) { () throws(Status) -> ByteBuffer in
            // Only an object that is shown as it was before the event needs the event's revision put in.
            let isFormer = sighting.object.revision != sighting.revision
            return try line(sighting.kind, sighting.object, revision: isFormer ? sighting.revision : nil)
        }
        if table != nil { hasSentColumns = true }
        return frame
    }

    /// The line that shows an object that was there before the watch.
    mutating func added(_ object: CachedObject) throws(Status) -> ByteBuffer { try line(.added, object) }

    private mutating func line(
        _ kind: Sighting.Kind,
        _ object: CachedObject,
        revision: Int64? = nil
    ) throws(Status) -> ByteBuffer {
        let type = kind.rawValue
        if revision == nil, context.form.transform == .none, resource.isStorageForm {
            return Self.frame(type, object.bytes)
        }
        var document = try Rendering.document(object, resource)
        if let revision { document.set(.string(String(revision)), at: ["metadata", "resourceVersion"]) }
        switch context.form.transform {
        case .partialMetadata(let version):
            return Self.frame(type, PartialMetadata.of(document, version: version).bytes)
        case .table:
            let moment = now()
            table?.now = moment
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
    mutating func bookmark(_ revision: Int64, endsInitialEvents: Bool) -> ByteBuffer {
        var metadata: JSONValue = ["resourceVersion": .string(String(revision))]
        if endsInitialEvents { metadata["annotations"] = ["k8s.io/initial-events-end": "true"] }
        switch context.form.transform {
        case .partialMetadata(let version):
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
    static func error(_ status: Status) -> ByteBuffer { frame("ERROR", status.json.bytes) }

    private static func frame(_ type: String, _ object: [UInt8]) -> ByteBuffer {
        var line = ByteBufferAllocator().buffer(capacity: object.count + 32)
        line.writeString("{\"type\":\"\(type)\",\"object\":")
        line.writeBytes(object)
        line.writeString("}\n")
        return line
    }
}
