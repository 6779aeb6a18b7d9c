import APIMachinery

/// All groups, versions and resources in one document (`apidiscovery.k8s.io`), which saves kubectl a request a group.
enum AggregatedDiscovery {
    static func list(_ groups: [String], _ contents: ResourceRegistry.Contents, version: String) -> JSONValue {
        [
            "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(version)"),
            "metadata": .object([:]),
            "items": .array(groups.map { group($0, contents) }),
        ]
    }

    private static func group(_ name: String, _ contents: ResourceRegistry.Contents) -> JSONValue {
        let versions: [JSONValue] = (contents.versions[name] ?? []).map { version in
            let resources = contents.resources[GroupVersion(group: name, version: version)] ?? [:]
            return [
                "version": .string(version), "freshness": "Current",
                "resources": .array(
                    resources.values.sorted { $0.names.plural < $1.names.plural }.map(resource)
                ),
            ]
        }
        return ["metadata": name.isEmpty ? .object([:]) : ["name": .string(name)], "versions": .array(versions)]
    }

    private static func resource(_ resource: ServedResource) -> JSONValue {
        let scope = resource.isNamespaced ? "Namespaced" : "Cluster"
        var entry: JSONValue = [
            "resource": .string(resource.names.plural), "responseKind": kind(resource.groupVersionKind),
            "scope": .string(scope), "singularResource": .string(resource.names.singular),
            "verbs": .array(resource.verbs.map(JSONValue.string)),
        ]
        if !resource.names.shortNames.isEmpty {
            entry["shortNames"] = .array(resource.names.shortNames.map(JSONValue.string))
        }
        if !resource.names.categories.isEmpty {
            entry["categories"] = .array(resource.names.categories.map(JSONValue.string))
        }
        if !resource.subresources.isEmpty {
            entry["subresources"] = .array(
                resource.subresources.map { subresource in
                    [
                        "subresource": .string(subresource.name),
                        "responseKind": kind(subresource.kind ?? resource.groupVersionKind),
                        "verbs": .array(subresource.verbs.map(JSONValue.string)),
                    ]
                }
            )
        }
        return entry
    }

    private static func kind(_ kind: GroupVersionKind) -> JSONValue {
        ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
    }
}
