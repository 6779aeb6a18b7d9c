import Storage
import Synchronization
import Testing

/// What every object store must do; run on each of them.
@Suite struct ObjectStoreTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("A created object is loaded with its revision in its bytes", arguments: ObjectStoreFixture.all)
    func create(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            let before = store.revision
            let change = try await store.commit(.make(.create, "ns/a", "x"))
            #expect(change.kind == .created)
            #expect(change.revision == before + 1)
            #expect(store.revision == change.revision)
            let snapshot = try await store.load(resource: "things")
            #expect(snapshot.revision == change.revision)
            #expect(snapshot.objects.map(\.path) == ["ns/a"])
            #expect(text(snapshot.objects[0].bytes) == "{\"resourceVersion\":\"\(change.revision)\",\"text\":\"x\"}")
        }
    }

    @Test("Revisions begin above 1, which always counts as compacted", arguments: ObjectStoreFixture.all)
    func firstRevision(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            #expect(store.revision > 1)
            await #expect(throws: ObjectStoreError.self) { try await store.changes(resource: "things", after: 1) }
        }
    }

    @Test("Writes are refused unless what is stored is what they expect", arguments: ObjectStoreFixture.all)
    func expectations(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            func code(_ write: ObjectWrite) async -> ObjectStoreError.Code? {
                do throws(ObjectStoreError) {
                    _ = try await store.commit(write)
                    return nil
                } catch {
                    return error.code
                }
            }
            #expect(await code(.make(.update(expecting: 5), "a", "x")) == .notFound)
            #expect(await code(.make(.delete(expecting: 5), "a", "x")) == .notFound)
            let first = try await store.commit(.make(.create, "a", "x"))
            #expect(await code(.make(.create, "a", "y")) == .alreadyExists)
            let second = try await store.commit(.make(.update(expecting: first.revision), "a", "y"))
            #expect(await code(.make(.update(expecting: first.revision), "a", "z")) == .conflict)
            #expect(await code(.make(.delete(expecting: first.revision), "a", "z")) == .conflict)
            #expect(store.revision == second.revision)
            _ = try await store.commit(.make(.delete(expecting: second.revision), "a", "y"))
            #expect(try await store.load(resource: "things").objects.isEmpty)
            #expect(await code(.make(.create, "a", "new")) == nil)
        }
    }

    @Test("Objects are loaded in the order of their paths' bytes", arguments: ObjectStoreFixture.all)
    func order(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            for path in ["ns/b", "ns-two/a", "ns/a", "ns/Z", "é/a"] {
                _ = try await store.commit(.make(.create, path, "x"))
            }
            let paths = try await store.load(resource: "things").objects.map(\.path)
            #expect(paths == ["ns-two/a", "ns/Z", "ns/a", "ns/b", "é/a"])
        }
    }

    @Test("History tells every change of a resource with the state before", arguments: ObjectStoreFixture.all)
    func history(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            let start = store.revision
            let one = try await store.commit(.make(.create, "a", "1"))
            _ = try await store.commit(.make(.create, "a", "other", resource: "others"))
            let two = try await store.commit(.make(.update(expecting: one.revision), "a", "2"))
            let three = try await store.commit(.make(.delete(expecting: two.revision), "a", "2"))
            let changes = try await store.changes(resource: "things", after: start)
            #expect(changes.map(\.kind) == [.created, .updated, .deleted])
            #expect(changes.map(\.revision) == [one.revision, two.revision, three.revision])
            #expect(changes.map { $0.previous.map(text) } == [nil, text(one.bytes), text(two.bytes)])
            let later = try await store.changes(resource: "things", after: two.revision)
            #expect(later.map(\.revision) == [three.revision])
        }
    }

    @Test("Compaction gives up history and keeps what is stored", arguments: ObjectStoreFixture.all)
    func compaction(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            let kept = try await store.commit(.make(.create, "kept", "k"))
            var last = try await store.commit(.make(.create, "a", "0"))
            for number in 1...1200 {
                last = try await store.commit(.make(.update(expecting: last.revision), "a", "\(number)"))
            }
            let bound = last.revision - 10
            try await store.compact(upTo: bound)
            #expect(store.compactedRevision == bound)
            await #expect(throws: ObjectStoreError.self) {
                try await store.changes(resource: "things", after: kept.revision)
            }
            let changes = try await store.changes(resource: "things", after: bound)
            #expect(changes.count == 10)
            // The state before the first kept change is kept too: a watch must know what the object was.
            #expect(changes.allSatisfy { $0.previous != nil })
            #expect(try await store.load(resource: "things").objects.map(\.path) == ["a", "kept"])
        }
    }

    @Test("History reaches back to the compaction and not one revision further", arguments: ObjectStoreFixture.all)
    func boundary(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            var last = try await store.commit(.make(.create, "a", "0"))
            for number in 1...20 {
                last = try await store.commit(.make(.update(expecting: last.revision), "a", "\(number)"))
            }
            let bound = last.revision - 7
            try await store.compact(upTo: bound)
            let changes = try await store.changes(resource: "things", after: bound)
            #expect(changes.map(\.revision) == Array((bound + 1)...last.revision))
            #expect(text(changes[0].bytes) == "{\"resourceVersion\":\"\(bound + 1)\",\"text\":\"14\"}")
            #expect(changes[0].previous.map(text) == "{\"resourceVersion\":\"\(bound)\",\"text\":\"13\"}")
            let error = await #expect(throws: ObjectStoreError.self) {
                try await store.changes(resource: "things", after: bound - 1)
            }
            #expect(error?.code == .expired)
            #expect(error?.message == "too old resource version: \(bound - 1) (\(bound))")
        }
    }

    @Test("A transaction's writes happen together or not at all", arguments: ObjectStoreFixture.all)
    func transaction(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            let seen = SeenRevisions()
            let first = try await store.commit(.make(.create, "a", "x"))
            store.observe { changes in seen.add(changes.map(\.revision)) }
            await #expect(throws: ObjectStoreError.self) {
                try await store.transaction { transaction in
                    _ = try transaction.apply(.make(.create, "b", "x"))
                    _ = try transaction.apply(.make(.create, "a", "x"))
                }
            }
            #expect(try await store.load(resource: "things").objects.map(\.path) == ["a"])
            #expect(store.revision == first.revision)
            #expect(seen.all.isEmpty)
            let count = try await store.transaction { transaction in
                _ = try transaction.apply(.make(.create, "b", "x"))
                _ = try transaction.apply(.make(.delete(expecting: first.revision), "a", "x"))
                var count = 0
                try transaction.forEach { _, _ in
                    count += 1
                    return true
                }
                return count
            }
            #expect(count == 1)
            #expect(seen.all == [first.revision + 1, first.revision + 2])
            #expect(try await store.load(resource: "things").objects.map(\.path) == ["b"])
            let keys = try await store.read { reader in
                var keys: [String] = []
                try reader.forEach { key, _ in
                    keys.append(key.path)
                    return true
                }
                return keys
            }
            #expect(keys == ["b"])
        }
    }

    @Test("The observer sees every write in order, before its writer does", arguments: ObjectStoreFixture.all)
    func observer(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            let seen = SeenRevisions()
            store.observe { changes in seen.add(changes.map(\.revision)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        let change = try await store.commit(.make(.create, "a\(number)", "x"))
                        #expect(seen.all.contains(change.revision))
                    }
                }
                try await group.waitForAll()
            }
            let all = seen.all
            #expect(all.count == 200)
            #expect(all == all.sorted())
        }
    }

    @Test("Of many writers that expect the same revision one wins", arguments: ObjectStoreFixture.all)
    func contention(_ fixture: ObjectStoreFixture) async throws {
        try await fixture.with { store in
            let first = try await store.commit(.make(.create, "a", "x"))
            let won = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        (try? await store.commit(.make(.update(expecting: first.revision), "a", "\(number)"))) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(won == 1)
        }
    }
}

/// The revisions that an observer has seen, in its order.
private final class SeenRevisions: Sendable {
    private let revisions = Mutex<[Int64]>([])

    var all: [Int64] { revisions.withLock { $0 } }

    func add(_ new: [Int64]) { revisions.withLock { $0 += new } }
}
