import APIMachinery
import Synchronization

/// Writes the JSON of a list, made of the stored bytes of its items.
struct ListWriter: Sendable {
    /// Lists above this size are sent piece by piece, so that a client which asks for everything at once costs
    /// the server a piece, not the whole.
    private static let pieceSize = 1 << 20

    private let resource: ServedResource
    private let objects: [CachedObject]
    private let metadata: JSONValue
    private let prefixLength: Int

    init(resource: ServedResource, objects: [CachedObject], metadata: JSONValue) {
        self.resource = resource
        self.objects = objects
        var metadata = metadata
        if resource.isCustom, metadata["continue"] == nil { metadata["continue"] = "" }
        self.metadata = metadata
        prefixLength = DocumentEncoder.prefixLength(
            apiVersion: resource.groupVersion.apiVersion,
            kind: resource.names.kind
        )
    }

    /// The list at once or as a stream, as its size demands.
    func body() throws(Status) -> APIResponse.Body {
        let size = objects.reduce(256) { $0 + $1.bytes.count + 1 }
        if size > 4 * Self.pieceSize { return .stream(stream()) }
        var output: [UInt8] = []
        output.reserveCapacity(size)
        open(&output)
        for index in objects.indices { try append(index, to: &output) }
        close(&output)
        return .bytes(output)
    }

    private func stream() -> StreamingBody {
        let isCancelled = Flag()
        return StreamingBody {
            isCancelled.set()
        } run: { sink in
            var output: [UInt8] = []
            open(&output)
            for index in objects.indices {
                try append(index, to: &output)
                guard output.count >= Self.pieceSize else { continue }
                if isCancelled.isSet { return }
                try await sink.write(output)
                output.removeAll(keepingCapacity: true)
            }
            close(&output)
            try await sink.write(output)
        }
    }

    private func open(_ output: inout [UInt8]) {
        let kind = resource.names.listKind
        let version = resource.groupVersion.apiVersion
        output.append(contentsOf: "{\"kind\":\"\(kind)\",\"apiVersion\":\"\(version)\",\"metadata\":".utf8)
        output.append(contentsOf: metadata.bytes)
        output.append(contentsOf: ",\"items\":[".utf8)
    }

    private func close(_ output: inout [UInt8]) { output.append(contentsOf: "]}\n".utf8) }

    private func append(_ index: Int, to output: inout [UInt8]) throws(Status) {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        let object = objects[index]
        let bytes =
            resource.isStorageForm
            ? object.bytes : DocumentEncoder.bytes(try Rendering.document(object, resource))
        if resource.isCustom {
            output.append(contentsOf: bytes)
        } else {
            // Items of built-in lists carry neither apiVersion nor kind; a comma follows these in the document.
            output.append(UInt8(ascii: "{"))
            output.append(contentsOf: bytes[min(prefixLength + 1, bytes.count - 1)...])
        }
    }
}

/// Something that is set once.
private final class Flag: Sendable {
    private let state = Atomic(false)

    var isSet: Bool { state.load(ordering: .relaxed) }

    func set() { state.store(true, ordering: .relaxed) }
}
