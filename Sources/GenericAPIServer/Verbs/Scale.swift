import APIMachinery
import BuiltInTypes
import HTTPServing
import Schema

/// The number of replicas of an object, seen as `autoscaling/v1 Scale`.
struct ScaleVerbs {
    let resource: ServedResource
    let paths: ScalePaths
    let context: RequestContext

    static func run(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        guard let paths = resource.scale else { throw .notFound(resource.groupResource, name: context.info.name) }
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
        let verbs = ScaleVerbs(resource: resource, paths: paths, context: context)
        switch context.info.verb {
        case "update": return try await verbs.update(writer)
        case "patch": return try await verbs.patch(writer)
        default:
            guard let stored = try await backend.object(at: writer.path) else {
                throw .notFound(resource.groupResource, name: context.info.name)
            }
            let object = try writer.read(stored)
            guard object.value(at: paths.specReplicas) != nil else {
                throw .internalError("the spec replicas field \"\(verbs.field)\" does not exist")
            }
            return try await verbs.answer(object)
        }
    }

    /// The path of the number of replicas, as messages name it.
    private var field: String { "." + paths.specReplicas.joined(separator: ".") }

    private func update(_ writer: ObjectWriter) async throws(Status) -> APIResponse {
        try OptionErrors.check(context, kind: "UpdateOptions")
        let document = try BodyReader.read(context)
        var wanted = document.value
        let unknown: [String]
        do throws(TypedDecoder.Failure) {
            unknown = try decode(&wanted)
        } catch {
            let kind = document.value["kind"]?.stringValue ?? "Scale"
            let version = GroupVersion(apiVersion: document.value["apiVersion"]?.stringValue ?? "")?.version ?? "v1"
            throw .badRequest("\(kind) in version \"\(version)\" cannot be handled as a Scale: \(error.message)")
        }
        try report(document.duplicates + unknown.map { "unknown field \"\($0)\"" })
        try fit(&wanted)
        return try await write(writer, isPatch: false) { [wanted] live, owner throws(Status) in
            let uid = wanted["metadata"]?["uid"]?.stringValue ?? ""
            let own = live["metadata"]?["uid"]?.stringValue ?? ""
            if !uid.isEmpty, uid != own {
                throw .conflict(
                    resource.groupResource,
                    name: context.info.name,
                    "Precondition failed: UID in precondition: \(uid), UID in object meta: \(own)"
                )
            }
            return owner.update(wanted, old: live, manager: context.fieldManager, now: context.now)
        }
    }

    private func patch(_ writer: ObjectWriter) async throws(Status) -> APIResponse {
        let patch = try PatchDocument(context, resource: resource)
        try OptionErrors.checkPatch(context, isApply: patch.dialect == .apply)
        if patch.dialect == .apply {
            let configuration = try ApplyVerb.read(patch, context)
            return try await write(writer, isPatch: true) { live, owner throws(Status) in
                let outcome = try owner.apply(
                    configuration,
                    to: live,
                    manager: context.fieldManager,
                    force: context.query.flag("force"),
                    now: context.now
                )
                return try read(outcome.object, duplicates: [])
            }
        }
        return try await write(writer, isPatch: true) { live, owner throws(Status) in
            let (patched, duplicates) = try patch.apply(to: live, resource: resource)
            let scale = try read(patched, duplicates: duplicates)
            return owner.update(scale, old: live, manager: context.fieldManager, now: context.now)
        }
    }

    /// What a patch has made, as a Scale of the object that the path names.
    private func read(_ patched: JSONValue, duplicates: [String]) throws(Status) -> JSONValue {
        var scale = patched
        let unknown: [String]
        do throws(TypedDecoder.Failure) {
            unknown = try decode(&scale)
        } catch {
            throw PatchDocument.invalidResult(patched, error.message)
        }
        try report(duplicates + unknown.map { "unknown field \"\($0)\"" })
        try fit(&scale)
        return scale
    }

