import APIMachinery
import FoundationEssentials
import Storage
import StorageSQLite
import Testing

/// A backup restores what it has; an incomplete backup is refused before anything is changed.
@Suite struct BackupTests {
    private static let restoration = ObjectRestoration { document in
        // The shape that the API server gives documents does not matter here, only the gap.
        var copy = document
        copy.set(.string("@@"), at: ["metadata", "resourceVersion"])
        let text = copy.text
        let parts = text.split(separator: "@@", maxSplits: 1).map { Array($0.utf8) }
        return RevisionedDocument(bytes: parts[0] + parts[1], gap: parts[0].count)
    }

    private func document(_ name: String, uid: String, _ more: JSONObject = [:]) -> JSONValue {
        var object = more
        object["metadata"] = ["name": .string(name), "uid": .string(uid)]
        return .object(object)
    }

    private func write(
        _ store: any ObjectStore,
        _ operation: ObjectWrite.Operation,
        _ key: ObjectKey,
        _ document: JSONValue
    ) async throws -> Int64 {
        let write = ObjectWrite(operation, key: key, document: Self.restoration.encode(document))
        return try await store.commit(write).revision
    }

    private func backUp(_ store: any ObjectStore, to path: String) async throws -> BackupFile {
        let writer = try BackupWriter(path: path, program: "test", createdAt: .at(0))
        try await store.read { try ObjectRestoration.write($0, to: writer) }
        try writer.finish()
        return try BackupFile(verifying: path)
    }

    private func key(_ resource: String, _ path: String) -> ObjectKey { ObjectKey(resource: resource, path: path) }

    private func state(_ store: any ObjectStore) async throws -> [ObjectKey: StoredObject] {
        try await store.read { reader in
            var all: [ObjectKey: StoredObject] = [:]
            try reader.forEach { key, object in
                all[key] = object
                return true
            }
            return all
        }
    }

