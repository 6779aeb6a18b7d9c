package import APIMachinery
package import GenericAPIServer
import Storage

/// Makes what is served of a provider.
package enum ProvidedResources {
    package static func resources(
        _ provider: any ResourceProvider,
        in core: ServerCore,
        schemas: SchemaCache
    ) throws(Status) -> [ServedResource] {
        let spec = provider.definition["spec"] ?? .null
        let versions = spec["versions"]?.arrayValue ?? []
        let storage = versions.first { $0["storage"]?.boolValue == true } ?? versions.first ?? .null
        let storageVersion = storage["name"]?.stringValue ?? ""
        let stored = strategy(spec, storage, schemas)
        let name = GroupResource(
            group: spec["group"]?.stringValue ?? "",
            resource: spec.value(at: "names", "plural")?.stringValue ?? ""
        )
        let backend = ProvidedBackend(provider, metrics: core.metrics, logger: core.logger) {
            stored.fieldValues($0)
        } listener: { [weak caches = core.caches] change in
            caches?.takeProvided(
                ObjectChange(
                    key: ObjectKey(resource: name.description, path: change.object.path),
                    kind: change.kind,
                    revision: change.object.revision,
                    bytes: change.object.bytes,
                    // Without the attachment the receiver reads the bytes itself, and says what is wrong with them.
                    attachment: try? JSONValue(parsing: change.object.bytes)
                )
            )
        }
        core.caches.add(backend)
        var resources: [ServedResource] = []
        for version in versions where version["served"]?.boolValue == true {
            let strategy = strategy(spec, version, schemas)
            var resource = CustomResourceFactory.resource(
                spec,
                version,
                strategy: strategy,
                storageVersion: storageVersion
            )
            resource.backend = .objects(backend)
            for (name, verbs) in provider.subresources.sorted(by: { $0.key < $1.key }) {
                resource.subresources.append(.init(name: name, verbs: verbs))
                resource.handlers[name] = ProvidedSubresource(provider: provider)
            }
            resources.append(resource)
        }
        return resources
    }

    private static func strategy(
        _ spec: JSONValue,
        _ version: JSONValue,
        _ schemas: SchemaCache
    ) -> CustomResourceStrategy {
        let json = version.value(at: "schema", "openAPIV3Schema") ?? .object([:])
        return CustomResourceFactory.strategy(
            spec,
            version,
            schema: VersionSchema(.json(json), cache: schemas)
        )
    }
}
