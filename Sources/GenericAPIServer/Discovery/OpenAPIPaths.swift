import APIMachinery

/// The paths of OpenAPI documents: which requests there are, which kind each is about, which options it takes.
struct OpenAPIPaths {
    let dialect: OpenAPISchemas.Dialect
    private(set) var paths: JSONObject = [:]

    init(_ dialect: OpenAPISchemas.Dialect) { self.dialect = dialect }

    mutating func add(_ resource: ServedResource) {
        let base = resource.groupVersion.path
        let plural = resource.names.plural
        let collection = resource.isNamespaced ? "\(base)/namespaces/{namespace}/\(plural)" : "\(base)/\(plural)"
        var operations = operations(resource, isCollection: true)
        if !operations.isEmpty { paths[collection] = item(operations, resource, hasName: false) }
        if resource.isNamespaced, resource.verbs.contains("list") {
            let list: [(String, String)] = [("get", "list")]
            paths["\(base)/\(plural)"] = item(list, resource, hasName: false, isEverywhere: true)
        }
        operations = self.operations(resource, isCollection: false)
        if !operations.isEmpty { paths["\(collection)/{name}"] = item(operations, resource, hasName: true) }
        for subresource in resource.subresources {
            let methods: [(String, String)] = subresource.verbs.map { verb in
                switch verb {
                case "update": ("put", "put")
                case "create": ("post", "post")
                default: (verb, verb)
                }
            }
            paths["\(collection)/{name}/\(subresource.name)"] = item(
                methods,
                resource,
                hasName: true,
                subresource: subresource
            )
        }
    }

    /// Methods, and what Kubernetes calls the action.
    private func operations(_ resource: ServedResource, isCollection: Bool) -> [(String, String)] {
        let table: [(verb: String, method: String, action: String)] =
            isCollection
            ? [("list", "get", "list"), ("create", "post", "post"), ("deletecollection", "delete", "deletecollection")]
            : [
                ("get", "get", "get"), ("update", "put", "put"), ("patch", "patch", "patch"),
                ("delete", "delete", "delete"),
            ]
        return table.filter { resource.verbs.contains($0.verb) }.map { ($0.method, $0.action) }
    }

    private func item(
        _ operations: [(String, String)],
        _ resource: ServedResource,
        hasName: Bool,
        isEverywhere: Bool = false,
        subresource: ServedResource.Subresource? = nil
    ) -> JSONValue {
        var item: JSONValue = .object([:])
        var shared: [JSONValue] = []
        if hasName { shared.append(parameter("name", in: "path")) }
        if resource.isNamespaced, !isEverywhere { shared.append(parameter("namespace", in: "path")) }
        shared.append(parameter("pretty", in: "query"))
        var described: [(method: String, operation: JSONValue)] = operations.map { method, action in
            let name = OpenAPIOperation(
                action: action,
                resource: resource,
                subresource: subresource?.name ?? "",
                isEverywhere: isEverywhere
            )
            return (method, operation(name, subresource?.kind))
        }
        shared += Self.takeCommonParameters(of: &described)
        item["parameters"] = .array(shared.sorted { Self.name($0) < Self.name($1) })
        for (method, operation) in described { item[method] = operation }
        return item
    }

    /// Takes the options that all operations of a path have out of them: they are stated once, for the path.
    private static func takeCommonParameters(of operations: inout [(method: String, operation: JSONValue)])
        -> [JSONValue]
    {
        func parameters(_ operation: JSONValue) -> [JSONValue] { operation["parameters"]?.arrayValue ?? [] }
        guard let first = operations.first?.operation else { return [] }
        let common = parameters(first).filter { parameter in
            parameter["in"] != "body" && operations.allSatisfy { parameters($0.operation).contains(parameter) }
        }
        for index in operations.indices {
            let own = parameters(operations[index].operation).filter { !common.contains($0) }
            let sorted = own.sorted { name($0) < name($1) }
            operations[index].operation["parameters"] = sorted.isEmpty ? nil : .array(sorted)
        }
        return common
    }

    private static func name(_ parameter: JSONValue) -> String { parameter["name"]?.stringValue ?? "" }

