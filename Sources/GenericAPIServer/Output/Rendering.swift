package import APIMachinery
package import HTTPServing

/// Makes answers of objects, in the form that the client asked for.
package enum Rendering {
    // MARK: Single objects

    /// A stored object. Its bytes are sent as they are where the client wants them so.
    package static func cached(
        _ object: CachedObject,
        context: RequestContext,
        resource: ServedResource,
        status: Int = 200
    ) async throws(Status) -> APIResponse {
        if context.form == OutputForm(), resource.isStorageForm {
            return answer(object.bytes, status: status, context: context)
        }
        return try await self.object(
            try document(object, resource),
            context: context,
            resource: resource,
            status: status
        )
    }

    /// What a write left behind.
    package static func outcome(
        _ outcome: ObjectWriter.Outcome,
        context: RequestContext,
        resource: ServedResource
    ) async throws(Status) -> APIResponse {
        let status = outcome.isCreated ? 201 : 200
        if let bytes = outcome.bytes, context.form == OutputForm(), resource.isStorageForm {
            return answer(bytes, status: status, context: context)
        }
        return try await object(outcome.object, context: context, resource: resource, status: status)
    }

    /// An object of the request's version.
    package static func object(
        _ object: JSONValue,
        context: RequestContext,
        resource: ServedResource,
        status: Int = 200
    ) async throws(Status) -> APIResponse {
        switch context.form.transform {
        case .none: return encode(object, status: status, context: context)
        case .table(let version):
            var table = try TableWriter(resource: resource, context: context, version: version)
            table.add(object)
            let metadata: JSONValue = ["resourceVersion": object["metadata"]?["resourceVersion"] ?? ""]
            return encode(table.finish(metadata: metadata), status: status, context: context)
        case .partialMetadata(let version):
            return encode(PartialMetadata.of(object, version: version), status: status, context: context)
        case .partialMetadataList: throw Status(code: 500, reason: nil, message: "content is not a list")
        case .groupDiscovery: throw Negotiation.notAcceptable
        }
    }

    /// A stored object in the request's version.
    package static func document(_ object: CachedObject, _ resource: ServedResource) throws(Status) -> JSONValue {
        var document = try object.document()
        if !resource.isStorageForm {
            resource.strategy.fromStorage(&document)
            document["apiVersion"] = .string(resource.groupVersion.apiVersion)
        }
        return document
    }

    // MARK: Lists

    /// A page of stored objects.
    package static func list(
        _ page: Page,
        continue token: String?,
        context: RequestContext,
        resource: ServedResource
    ) async throws(Status) -> APIResponse {
        var metadata: JSONValue = ["resourceVersion": .string(String(page.revision))]
        if let token {
            metadata["continue"] = .string(token)
        }
        // Without a token it is the whole list, or one of which the rest is only counted.
        if let remaining = page.remaining, token != nil || page.next == nil, remaining > 0 {
            metadata["remainingItemCount"] = .int(Int64(remaining))
        }
        let writer = try ListWriter(
            resource: resource,
            objects: page.objects,
            metadata: metadata,
            context: context
        )
        // A large list is never indented. As YAML it is sent as JSON, which is YAML too.
        if context.form.encoding == .json && !context.form.isPretty || writer.isLarge {
            return APIResponse(contentType: context.form.contentType, body: try writer.body())
        }
        var documents: [JSONValue] = []
        documents.reserveCapacity(page.objects.count)
        for object in page.objects { documents.append(try document(object, resource)) }
        return try list(documents, metadata: metadata, context: context, resource: resource)
    }

    /// A list of which only a page is in memory at a time: the first one and, while it is being sent, those that
    /// `rest` asks for.
    package static func stream(
        _ first: Page,
        then rest: PageRequest,
        of backend: any ResourceBackend,
        context: RequestContext,
        resource: ServedResource
    ) throws(Status) -> APIResponse {
        let writer = try ListWriter(
            resource: resource,
            objects: first.objects,
            metadata: ["resourceVersion": .string(String(first.revision))],
            context: context
        )
        return APIResponse(
            contentType: context.form.contentType,
            body: .stream(writer.stream(then: rest) { try await backend.page($0) })
        )
    }

    /// All of a computed resource.
    package static func list(
        computed objects: [JSONValue],
        context: RequestContext,
        resource: ServedResource
    ) async throws(Status) -> APIResponse {
        try list(objects, metadata: .object([:]), context: context, resource: resource)
    }

    private static func list(
        _ objects: [JSONValue],
        metadata: JSONValue,
        context: RequestContext,
        resource: ServedResource
    ) throws(Status) -> APIResponse {
        switch context.form.transform {
        case .none:
            var items = objects
            if !resource.isCustom {
                for index in items.indices {
                    items[index]["apiVersion"] = nil
                    items[index]["kind"] = nil
                }
            }
            var metadata = metadata
            if resource.isCustom, metadata["continue"] == nil { metadata["continue"] = "" }
            let list: JSONValue = [
                "apiVersion": .string(resource.groupVersion.apiVersion), "kind": .string(resource.names.listKind),
                "metadata": metadata, "items": .array(items),
            ]
            return encode(list, status: 200, context: context)
        case .table(let version):
            var table = try TableWriter(resource: resource, context: context, version: version)
            for object in objects { table.add(object) }
            return encode(table.finish(metadata: metadata), status: 200, context: context)
        case .partialMetadataList(let version):
            let list: JSONValue = [
                "apiVersion": .string("meta.k8s.io/\(version)"), "kind": "PartialObjectMetadataList",
                "metadata": metadata,
                "items": .array(objects.map { PartialMetadata.of($0, version: version) }),
            ]
            return encode(list, status: 200, context: context)
        case .partialMetadata, .groupDiscovery: throw Negotiation.notAcceptable
        }
    }

    // MARK: Encoding

    /// A failure. It comes in the client's encoding, but is never made a table.
    package static func status(_ status: Status, form: OutputForm?, warnings: [String] = []) -> APIResponse {
        var json = status.json
        if status.details == nil, status.code == 404 || status.code == 405, status.status != "Success" {
            json["details"] = .object([:])
        }
        var response = encode(json, status: status.code, form: form ?? OutputForm())
        if let seconds = status.details?.retryAfterSeconds { response.headers.append(("Retry-After", String(seconds))) }
        addWarnings(warnings, to: &response)
        return response
    }

    /// A document in the client's encoding.
    package static func encode(_ value: JSONValue, status: Int, context: RequestContext) -> APIResponse {
        encode(value, status: status, form: context.form)
    }

    package static func encode(_ value: JSONValue, status: Int, form: OutputForm) -> APIResponse {
        switch form.encoding {
        case .yaml:
            return APIResponse(status: status, contentType: form.contentType, body: .bytes(YAMLText.write(value)))
        case .json:
            let bytes = form.isPretty ? Array(value.prettyText().utf8) : value.bytes + [0x0A]
            return APIResponse(status: status, contentType: form.contentType, body: .bytes(bytes))
        }
    }

    private static func answer(_ bytes: [UInt8], status: Int, context: RequestContext) -> APIResponse {
        APIResponse(status: status, contentType: "application/json", body: .bytes(bytes))
    }

    /// Warnings as RFC 7234 writes them: code, agent, quoted text.
    static func addWarnings(_ warnings: [String], to response: inout APIResponse) {
        for text in warnings {
            var quoted = ""
            for character in text.unicodeScalars {
                switch character {
                case "\\", "\"": quoted += "\\\(character)"
                // A header has no control characters; with one in it, the whole answer could not be sent.
                case _ where character.properties.generalCategory == .control: quoted += " "
                default: quoted.unicodeScalars.append(character)
                }
            }
            response.headers.append(("Warning", "299 - \"\(quoted)\""))
        }
    }
}

/// Objects reduced to their metadata.
enum PartialMetadata {
    static func of(_ object: JSONValue, version: String) -> JSONValue {
        [
            "apiVersion": .string("meta.k8s.io/\(version)"), "kind": "PartialObjectMetadata",
            "metadata": object["metadata"] ?? .object([:]),
        ]
    }
}
