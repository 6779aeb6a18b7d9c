package import APIMachinery

/// Makes a request's body an object of the resource it was sent to.
package enum ObjectDecoder {
    /// Reads, checks and defaults the body of a create or an update.
    package static func decode(_ context: RequestContext, resource: ServedResource) throws(Status) -> JSONValue {
        let level = try context.fieldValidation
        let document = try BodyReader.read(context)
        var object = document.value
        guard object.objectValue != nil else {
            throw .badRequest("the body must be an object of kind \(resource.names.kind), not \(object.typeName)")
        }
        try checkType(&object, resource: resource)
        let unknown = try resource.strategy.decode(&object)
        try report(
            document.duplicates + unknown.map { "unknown field \"\($0)\"" },
            level: level,
            resource: resource,
            context: context
        )
        return object
    }

    /// As many fields as are reported, as in Kubernetes' JSON decoder.
    private static let mostReported = 100

    /// Refuses what strict reading refuses, or warns of it.
    package static func report(
        _ all: [String],
        level: FieldValidation,
        resource: ServedResource,
        context: RequestContext
    ) throws(Status) {
        guard !all.isEmpty else { return }
        let problems = all.prefix(mostReported)
        switch level {
        case .ignore: break
        case .warn: for problem in problems { context.warn(problem) }
        case .strict:
            let kind = resource.names.kind
            throw .badRequest(
                "\(kind) in version \"\(resource.version)\" cannot be handled as a \(kind): strict decoding error: "
                    + problems.joined(separator: ", ")
            )
        }
    }

    /// Checks that apiVersion and kind are those of the path.
    static func checkType(_ object: inout JSONValue, resource: ServedResource) throws(Status) {
        let expected = resource.groupVersion.apiVersion
        let apiVersion = object["apiVersion"]?.stringValue ?? ""
        let kind = object["kind"]?.stringValue ?? ""
        if !resource.isCustom {
            // Built-in kinds are read by their path; a body may leave its type out.
            guard apiVersion.isEmpty || apiVersion == expected, kind.isEmpty || kind == resource.names.kind else {
                throw .badRequest(
                    "\(kind) in version \"\(apiVersion)\" cannot be handled as a \(resource.names.kind): no kind "
                        + "\"\(kind)\" is registered for version \"\(apiVersion)\" in scheme"
                )
            }
            object["apiVersion"] = .string(expected)
            object["kind"] = .string(resource.names.kind)
            return
        }
        if kind.isEmpty {
            throw .badRequest("Object 'Kind' is missing in '\(object.text)'")
        }
        guard apiVersion == expected else {
            throw .badRequest(
                "the API version in the data (\(apiVersion)) does not match the expected API version (\(expected))"
            )
        }
    }

    /// Holds an object's name against the path.
    static func checkName(_ object: JSONValue, _ context: RequestContext) throws(Status) {
        let name = Unstructured(object).name
        let expected = context.info.name
        guard !name.isEmpty else {
            throw .badRequest(
                "the name of the object (\(expected) based on URL) was undeterminable: name must be provided"
            )
        }
        guard name == expected else {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(expected))")
        }
    }

    /// Holds an object's namespace against the path, and fills it in.
    package static func fit(_ object: inout JSONValue, context: RequestContext, resource: ServedResource) throws(Status)
    {
        var typed = Unstructured(object)
        if resource.isNamespaced {
            let namespace = typed.namespace
            guard namespace.isEmpty || namespace == context.info.namespace else {
                throw .badRequest(
                    "the namespace of the provided object does not match the namespace sent on the request"
                )
            }
            typed.json.set(.string(context.info.namespace), at: ["metadata", "namespace"])
        } else if typed.metadata("namespace") != nil {
            typed.json.set(nil, at: ["metadata", "namespace"])
        }
        object = typed.json
    }
}