    private func operation(_ about: OpenAPIOperation, _ kind: GroupVersionKind?) -> JSONValue {
        let schemas = OpenAPISchemas(dialect)
        let (action, resource) = (about.action, about.resource)
        let name = kind.flatMap { OpenAPISchemas.name(ofKind: $0) } ?? OpenAPISchemas.name(of: resource)
        let answer: JSONValue =
            switch action {
            case "list": schemas.reference(name + "List")
            case "delete" where about.answersObject: schemas.reference(name)
            case "delete", "deletecollection": schemas.reference("\(OpenAPISchemas.metaPackage).Status")
            default:
                resource.subresource(about.subresource)?.isText == true
                    ? ["type": "string"] : schemas.reference(name)
            }
        var operation: JSONValue = [
            "description": .string(about.description), "operationId": .string(about.identifier),
            "tags": [.string(about.tag)], "x-kubernetes-action": .string(action),
            "x-kubernetes-group-version-kind": OpenAPISchemas.kind(
                resource.isCustom ? resource.groupVersionKind : kind ?? resource.groupVersionKind
            ),
            "responses": responses(action, answer, resource),
        ]
        if dialect == .v2 { operation["schemes"] = ["https"] }
        var parameters = options(of: action, resource)
        let types = bodyTypes(action, resource)
        // A deletion needs no options.
        let isDeletion = action.hasPrefix("delete")
        if dialect == .v2 {
            if !types.isEmpty {
                operation["consumes"] = .array(types.map(JSONValue.string))
                var parameter: JSONValue = ["name": "body", "in": "body", "schema": body(action, name, schemas)]
                if !isDeletion { parameter["required"] = true }
                parameters.append(parameter)
            }
        } else if !types.isEmpty {
            let schema: JSONValue = ["schema": body(action, name, schemas)]
            var content: JSONValue = .object([:])
            for type in types { content[type] = schema }
            operation["requestBody"] = ["content": content]
            if !isDeletion { operation.set(true, at: ["requestBody", "required"]) }
        }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        return operation
    }

    /// The options that a request takes in its address.
    private func options(of action: String, _ resource: ServedResource) -> [JSONValue] {
        func text(_ names: String...) -> [JSONValue] { names.map { parameter($0, in: "query") } }
        func flags(_ names: String...) -> [JSONValue] {
            names.map { parameter($0, in: "query", type: "boolean") }
        }
        let writing = text("dryRun", "fieldManager", "fieldValidation")
        let deleting =
            text("dryRun", "propagationPolicy") + [parameter("gracePeriodSeconds", in: "query", type: "integer")]
            + flags("ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents")
        let watching = flags("allowWatchBookmarks", "watch")
        switch action {
        case "post", "put": return writing
        case "patch": return writing + flags("force")
        case "delete": return deleting
        // The extensions server documents a deletion of many objects as a list.
        case "deletecollection": return listParameters + (resource.isCustom ? watching : deleting)
        case "list": return listParameters + watching
        case "get" where resource.isCustom: return text("resourceVersion")
        default: return []
        }
    }

    private var listParameters: [JSONValue] {
        ["continue", "fieldSelector", "labelSelector", "resourceVersion", "resourceVersionMatch"]
            .map { parameter($0, in: "query") }
            + ["limit", "timeoutSeconds"].map { parameter($0, in: "query", type: "integer") }
            + [parameter("sendInitialEvents", in: "query", type: "boolean")]
    }

    private func bodyTypes(_ action: String, _ resource: ServedResource) -> [String] {
        switch action {
        case "deletecollection" where resource.isCustom: return []
        case "post", "put", "delete", "deletecollection":
            return resource.isCustom ? ["application/json", "application/yaml"] : ["*/*"]
        case "patch":
            let types = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
            return resource.isCustom ? types : types + ["application/strategic-merge-patch+json"]
        default: return []
        }
    }

    private func body(_ action: String, _ name: String, _ schemas: OpenAPISchemas) -> JSONValue {
        switch action {
        case "patch": schemas.reference("\(OpenAPISchemas.metaPackage).Patch")
        case "delete", "deletecollection": schemas.reference("\(OpenAPISchemas.metaPackage).DeleteOptions")
        default: schemas.reference(name)
        }
    }

    /// What an operation can answer. Deletions answer a Status, as a rule.
    private func responses(_ action: String, _ schema: JSONValue, _ resource: ServedResource) -> JSONValue {
        var codes: [(String, String)] = [("200", "OK")]
        switch action {
        case "post": codes += [("201", "Created"), ("202", "Accepted")]
        case "put": codes.append(("201", "Created"))
        case "patch" where !resource.isCustom: codes.append(("201", "Created"))
        case "delete": codes.append(("202", "Accepted"))
        default: break
        }
        var responses: JSONValue = ["401": ["description": "Unauthorized"]]
        for (code, words) in codes { responses[code] = response(schema, words, resource) }
        return responses
    }

    private func response(_ schema: JSONValue, _ description: String, _ resource: ServedResource) -> JSONValue {
        if dialect == .v2 { return ["description": .string(description), "schema": schema] }
        var types = ["application/json", "application/yaml"]
        if !resource.isCustom { types.append("application/vnd.kubernetes.protobuf") }
        var content: JSONValue = .object([:])
        for type in types { content[type] = ["schema": schema] }
        return ["description": .string(description), "content": content]
    }

    private func parameter(_ name: String, in place: String, type: String = "string") -> JSONValue {
        var parameter: JSONValue = ["name": .string(name), "in": .string(place)]
        if place == "path" { parameter["required"] = true }
        if dialect == .v2 {
            parameter["type"] = .string(type)
            parameter["uniqueItems"] = true
        } else {
            parameter["schema"] = ["type": .string(type), "uniqueItems": true]
        }
        return parameter
    }
}
