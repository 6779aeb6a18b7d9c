import APIMachinery
import GenericAPIServer
import Schema

/// Makes what is served of a definition's versions.
enum CustomResourceFactory {
    static let verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]

    static func resourceNames(_ names: JSONValue) -> [String] {
        [names["plural"], names["singular"]].compactMap { $0?.stringValue }
            + (names["shortNames"]?.arrayValue?.compactMap(\.stringValue) ?? [])
    }

    static func strategy(_ spec: JSONValue, _ version: JSONValue, schema: VersionSchema) -> CustomResourceStrategy {
        var fields: [String: [String]] = [:]
        var published: [String] = []
        for field in version["selectableFields"]?.arrayValue ?? [] {
            guard let text = field["jsonPath"]?.stringValue else { continue }
            let path = text.split(separator: ".").map(String.init)
            fields[path.joined(separator: ".")] = path
            published.append(path.joined(separator: "."))
        }
        return CustomResourceStrategy(
            kind: spec.value(at: "names", "kind")?.stringValue ?? "",
            versionSchema: schema,
            hasStatus: version.value(at: "subresources", "status")?.objectValue != nil,
            fields: fields,
            publishedFields: published,
            scale: scale(version)
        )
    }

    static func resource(
        _ spec: JSONValue,
        _ version: JSONValue,
        strategy: CustomResourceStrategy,
        storageVersion: String
    ) -> ServedResource {
        let names = spec["names"] ?? .null
        let group = spec["group"]?.stringValue ?? ""
        let name = version["name"]?.stringValue ?? ""
        func texts(_ field: String) -> [String] { names[field]?.arrayValue?.compactMap(\.stringValue) ?? [] }
        var resource = ServedResource(
            group: group,
            version: name,
            names: ResourceNames(
                plural: names["plural"]?.stringValue ?? "",
                singular: names["singular"]?.stringValue,
                kind: names["kind"]?.stringValue ?? "",
                listKind: names["listKind"]?.stringValue,
                shortNames: texts("shortNames"),
                categories: texts("categories")
            ),
            isNamespaced: spec["scope"]?.stringValue == "Namespaced",
            verbs: verbs,
            strategy: strategy,
            backend: .computed(EmptyResource()),
            storageVersion: storageVersion,
            storageGroup: group,
            isCustom: true
        )
        let own = ["get", "patch", "update"]
        if strategy.hasStatus { resource.subresources.append(.init(name: "status", verbs: own)) }
        if strategy.scale != nil {
            resource.scale = strategy.scale
            let kind = GroupVersionKind(group: "autoscaling", version: "v1", kind: "Scale")
            resource.subresources.append(.init(name: "scale", verbs: own, kind: kind))
        }
        for version in spec["versions"]?.arrayValue ?? [] {
            let path = path(version.value(at: "subresources", "scale", "specReplicasPath"))
            resource.replicasPaths["\(group)/\(version["name"]?.stringValue ?? "")"] = .some(path)
        }
        let columns = version["additionalPrinterColumns"]?.arrayValue ?? []
        // With a path that nobody understands the kind has the columns of one without any.
        let areClear = columns.allSatisfy { JSONPath($0["jsonPath"]?.stringValue ?? "") != nil }
        resource.columns = (areClear ? columns : []).map { column in
            PrinterColumn(
                name: column["name"]?.stringValue ?? "",
                type: column["type"]?.stringValue ?? "string",
                format: column["format"]?.stringValue ?? "",
                description: column["description"]?.stringValue
                    ?? "Custom resource definition column (in JSONPath format): "
                    + "\(column["jsonPath"]?.stringValue ?? "")",
                priority: column["priority"]?.intValue ?? 0,
                jsonPath: column["jsonPath"]?.stringValue ?? ""
            )
        }
        if version["deprecated"]?.boolValue == true {
            resource.deprecationWarning =
                version["deprecationWarning"]?.stringValue
                ?? deprecationWarning(of: name, kind: resource.names.kind, spec)
        }
        return resource
    }

    /// The warning that a version is deprecated, with the newest one to be used instead, if there is a newer one.
    private static func deprecationWarning(of version: String, kind: String, _ spec: JSONValue) -> String {
        let group = spec["group"]?.stringValue ?? ""
        let better = (spec["versions"]?.arrayValue ?? [])
            .filter { $0["served"]?.boolValue == true && $0["deprecated"]?.boolValue != true }
            .compactMap { $0["name"]?.stringValue }
            .filter { VersionOrder.precedes($0, version) }
            .sorted(by: VersionOrder.precedes)
        let advice = better.first.map { "; use \(group)/\($0) \(kind)" } ?? ""
        return "\(group)/\(version) \(kind) is deprecated\(advice)"
    }

    private static func scale(_ version: JSONValue) -> ScalePaths? {
        guard let scale = version.value(at: "subresources", "scale"), scale.objectValue != nil else { return nil }
        return ScalePaths(
            specReplicas: path(scale["specReplicasPath"]) ?? [],
            statusReplicas: path(scale["statusReplicasPath"]) ?? [],
            labelSelector: path(scale["labelSelectorPath"])
        )
    }

    private static func path(_ value: JSONValue?) -> [String]? {
        value?.stringValue.map { $0.split(separator: ".").map(String.init) }
    }
}
