import APIMachinery
import Schema
import Testing

@testable import BuiltInTypes
@testable import AccessControl
@testable import HTTPServing
@testable import GenericAPIServer
@testable import BuiltInKinds
@testable import APIExtensions
@testable import BuiltInControllers
@testable import KubeAPIServer

/// What the server holds of schemas and documents: bounded, and never more than a matter of speed.
@Suite struct SchemaMemoryTests {
    /// A schema of `count + 2` nodes: the root, `spec`, and its fields.
    private static func schema(fields count: Int) -> JSONValue {
        var fields: JSONObject = [:]
        for index in 0..<count { fields["field\(index)"] = ["type": "string", "default": "x"] }
        return ["type": "object", "properties": ["spec": ["type": "object", "properties": .object(fields)]]]
    }

    @Test("Compiled schemas stay within the limit, and those that were dropped are compiled again")
    func compiledSchemasAreBounded() throws {
        let cache = SchemaCache(limit: 10)
        let schemas = (1...4).map { VersionSchema(.json(Self.schema(fields: $0)), cache: cache) }
        for round in 0..<3 {
            for (index, schema) in schemas.enumerated() {
                let object: JSONValue = ["spec": .object([:])]
                let filled = try schema.compiled().definition.fillDefaults(object)
                #expect(filled["spec"]?.objectValue?.count == index + 1, "round \(round)")
                #expect(cache.nodeCount <= 10)
                #expect(cache.use(schema) != nil, "the schema used last is held")
            }
        }
    }

    @Test("A schema above the limit is held alone")
    func largeSchemaIsHeld() throws {
        let cache = SchemaCache(limit: 10)
        let small = VersionSchema(.json(Self.schema(fields: 1)), cache: cache)
        let large = VersionSchema(.json(Self.schema(fields: 50)), cache: cache)
        _ = try small.compiled()
        _ = try large.compiled()
        #expect(cache.use(small) == nil)
        #expect(cache.nodeCount == 52)
    }

    @Test("What belongs to a definition that is gone is released")
    func releasedWithItsDefinition() throws {
        let cache = SchemaCache()
        do {
            let schema = VersionSchema(.json(Self.schema(fields: 3)), cache: cache)
            _ = try schema.compiled()
            #expect(cache.nodeCount == 5)
        }
        #expect(cache.nodeCount == 0)
    }

    @Test("A schema that cannot be read refuses writes with a reason and is no more than that")
    func unreadableSchema() {
        let schema = VersionSchema(.json(["type": 7]), cache: SchemaCache())
        #expect(throws: Status.self) { try schema.compiled() }
        #expect(schema.kind.catalogName == nil)
    }

    @Test("A document is made again when its part of the registry changed, not when another did")
    func documentsPerPart() {
        let cache = DocumentCache(limit: 100)
        var made: [String] = []
        func ask(_ key: String, _ generation: Int, size: Int = 10) -> String {
            cache.bytes(key, generation: generation) {
                made.append("\(key)@\(generation)")
                return Array(repeating: UInt8(truncatingIfNeeded: generation), count: size)
            }.hash
        }
        let first = ask("a", 1)
        #expect(ask("a", 1) == first)
        _ = ask("b", 2)
        #expect(ask("a", 1) == first)
        #expect(ask("a", 3) != first)
        #expect(made == ["a@1", "b@2", "a@3"])
    }

    @Test("Hashes outlive the bytes, which stay within the limit")
    func hashesWithoutBytes() {
        let cache = DocumentCache(limit: 100)
        var made = 0
        func hash(_ key: String) -> String {
            cache.hash(key, generation: 1) {
                made += 1
                return Array(key.utf8) + Array(repeating: 0, count: 60)
            }
        }
        let hashes = ["a", "b", "c"].map(hash)
        #expect(["a", "b", "c"].map(hash) == hashes)
        #expect(made == 3)
        _ = cache.bytes("a", generation: 1) {
            made += 1
            return Array("a".utf8) + Array(repeating: 0, count: 60)
        }
        #expect(made == 4, "the bytes of the first document had made room for later ones")
    }
}
