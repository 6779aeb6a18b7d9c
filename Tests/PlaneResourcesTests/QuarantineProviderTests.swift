import APIMachinery
import GenericAPIServer
import Containment
import PlaneResources
import Storage
import Synchronization
import TestSupport
import Testing

/// Quarantined subjects as objects.
@Suite("Quarantines as objects")
struct QuarantineProviderTests {
    private func with(_ names: String..., body: (QuarantineProvider) async throws -> Void) async throws {
        try await Files.withTemporaryDirectory { directory in
            let entries = names.map { name in
                """
                {"kind": "run", "namespace": "default", "name": "\(name)", "deaths": 2, "signal": "SIGILL", \
                "since": "2027-01-15T08:00:00Z"}
                """
            }
            try Files.write(
                "{\"quarantined\": [\(entries.joined(separator: ", "))]}",
                to: "\(directory)/quarantine.json"
            )
            try await body(
                QuarantineProvider(try Containment(directory: directory, logger: ProviderFixture.logger))
            )
        }
    }

    @Test("Entries are read, listed and paged in the order of their names")
    func read() async throws {
        try await with("a", "b", "c") { provider in
            let all = try await provider.page(ProvidedQuery())
            #expect(all.isLast && all.objects.map(\.path) == all.objects.map(\.path).sorted())
            #expect(all.objects.count == 3)
            let first = try #require(all.objects.first)
            #expect(try await provider.object(at: first.path) == first)
            #expect(try await provider.object(at: "missing") == nil)
            var query = ProvidedQuery()
            query.limit = 2
            let page = try await provider.page(query)
            #expect(page.objects == Array(all.objects.prefix(2)) && !page.isLast && page.remaining == 1)
            query.start = page.objects[1].path + "\0"
            #expect(try await provider.page(query).objects == Array(all.objects.suffix(1)))
            let json = try JSONValue(parsing: first.bytes)
            #expect(json["kind"] == "Quarantine" && json.value(at: "status", "deaths") == 2)
            #expect(json.value(at: "spec", "kind") == "run" && json.value(at: "spec", "namespace") == "default")
        }
    }

    @Test("Deleting an entry releases its subject, and watches receive the deletion")
    func release() async throws {
        try await with("a") { provider in
            let received = Mutex<[String]>([])
            provider.observe { change in received.withLock { $0.append("\(change.kind) \(change.path)") } }
            let revision = provider.revision
            let path = try #require(try await provider.page(ProvidedQuery()).objects.first).path
            let write = ProviderFixture.write(.delete(expecting: revision), "quarantines.martinet.dev", path)
            #expect(try await provider.commit(write).kind == .deleted)
            #expect(received.withLock { $0 } == ["deleted \(path)"])
            #expect(provider.revision > revision)
            #expect(try await provider.page(ProvidedQuery()).objects.isEmpty)
            let again = await #expect(throws: ObjectStoreError.self) { try await provider.commit(write) }
            #expect(again?.code == .notFound)
            let expired = await #expect(throws: ObjectStoreError.self) { try await provider.changes(after: revision) }
            #expect(expired?.code == .expired)
            #expect(try await provider.changes(after: provider.revision).isEmpty)
        }
    }

    @Test("Clients can neither create nor change entries")
    func refused() async throws {
        try await with("a") { provider in
            let path = try #require(try await provider.page(ProvidedQuery()).objects.first).path
            for operation in [ObjectWrite.Operation.create, .update(expecting: 1)] {
                let write = ProviderFixture.write(operation, "quarantines.martinet.dev", path)
                let error = await #expect(throws: ObjectStoreError.self) { try await provider.commit(write) }
                #expect(error?.status?.code == 405)
            }
        }
    }
}
