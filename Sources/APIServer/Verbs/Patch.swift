import APIMachinery

/// PATCH on an object or on its status.
enum PatchVerb {
    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        let patch = try PatchDocument(context, resource: resource)
        try OptionErrors.checkPatch(context, isApply: patch.dialect == .apply)
        if patch.dialect == .apply { return try await ApplyVerb.run(core, resource, backend, context, patch) }
        let level = try context.fieldValidation
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
        let owner = FieldOwner(manager: context.fieldManager, subresource: context.info.subresource, now: context.now)
        let outcome = try await writer.update(
            subresource: context.info.subresource,
            manager: owner,
            isPatch: true
        ) { old throws(Status) in
            guard let old else { throw .notFound(resource.groupResource, name: context.info.name) }
            var (object, duplicates) = try patch.apply(to: old, resource: resource)
            guard object.objectValue != nil else {
                throw PatchDocument.invalidResult(object, "the result is no object")
            }
            try checkIdentity(object, old: old, resource: resource)
            let unknown: [String]
            do throws(Status) {
                unknown = try resource.strategy.decode(&object)
            } catch {
                throw PatchDocument.invalidResult(object, error.message ?? "")
            }
            // What the object had before is no fault of the patch; only what it adds is told.
            let problems = duplicates + unknown.map { "unknown field \"\($0)\"" }
            if level == .strict, !problems.isEmpty {
                throw PatchDocument.invalidResult(object, "strict decoding error: \(problems.joined(separator: ", "))")
            }
            try ObjectDecoder.report(problems, level: level, resource: resource, context: context)
            return object
        }
        return try await Rendering.outcome(outcome, context: context, resource: resource)
    }

    /// A patch may not make the object another one.
    private static func checkIdentity(_ object: JSONValue, old: JSONValue, resource: ServedResource) throws(Status) {
        let before = Unstructured(old)
        let after = Unstructured(object)
        if after.apiVersion != before.apiVersion || after.kind != before.kind {
            if resource.isCustom, after.kind == before.kind || after.apiVersion == before.apiVersion,
                !after.kind.isEmpty
            {
                if after.kind != before.kind { return }
                throw .badRequest(
                    "the API version in the data (\(after.apiVersion)) does not match the expected API version "
                        + "(\(before.apiVersion))"
                )
            }
            throw .badRequest("a patch may not change apiVersion or kind")
        }
        if after.name != before.name {
            throw .badRequest(
                "the name of the object (\(after.name)) does not match the name on the URL (\(before.name))"
            )
        }
        if after.namespace != before.namespace, !before.namespace.isEmpty {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
    }
}

/// A patch as it came, in one of its dialects.
struct PatchDocument: Sendable {
    enum Dialect: String, Sendable {
        case json = "application/json-patch+json"
        case merge = "application/merge-patch+json"
        case strategic = "application/strategic-merge-patch+json"
        case apply = "application/apply-patch+yaml"
    }

    let dialect: Dialect
    let bytes: [UInt8]

    init(_ context: RequestContext, resource: ServedResource) throws(Status) {
        let type = BodyReader.mediaType(context.request.headers["content-type"])
        let isStrategicOffered = !resource.isCustom
        guard let dialect = Dialect(rawValue: type), dialect != .strategic || isStrategicOffered else {
            var accepted = [Dialect.json, .merge]
            if isStrategicOffered { accepted.append(.strategic) }
            accepted.append(.apply)
            let list = accepted.map(\.rawValue).joined(separator: ", ")
            throw .unsupportedMediaType(
                "the body of the request was in an unknown format - accepted media types include: \(list)"
            )
        }
        self.dialect = dialect
        bytes = context.request.body
    }

    /// The object after the patch, and the members that the patch has twice.
    func apply(to object: JSONValue, resource: ServedResource) throws(Status) -> (
        object: JSONValue, duplicates: [String]
    ) {
        do throws(PatchError) {
            let outcome =
                switch dialect {
                case .json: try Patch.json(bytes, to: object)
                case .merge: try Patch.merge(bytes, into: object)
                case .strategic:
                    try Patch.strategic(
                        bytes,
                        to: object,
                        schema: StrategicMergeSchema.builtIn(group: resource.group, kind: resource.names.kind) ?? .plain
                    )
                case .apply: Patch.Outcome(result: object)
                }
            return (outcome.result, outcome.duplicates)
        } catch {
            throw Self.status(error)
        }
    }

    private static func status(_ error: PatchError) -> Status {
        switch error.code {
        case 400: return .badRequest(error.message)
        case 413: return .tooLarge(error.message)
        case 422:
            // So the reference words it, and says no more.
            return Status(
                code: 422,
                reason: .invalid,
                message: "the server rejected our request due to an error in our request",
                details: Status.Details()
            )
        default: return Status(code: error.code, reason: nil, message: error.message)
        }
    }

    /// The 422 of a patch whose result cannot be read as the kind.
    static func invalidResult(_ object: JSONValue, _ detail: String) -> Status {
        var status = Status.invalid(
            group: "",
            kind: "",
            name: "",
            errors: [.invalid(FieldPath("patch"), .string(object.text), detail)]
        )
        status.details?.kind = nil
        return status
    }
}
