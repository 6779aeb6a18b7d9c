import FoundationEssentials
import Storage
import StorageSQLite
import Testing

/// What only a store on a disk can do, or suffer.
@Suite struct SQLiteObjectStoreTests {
    private func inDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = try StoreDirectory()
        defer { directory.remove() }
        try await body(directory.path)
    }

    @Test("Everything is there again after the store is opened anew")
    func reopen() async throws {
        try await inDirectory { directory in
            let store = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            let change = try await store.commit(.make(.create, "a", "x"))
            let second = try await store.commit(.make(.update(expecting: change.revision), "a", "y"))
            await store.close()
            let again = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            #expect(again.revision == second.revision)
            #expect(try await again.load(resource: "things").objects.map(\.revision) == [second.revision])
            #expect(try await again.changes(resource: "things", after: change.revision).count == 1)
            await again.close()
        }
    }

    @Test("Revisions never repeat, not even after the newest object is deleted and compacted away")
    func revisionsGrow() async throws {
        try await inDirectory { directory in
            let store = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            let created = try await store.commit(.make(.create, "a", "x"))
            let deleted = try await store.commit(.make(.delete(expecting: created.revision), "a", "x"))
            try await store.compact(upTo: deleted.revision)
            await store.close()
            let again = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            #expect(again.revision == deleted.revision)
            #expect(try await again.commit(.make(.create, "a", "x")).revision > deleted.revision)
            await again.close()
        }
    }

    @Test("A closed store refuses writes and says why")
    func closed() async throws {
        try await inDirectory { directory in
            let store = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            await store.close()
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.commit(.make(.create, "a", "x"))
            }
            #expect(error?.code == .unavailable)
        }
    }

    @Test("A directory that is not there is a clear error")
    func missingDirectory() {
        let error = #expect(throws: ObjectStoreError.self) {
            try SQLiteObjectStore(path: "/no/such/place/objects.sqlite")
        }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("/no/such/place") == true)
    }
}
