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
            var about = resource
            about.names.kind = subresource.kind?.kind ?? resource.names.kind
            paths["\(collection)/{name}/\(subresource.name)"] = item(
                methods,
                resource,
                hasName: true,
                kind: subresource.kind
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
        kind: GroupVersionKind? = nil
    ) -> JSONValue {
        var item: JSONValue = .object([:])
        var shared: [JSONValue] = []
        if hasName { shared.append(parameter("name", in: "path")) }
        if resource.isNamespaced, !isEverywhere { shared.append(parameter("namespace", in: "path")) }
        shared.append(parameter("pretty", in: "query"))
        item["parameters"] = .array(shared)
        for (method, action) in operations {
            item[method] = operation(action, resource, kind: kind ?? resource.groupVersionKind)
        }
        return item
    }

    private func operation(_ action: String, _ resource: ServedResource, kind: GroupVersionKind) -> JSONValue {
        let schemas = OpenAPISchemas(dialect)
        let name = OpenAPISchemas.name(of: resource)
        let answer = schemas.reference(action == "list" ? name + "List" : name)
        var operation: JSONValue = [
            "x-kubernetes-action": .string(action),
            "x-kubernetes-group-version-kind": OpenAPISchemas.kind(kind),
            "responses": responses(action, answer, resource),
        ]
        var parameters: [JSONValue] = []
        switch action {
        case "post", "put", "patch":
            for option in ["dryRun", "fieldManager", "fieldValidation"] {
                parameters.append(parameter(option, in: "query"))
            }
            if action == "patch" { parameters.append(parameter("force", in: "query", type: "boolean")) }
        case "delete", "deletecollection":
            for option in ["dryRun", "propagationPolicy"] { parameters.append(parameter(option, in: "query")) }
            parameters.append(parameter("gracePeriodSeconds", in: "query", type: "integer"))
        case "list":
            for option in ["continue", "fieldSelector", "labelSelector", "resourceVersion", "resourceVersionMatch"] {
                parameters.append(parameter(option, in: "query"))
            }
            for option in ["limit", "timeoutSeconds"] {
                parameters.append(parameter(option, in: "query", type: "integer"))
            }
            parameters.append(parameter("watch", in: "query", type: "boolean"))
        default: break
        }
        let types = bodyTypes(action, resource)
        if dialect == .v2 {
            if !types.isEmpty {
                operation["consumes"] = .array(types.map(JSONValue.string))
                parameters.append([
                    "name": "body", "in": "body", "required": true, "schema": body(action, name, schemas),
                ])
            }
        } else if !types.isEmpty {
            let schema: JSONValue = ["schema": body(action, name, schemas)]
            var content: JSONValue = .object([:])
            for type in types { content[type] = schema }
            operation["requestBody"] = ["content": content, "required": true]
        }
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        return operation
    }

    private func bodyTypes(_ action: String, _ resource: ServedResource) -> [String] {
        switch action {
        case "post", "put": return resource.isCustom ? ["application/json", "application/yaml"] : ["*/*"]
        case "patch":
            let types = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
            return resource.isCustom ? types : types + ["application/strategic-merge-patch+json"]
        default: return []
        }
    }

    private func body(_ action: String, _ name: String, _ schemas: OpenAPISchemas) -> JSONValue {
        schemas.reference(action == "patch" ? "\(OpenAPISchemas.metaPackage).Patch" : name)
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
