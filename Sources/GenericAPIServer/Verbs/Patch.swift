import APIMachinery
import HTTPServing

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
                throw PatchDocument.invalidResult(object, "the result is not an object")
            }
            var unknown = try fitType(&object, old: old, dialect: patch.dialect, resource: resource)
            do throws(Status) {
                // What is of another type is not read as this one; validation refuses it.
                if !resource.isCustom || MetadataRules.typeErrors(object, resource).isEmpty {
                    unknown += try resource.strategy.decode(&object)
                }
            } catch {
                throw PatchDocument.invalidResult(object, error.message ?? "")
            }
            // What the object had before is no fault of the patch; only what it adds is told.
            let problems = duplicates + unknown.map { "unknown field \"\($0)\"" }
            if level == .strict, !problems.isEmpty {
                throw PatchDocument.invalidResult(object, "strict decoding error: \(problems.joined(separator: ", "))")
            }
            try ObjectDecoder.report(problems, level: level, resource: resource, context: context)
            try ObjectDecoder.fit(&object, context: context, resource: resource)
            try ObjectDecoder.checkName(object, context)
            return object
        }
        return try await Rendering.outcome(outcome, context: context, resource: resource)
    }

    /// What Go's `encoding/json` calls a value that does not fit.
    private static func goType(_ value: JSONValue) -> String {
        switch value {
        case .int, .double: "number"
        case .bool: "bool"
        default: value.typeName
        }
    }

    /// Reads what a patch has made of `apiVersion` and `kind` as the reference does, which differs from dialect to
    /// dialect: a strategic patch changes a value that has its type already, the others change a document that is read
    /// anew.
    ///
    /// - Returns: members that cannot be read at all.
    private static func fitType(
        _ object: inout JSONValue,
        old: JSONValue,
        dialect: PatchDocument.Dialect,
        resource: ServedResource
    ) throws(Status) -> [String] {
        if dialect == .strategic {
            for field in ["apiVersion", "kind"] { object[field] = old[field] }
            return []
        }
        let kind = object["kind"]?.stringValue ?? ""
        if resource.isCustom {
            for field in ["apiVersion", "kind"] {
                guard let value = object[field], value.stringValue == nil, !value.isNull else { continue }
                throw PatchDocument.invalidResult(
                    object,
                    "couldn't get version/kind; json parse error: json: cannot unmarshal \(goType(value)) into Go struct "
                        + "field .\(field) of type string"
                )
            }
            guard kind.isEmpty else { return [] }
            throw PatchDocument.invalidResult(object, "Object 'Kind' is missing in '\(object.text)'")
        }
        if kind.isEmpty { object["kind"] = old["kind"] }
        let apiVersion = object["apiVersion"]?.stringValue ?? ""
        guard !apiVersion.isEmpty else {
            // Without a version the document is read in the server's own form, in which no member is called as here.
            let members = (object.objectValue ?? [:]).keys.filter { $0 != "kind" && $0 != "apiVersion" }
            object = ["apiVersion": old["apiVersion"] ?? "", "kind": object["kind"] ?? ""]
            return members.sorted()
        }
        guard apiVersion == old["apiVersion"]?.stringValue, object["kind"] == old["kind"] else {
            throw PatchDocument.invalidResult(
                object,
                "no kind \(GoText.quoted(object["kind"]?.stringValue ?? "")) is registered for version "
                    + "\(GoText.quoted(apiVersion)) in scheme \(GoText.quoted("pkg/api/legacyscheme/scheme.go:30"))"
            )
        }
        return []
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
        guard let dialect = Dialect(rawValue: type), dialect != .strategic || !resource.isCustom else {
            guard resource.isCustom else {
                throw Status(
                    code: 415,
                    reason: .unsupportedMediaType,
                    message: "415: Unsupported Media Type",
                    details: Status.Details()
                )
            }
            let list = [Dialect.json, .merge, .apply].map(\.rawValue).joined(separator: ", ")
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
