import APIMachinery
import GenericAPIServer
import Storage

/// The objects of a resource in a version in which they are not stored, converted by a webhook on the way in and out.
struct ConvertedBackend: ResourceBackend, ObjectConverter {
    let stored: WatchCache
    let webhook: ConversionWebhook
    /// The version that is served.
    let apiVersion: String
    let storage: CustomResourceStrategy

    var revision: Int64 { stored.revision }

    var converter: (any ObjectConverter)? { self }

    func tick(now: Timestamp) { stored.tick(now: now) }

    /// Objects of the cache in the served version. One request converts them all.
    func convert(_ objects: [CachedObject]) async throws(Status) -> [CachedObject] {
        if objects.isEmpty { return [] }
        var documents: [JSONValue] = []
        for object in objects { documents.append(try object.document()) }
        let converted = try await webhook.convert(documents, to: apiVersion)
        return zip(objects, converted).map { object, document in
            CachedObject(
                path: object.path,
                revision: object.revision,
                bytes: DocumentEncoder.bytes(document),
                document: document,
                fields: object.fields
            )
        }
    }

    func object(at path: String) async throws(Status) -> CachedObject? {
        guard let object = try await stored.object(at: path) else { return nil }
        return try await convert([object]).first
    }

    func page(_ request: PageRequest) async throws(Status) -> Page {
        var page = try await stored.page(request)
        page.objects = try await convert(page.objects)
        return page
    }

    /// The watcher gets objects as they are stored; whoever writes them out converts them.
    func watch(_ watcher: Watcher, after revision: Int64?) async throws(Status) -> WatchStart {
        try await stored.watch(watcher, after: revision)
    }

    func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange {
        guard var document = write.attachment as? JSONValue else {
            throw ObjectStoreError(.refused, "the write has no document to convert")
        }
        let storageVersion = document["apiVersion"]?.stringValue ?? ""
        document["apiVersion"] = .string(apiVersion)
        do throws(Status) {
            document = try await webhook.convert([document], to: storageVersion)[0]
        } catch {
            throw ObjectStoreError(error)
        }
        storage.fromStorage(&document)
        var write = write
        write.document = DocumentEncoder.encode(document)
        write.attachment = document
        return try await stored.commit(write)
    }
}