    @Test(
        "Objects become what they were by changes with new revisions; the same ones keep theirs",
        arguments: ObjectStoreFixture.all
    )
    func objects(_ fixture: ObjectStoreFixture) async throws {
        try await TemporaryDirectory.with { directory in
            try await fixture.with { store in
                func create(_ resource: String, _ path: String, uid: String, _ more: JSONObject = [:]) async throws
                    -> Int64
                {
                    try await write(store, .create, key(resource, path), document(path, uid: uid, more))
                }
                _ = try await create("namespaces", "ns", uid: "n")
                let same = try await create("things", "ns/same", uid: "1", ["a": 1])
                let changed = try await create("things", "ns/changed", uid: "2", ["a": 1])
                let gone = try await create("things", "ns/gone", uid: "3")
                let replaced = try await create("things", "ns/replaced", uid: "4")
                let pod = try await create("pods", "ns/bare", uid: "5", ["spec": 1, "status": "old"])
                _ = try await create("nodes", "n", uid: "6")
                let backup = try await backUp(store, to: "\(directory)/b")
                _ = try await write(
                    store,
                    .update(expecting: changed),
                    key("things", "ns/changed"),
                    document("c", uid: "2", ["a": 2])
                )
                _ = try await write(store, .delete(expecting: gone), key("things", "ns/gone"), document("g", uid: "3"))
                _ = try await write(
                    store,
                    .delete(expecting: replaced),
                    key("things", "ns/replaced"),
                    document("r", uid: "4")
                )
                _ = try await create("things", "ns/replaced", uid: "other")
                _ = try await create("things", "ns/new", uid: "7")
                _ = try await create("nodes", "m", uid: "8")
                let podState = document("ns/bare", uid: "5", ["spec": 2, "status": "new"])
                _ = try await write(store, .update(expecting: pod), key("pods", "ns/bare"), podState)

                let before = store.revision
                let plan = try await store.read { try Self.restoration.plan(backup, over: $0) }
                #expect(store.revision == before)
                let counts = try await store.transaction { try Self.restoration.apply(backup, to: $0) }
                #expect(counts == plan)
                let things = try #require(counts.first { $0.resource == "things" })
                #expect(things.created == 1 && things.updated == 2 && things.deleted == 1 && things.unchanged == 1)
                let now = try await state(store)
                #expect(now[key("things", "ns/same")]?.revision == same)
                #expect(now[key("things", "ns/new")] == nil)
                for (path, value) in [("ns/changed", "2"), ("ns/gone", "3"), ("ns/replaced", "4")] {
                    let object = try #require(now[key("things", path)])
                    let json = try JSONValue(parsing: object.bytes)
                    #expect(object.revision > before)
                    #expect(json.value(at: "metadata", "resourceVersion")?.stringValue == String(object.revision))
                    #expect(json.value(at: "metadata", "uid")?.stringValue == value)
                }
                let bare = try JSONValue(parsing: try #require(now[key("pods", "ns/bare")]).bytes)
                #expect(bare["spec"] == 1 && bare["status"] == "new", "what a Pod does is known to its node alone")
                #expect(now[key("nodes", "m")] != nil, "nodes are observed")
                // One of another identity goes before the other comes.
                let history = try await store.changes(resource: "things", after: before)
                #expect(history.filter { $0.key.path == "ns/replaced" }.map(\.kind) == [.deleted, .created])

                let again = try await store.transaction { try Self.restoration.apply(backup, to: $0) }
                #expect(again.filter(\.isChange) == [])
                #expect(try await state(store) == now)
            }
        }
    }

    @Test("What is damaged, cut, foreign or newer is refused with a reason")
    func damage() async throws {
        try await TemporaryDirectory.with { directory in
            let path = "\(directory)/b"
            let store = MemoryObjectStore()
            for number in 0..<20 {
                _ = try await write(store, .create, key("things", "ns/\(number)"), document("x", uid: "\(number)"))
            }
            _ = try await backUp(store, to: path)
            let whole = try Data(contentsOf: URL(filePath: path))
            func refusal(_ data: Data) throws -> String? {
                let copy = "\(directory)/copy"
                try data.write(to: URL(filePath: copy))
                do {
                    _ = try BackupFile(verifying: copy)
                    return nil
                } catch {
                    return "\(error)"
                }
            }
            #expect(try refusal(whole) == nil)
            for place in 0..<whole.count {
                var copy = whole
                copy[place] ^= 1
                #expect(try refusal(copy) != nil, "byte \(place)")
            }
            for length in 0..<whole.count {
                #expect(try refusal(whole.prefix(length)) != nil, "cut at \(length)")
            }
            #expect(try refusal(whole + Data("more\n".utf8))?.contains("follows") == true)
            #expect(try refusal(Data("apiVersion: v1\n".utf8))?.contains("is not a backup") == true)
            let text = String(decoding: whole, as: UTF8.self)
            let newer = Data(text.replacing("\"martinetBackup\":1", with: "\"martinetBackup\":9").utf8)
            #expect(try refusal(newer)?.contains("format 9") == true)
            // A backup never replaces an existing file, and only its owner can read it.
            #expect(throws: BackupError.self) { try BackupWriter(path: path, program: "", createdAt: .at(0)) }
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    private static let log = AttemptLog(
        attempt: 2,
        runner: "r",
        finishedAt: .at(4),
        failure: StepFailure(reason: "Why", message: "so"),
        log: [0xFF, 0x00, 0x0A],
        end: 700
    )

    @Test("Runs come back with steps, logs and jobs; leases are void", arguments: RunStoreFixture.all)
    func runs(_ fixture: RunStoreFixture) async throws {
        try await TemporaryDirectory.with { directory in
            try await fixture.with { store in
                let old = try await insert("old", steps: 2, into: store)
                let active = try await insert("active", steps: 1, into: store)
                let untouched = try await insert("untouched", steps: 1, into: store)
                let step = StepKey(run: active.id, index: 0)
                let token = try await store.transaction { transaction in
                    try transaction.insertWorkflowRevision("r", spec: Array("{}".utf8))
                    try transaction.setLog(StepKey(run: old.id, index: 1), Self.log)
                    try transaction.enqueue(.test(step))
                    let queue = QueueName(namespace: "default", pool: "default")
                    var record = try #require(try transaction.step(step))
                    record.phase = .running
                    try transaction.update(record)
                    return try transaction.lease(queue, limit: 1, turn: 0, runner: "r", now: .at(1), expiresAt: .at(2))
                        .first?.lease?.token
                }
                let path = "\(directory)/b"
                let writer = try BackupWriter(path: path, program: "test", createdAt: .at(0))
                try await store.read { try RunRestoration.write($0, to: writer) }
                try writer.finish()
                let backup = try BackupFile(verifying: path)
                let untouchedBefore = try await store.read { try RunArchive(untouched, from: $0) }
                try await store.transaction { transaction in
                    try transaction.delete(old)
                    try transaction.removeJob(step)
                    var record = try #require(try transaction.step(step))
                    record.phase = .succeeded
                    try transaction.update(record)
                }
                _ = try await insert("new", steps: 1, into: store)
                let revision = try await store.read { try $0.revision() }

                let plan = try await store.read { try RunRestoration.plan(backup, over: $0) }
                let count = try await store.transaction { try RunRestoration.apply(backup, to: $0) }
                #expect(count == plan)
                #expect(count.created == 1 && count.updated == 1 && count.deleted == 1 && count.unchanged == 1)
                try await store.read { reader in
                    #expect(try reader.revision() > revision)
                    #expect(try reader.run(namespace: "default", name: "new") == nil)
                    let restored = try #require(try reader.run(namespace: "default", name: "old"))
                    #expect(restored.uid == old.uid)
                    #expect(try reader.logs(StepKey(run: restored.id, index: 1)) == [Self.log])
                    let job = try #require(try reader.job(step))
                    #expect(job.lease == nil, "its holder has lost it (\(String(describing: token)))")
                    #expect(try reader.step(step)?.phase == .queued)
                    #expect(try reader.workflowRevision("r") != nil)
                    let same = try #require(try reader.run(namespace: "default", name: "untouched"))
                    #expect(try RunArchive(same, from: reader) == untouchedBefore)
                }
                let again = try await store.transaction { try RunRestoration.apply(backup, to: $0) }
                #expect(!again.isChange)
                #expect(again.unchanged == 3)
            }
        }
    }

    private func insert(_ name: String, steps: Int, into store: any RunStore) async throws -> RunRecord {
        try await store.transaction { transaction in
            var run = RunRecord.test(name)
            try transaction.insert(&run)
            try transaction.insert((0..<steps).map { StepRecord(key: StepKey(run: run.id, index: $0), id: "s\($0)") })
            return run
        }
    }

    @Test("A backup under write load is one state: what was written first is there if what came second is")
    func consistency() async throws {
        try await TemporaryDirectory.with { directory in
            let store = try SQLiteObjectStore(path: "\(directory)/objects.sqlite")
            var first = try await write(store, .create, key("things", "first"), document("a", uid: "1", ["n": 0]))
            var second = try await write(store, .create, key("things", "second"), document("b", uid: "2", ["n": 0]))
            for round in 1...20 {
                async let backup = backUp(store, to: "\(directory)/b\(round)")
                for number in 0..<20 {
                    let value = JSONValue.int(Int64(round * 100 + number))
                    first = try await write(
                        store,
                        .update(expecting: first),
                        key("things", "first"),
                        document("a", uid: "1", ["n": value])
                    )
                    second = try await write(
                        store,
                        .update(expecting: second),
                        key("things", "second"),
                        document("b", uid: "2", ["n": value])
                    )
                }
                var numbers: [String: Int64] = [:]
                try await backup.forEach { entry in
                    guard case .object(let key, _, let bytes) = entry else { return }
                    numbers[key.path] = try JSONValue(parsing: bytes)["n"]?.intValue
                }
                let pair = (try #require(numbers["first"]), try #require(numbers["second"]))
                #expect(pair.0 == pair.1 || pair.0 > pair.1)
            }
            await store.close()
        }
    }
}