    private func decode(_ scale: inout JSONValue) throws(TypedDecoder.Failure) -> [String] {
        guard scale.objectValue != nil else { throw TypedDecoder.Failure(message: "it is not an object") }
        let apiVersion = scale["apiVersion"]?.stringValue ?? ""
        let kind = scale["kind"]?.stringValue ?? ""
        guard ["", "autoscaling/v1"].contains(apiVersion), ["", "Scale"].contains(kind) else {
            throw TypedDecoder.Failure(
                message: "no kind \(GoText.quoted(kind)) is registered for version \(GoText.quoted(apiVersion))"
            )
        }
        var decoder = TypedDecoder()
        scale = try decoder.decode(scale, as: "Scale")
        scale["apiVersion"] = "autoscaling/v1"
        scale["kind"] = "Scale"
        return decoder.unknown
    }

    private func report(_ problems: [String]) throws(Status) {
        var scale = resource
        scale.names.kind = "Scale"
        try ObjectDecoder.report(problems, level: context.fieldValidation, resource: scale, context: context)
    }

    private func fit(_ scale: inout JSONValue) throws(Status) {
        try ObjectDecoder.fit(&scale, context: context, resource: resource)
        try ObjectDecoder.checkName(scale, context)
    }

    /// Changes the object by way of its scale. Ownership is kept for the scale, and translated.
    private func write(
        _ writer: ObjectWriter,
        isPatch: Bool,
        _ change: (JSONValue, FieldManager) throws(Status) -> JSONValue
    ) async throws(Status) -> APIResponse {
        let outcome = try await writer.update(subresource: "scale", manager: nil, isPatch: isPatch) {
            old throws(Status) in
            guard let old else { throw .notFound(resource.groupResource, name: context.info.name) }
            let ownership = ScaleOwnership(
                apiVersion: resource.groupVersion.apiVersion,
                paths: resource.replicasPaths,
                entries: old.value(at: "metadata", "managedFields")
            )
            var live = scale(of: old)
            if old.value(at: paths.specReplicas) == nil { live.set(.int(Self.unset), at: ["spec", "replicas"]) }
            if let entries = ownership.ofScale { live.set(entries, at: ["metadata", "managedFields"]) }
            let wanted = try change(live, Self.owner)
            let replicas = wanted["spec"]?["replicas"]?.intValue ?? 0
            guard replicas != Self.unset else {
                throw .badRequest("the spec replicas field \"\(field)\" cannot be empty")
            }
            var object = old
            object.set(.int(replicas), at: paths.specReplicas)
            if let version = wanted["metadata"]?["resourceVersion"]?.stringValue, !version.isEmpty {
                object.set(.string(version), at: ["metadata", "resourceVersion"])
            }
            object.set(
                ownership.ofObject(wanted.value(at: "metadata", "managedFields")),
                at: ["metadata", "managedFields"]
            )
            return object
        }
        return try await answer(outcome.object)
    }

    /// Stands for a number that the object does not have.
    private static let unset: Int64 = -2_147_483_648

    private static let owner = FieldManager(
        kind: GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale"),
        subresource: "scale",
        types: ["autoscaling/v1": KindSchema.builtIn("Scale").type]
    )

    // MARK: Answers

    private func scale(of object: JSONValue) -> JSONValue {
        var metadata: JSONValue = .object([:])
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let value = object["metadata"]?[field] { metadata[field] = value }
        }
        var spec: JSONValue = .object([:])
        if let replicas = object.value(at: paths.specReplicas)?.intValue, replicas != 0 {
            spec["replicas"] = .int(replicas)
        }
        var status: JSONValue = ["replicas": .int(object.value(at: paths.statusReplicas)?.intValue ?? 0)]
        if let path = paths.labelSelector, let selector = object.value(at: path)?.stringValue, !selector.isEmpty {
            status["selector"] = .string(selector)
        }
        return ["kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status]
    }

    private func answer(_ object: JSONValue) async throws(Status) -> APIResponse {
        var about = resource
        about.columns = Self.columns
        return try await Rendering.object(scale(of: object), context: context, resource: about)
    }

    private static let columns: [PrinterColumn] = [
        PrinterColumn(
            name: "Desired",
            type: "integer",
            description: "Number of desired replicas",
            jsonPath: ".spec.replicas"
        ),
        PrinterColumn(
            name: "Available",
            type: "integer",
            description: "Number of actual replicas",
            jsonPath: ".status.replicas"
        ),
        TableWriter.ageColumn,
    ]
}
