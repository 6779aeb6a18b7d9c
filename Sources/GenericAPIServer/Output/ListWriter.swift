import APIMachinery
import HTTPServing
import Synchronization

/// Writes the JSON of a list item by item: of stored bytes where these are sent as they are, of rows or reduced
/// objects where those are asked for.
struct ListWriter: Sendable {
    /// Lists above this size are sent piece by piece, so that a client which asks for everything at once costs
    /// the server a piece, not the whole.
    private static let largeSize = 1 << 20
    private static let pieceSize = 256 << 10

    private enum Item: Sendable {
        /// An object as a client gets it alone, or without apiVersion and kind.
        case object(prefixLength: Int?)
        case row(TableWriter)
        case partialMetadata(version: String)
    }

    private let resource: ServedResource
    private var objects: [CachedObject]
    private let item: Item
    private let opening: [UInt8]

    init(
        resource: ServedResource,
        objects: [CachedObject],
        metadata: JSONValue,
        context: RequestContext
    ) throws(Status) {
        self.resource = resource
        self.objects = objects
        switch context.form.transform {
        case .none:
            var metadata = metadata
            if resource.isCustom, metadata["continue"] == nil { metadata["continue"] = "" }
            let version = resource.groupVersion.apiVersion
            opening = Self.opening(resource.names.listKind, version, metadata, "\"items\":[")
            // Items of built-in lists carry neither apiVersion nor kind.
            let prefix = DocumentEncoder.prefixLength(apiVersion: version, kind: resource.names.kind)
            item = .object(prefixLength: resource.isCustom ? nil : prefix)
        case .table(let version):
            let table = try TableWriter(resource: resource, context: context, version: version)
            let columns = String(decoding: table.columnDefinitions.bytes, as: UTF8.self)
            let rest = "\"columnDefinitions\":\(columns),\"rows\":["
            opening = Self.opening("Table", "meta.k8s.io/\(version)", metadata, rest)
            item = .row(table)
        case .partialMetadataList(let version):
            opening = Self.opening("PartialObjectMetadataList", "meta.k8s.io/\(version)", metadata, "\"items\":[")
            item = .partialMetadata(version: version)
        case .partialMetadata, .groupDiscovery: throw Negotiation.notAcceptable
        }
    }

    /// Whether the list is too large to be put together before it is sent.
    var isLarge: Bool { size > Self.largeSize }

    private var size: Int { objects.reduce(256) { $0 + $1.bytes.count + 1 } }

    /// The list at once or as a stream, as its size demands.
    func body() throws(Status) -> APIResponse.Body {
        let size = size
        if size > Self.largeSize { return .stream(stream()) }
        var output = opening
        output.reserveCapacity(size)
        for (index, object) in objects.enumerated() { try append(object, isFirst: index == 0, to: &output) }
        output.append(contentsOf: Self.closing)
        return .bytes(output)
    }

    /// The list as a stream, and after its own objects those of further pages. A page that cannot be had cuts the
    /// answer off, so that nobody takes it for whole.
    func stream(
        then rest: PageRequest? = nil,
        page: (@Sendable (PageRequest) async throws -> Page)? = nil
    ) -> StreamingBody {
        let isCancelled = Flag()
        var body = StreamingBody {
            isCancelled.set()
        } run: { sink in
            var writer = self
            var request = rest
            var output = opening
            var isFirst = true
            while true {
                for object in writer.objects {
                    try append(object, isFirst: isFirst, to: &output)
                    isFirst = false
                    guard output.count >= Self.pieceSize else { continue }
                    if isCancelled.isSet { return }
                    try await sink.write(output)
                    output.removeAll(keepingCapacity: true)
                }
                guard let wanted = request, let page, !isCancelled.isSet else { break }
                let next = try await page(wanted)
                writer.objects = next.objects
                request = next.next.map { start in
                    var request = wanted
                    request.start = start
                    return request
                }
            }
            output.append(contentsOf: Self.closing)
            try await sink.write(output)
        }
        body.isCompressible = true
        return body
    }

    private static let closing = Array("]}\n".utf8)

    private static func opening(_ kind: String, _ version: String, _ metadata: JSONValue, _ rest: String) -> [UInt8] {
        var output = Array("{\"kind\":\"\(kind)\",\"apiVersion\":\"\(version)\",\"metadata\":".utf8)
        output.append(contentsOf: metadata.bytes)
        output.append(UInt8(ascii: ","))
        output.append(contentsOf: rest.utf8)
        return output
    }

    private func append(_ object: CachedObject, isFirst: Bool, to output: inout [UInt8]) throws(Status) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        switch item {
        case .object(let prefixLength):
            let bytes =
                resource.isStorageForm
                ? object.bytes : DocumentEncoder.bytes(try Rendering.document(object, resource))
            guard let prefixLength else {
                output.append(contentsOf: bytes)
                break
            }
            // A comma follows apiVersion and kind in the document.
            output.append(UInt8(ascii: "{"))
            output.append(contentsOf: bytes[min(prefixLength + 1, bytes.count - 1)...])
        case .row(let table):
            output.append(contentsOf: table.row(try Rendering.document(object, resource)).bytes)
        case .partialMetadata(let version):
            let document = try Rendering.document(object, resource)
            output.append(contentsOf: PartialMetadata.of(document, version: version).bytes)
        }
    }
}

/// Something that is set once.
private final class Flag: Sendable {
    private let state = Atomic(false)

    var isSet: Bool { state.load(ordering: .relaxed) }

    func set() { state.store(true, ordering: .relaxed) }
}
