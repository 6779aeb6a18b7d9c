package import APIMachinery
package import GenericAPIServer
package import Schema
import Synchronization

/// The schema of one version of a custom kind. It is compiled when it is first needed and may be dropped again by the
/// `SchemaCache`: most of the kinds that are defined are not in use at any one time, and a compiled schema takes
/// about ten times the memory of its text.
package final class VersionSchema: KindSchemaSource {
    /// Where the text of the schema is.
    package enum Source: Sendable {
        /// In a stored definition. The bytes are those that the cache of definitions holds, so they cost nothing.
        case definition(CachedObject, version: String)
        /// At hand: the `openAPIV3Schema` itself.
        case json(JSONValue)
    }

    /// A schema in use.
    package struct Compiled: Sendable {
        package let definition: CustomResourceSchema
        package let kind: KindSchema
    }

    private let source: Mutex<Source>
    private let cache: SchemaCache

    package init(_ source: Source, cache: SchemaCache) {
        self.source = Mutex(source)
        self.cache = cache
    }

    /// Reads the same schema from a newer state of the definition from now on, so that the older one is not held.
    func rebind(to definition: CachedObject) {
        source.withLock { source in
            if case .definition(_, let version) = source { source = .definition(definition, version: version) }
        }
    }

    deinit { cache.remove(self) }

    /// The `openAPIV3Schema` as it was written.
    ///
    /// - Throws: `Status` (500) if the stored definition cannot be read.
    package func text() throws(Status) -> JSONValue {
        switch source.withLock({ $0 }) {
        case .json(let json): return json
        case .definition(let object, let name):
            let versions = try object.document().value(at: "spec", "versions")?.arrayValue ?? []
            let version = versions.first { $0["name"]?.stringValue == name }
            return version?.value(at: "schema", "openAPIV3Schema") ?? .object([:])
        }
    }

    /// The schema in the form in which objects are checked against it.
    ///
    /// - Throws: `Status` (500) if the schema cannot be read. A definition is reviewed when it is written, so this
    ///   happens only to what an older build accepted or the disk damaged.
    package func compiled() throws(Status) -> Compiled {
        if let found = cache.use(self) { return found }
        let json = try text()
        let definition: CustomResourceSchema
        do throws(SchemaSyntaxError) {
            definition = try CustomResourceSchema(json: json)
        } catch {
            throw .internalError("the schema of the kind cannot be read: \(error); apply its definition again")
        }
        let compiled = Compiled(
            definition: definition,
            kind: KindSchema(type: TypeSchema(definition.structural), catalogName: nil)
        )
        cache.insert(compiled, for: self)
        return compiled
    }

    /// What field ownership and patches must know. A schema that cannot be read says nothing of its fields, and they
    /// are owned as they are found; the write itself is refused by `compiled()`, with the reason.
    package var kind: KindSchema {
        do throws(Status) {
            return try compiled().kind
        } catch {
            return KindSchema(type: .deduced, catalogName: nil)
        }
    }
}
