import APIMachinery
import FoundationEssentials
import KubeClient
import Synchronization
import TestSupport
import Testing

/// The API server is killed at random moments under write load. The invariants: every acknowledged write is there as it
/// was acknowledged, nothing else is half-there, revisions never repeat, and watches that resume miss nothing.
@Suite("API server kills", .serialized)
struct ServerKillTests {
    /// How often the server is killed.
    static let kills = 110
    private static let writers = 4

    @Test("110 times kill -9 under write load: nothing acknowledged is lost, no watcher misses or repeats an event")
    func kills() async throws {
        try await Files.withTemporaryDirectory { directory in
            let server = ServerProcess(directory: directory)
            var random = SplitMix64(seed: 20_261_121)
            let model = WriteModel(writers: Self.writers)
            let watchers = [WatchRecord(), WatchRecord()]
            for round in 0..<Self.kills {
                let client = try await server.start()
                try await model.settle(with: client)
                if round == 0 { for watcher in watchers { watcher.begin(at: model.revision) } }
                let target = 1 + Int(random.next() % 60)
                let seed = random.next()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for watcher in watchers { group.addTask { try await watcher.follow(client) } }
                    for writer in 0..<Self.writers {
                        group.addTask { try await model.write(writer, seed: seed &+ UInt64(writer), through: client) }
                    }
                    // The kill comes between any two instructions of the server, once so many writes are answered.
                    await model.waitForAnswers(target)
                    try await server.kill()
                    try await group.waitForAll()
                }
                await client.shutdown()
            }
            let client = try await server.start()
            try await model.settle(with: client)
            let end = model.revision
            for watcher in watchers {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await watcher.follow(client) }
                    try await eventually("the watcher has seen everything") { watcher.last >= end }
                    group.cancelAll()
                    try? await group.waitForAll()
                }
            }
            await client.shutdown()
            try await server.kill()
            #expect(model.answers > Self.kills)
            let history = model.history
            for watcher in watchers {
                let seen = watcher.events
                #expect(Set(seen.keys) == Set(history.keys))
                for (name, expected) in history { #expect(seen[name] == expected, "\(name)") }
            }
        }
    }
}

/// What happened to an object: its number after a write, or -1 for its deletion.
private typealias ObjectHistory = [String: [Int64]]

private let configMaps = "/api/v1/namespaces/default/configmaps"

/// What the writers know: what was acknowledged, and what was under way when the server died.
private final class WriteModel: Sendable {
    private struct Known {
        /// The revision and the number of the object; `nil` if there is none.
        var state: (revision: Int64, number: Int64)?
        /// What was asked for and not answered; -1 for a deletion.
        var unanswered: Int64?
    }

    private struct State {
        var objects: [String: Known] = [:]
        var history: ObjectHistory = [:]
        var revisions: Set<Int64> = []
        var newest: Int64 = 0
        var nextNumber: Int64 = 1
        var answers = 0
        var waiting: (count: Int, continuation: CheckedContinuation<Void, Never>)?
    }

    private let state = Mutex(State())
    private let names: [[String]]

    init(writers: Int) { names = (0..<writers).map { writer in (0..<5).map { "w\(writer)-\($0)" } } }

    /// The newest revision that anybody was told of.
    var revision: Int64 { state.withLock { $0.newest } }
    var history: ObjectHistory { state.withLock { $0.history } }
    var answers: Int { state.withLock { $0.answers } }

    /// Every writer has a few objects of its own, which it creates, updates and deletes until the server is gone.
    func write(_ writer: Int, seed: UInt64, through client: KubeClient) async throws {
        var random = SplitMix64(seed: seed)
        while true {
            let name = names[writer][Int(random.next() % UInt64(names[writer].count))]
            let isDeletion = random.next() % 5 == 0
            let (known, number) = state.withLock { state in
                defer { state.nextNumber += 1 }
                return (state.objects[name]?.state, state.nextNumber)
            }
            let request: APIRequest
            switch known {
            case nil: request = Self.request(.post, configMaps, Self.document(name, number, revision: nil))
            case .some where isDeletion: request = APIRequest(.delete, "\(configMaps)/\(name)")
            case let known?:
                request = Self.request(
                    .put,
                    "\(configMaps)/\(name)",
                    Self.document(name, number, revision: known.revision)
                )
            }
            let result = request.method == .delete ? -1 : number
            state.withLock { $0.objects[name, default: Known()].unanswered = result }
            let answer: JSONValue
            do {
                answer = try await client.json(request)
            } catch let status as Status where status.isConnectionFailure {
                return
            }
            acknowledge(name, result, answer)
        }
    }

    private func acknowledge(_ name: String, _ number: Int64, _ answer: JSONValue) {
        let ready = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.objects[name] = Known()
            if number >= 0 {
                let revision = Self.revision(answer)
                #expect(state.revisions.insert(revision).inserted, "revision \(revision) was given twice")
                state.objects[name]?.state = (revision, number)
                state.newest = max(state.newest, revision)
            }
            state.history[name, default: []].append(number)
            state.answers += 1
            guard let waiting = state.waiting, state.answers >= waiting.count else { return nil }
            state.waiting = nil
            return waiting.continuation
        }
        ready?.resume()
    }

    /// Returns when so many more writes have been answered.
    func waitForAnswers(_ count: Int) async {
        await withCheckedContinuation { continuation in
            state.withLock { $0.waiting = ($0.answers + count, continuation) }
        }
    }

    /// Compares what a started server has with what was acknowledged, and learns what became of the rest.
    func settle(with client: KubeClient) async throws {
        let list = try await client.json(APIRequest(.get, configMaps))
        let revision = Self.revision(list)
        var found: [String: JSONValue] = [:]
        for item in list["items"]?.arrayValue ?? [] { found[Unstructured(item).name] = item }
        state.withLock { state in
            #expect(revision >= state.newest, "the server went back from \(state.newest) to \(revision)")
            #expect(Set(found.keys).isSubset(of: Set(names.joined())))
            for name in names.joined() { settle(name, found[name], &state) }
            state.newest = max(state.newest, revision)
        }
    }

    private func settle(_ name: String, _ object: JSONValue?, _ state: inout State) {
        let known = state.objects[name] ?? Known()
        state.objects[name] = Known()
        guard let object else {
            // Gone by a deletion that was not answered, or never there.
            #expect(known.state == nil || known.unanswered == -1, "\(name) was acknowledged and is lost")
            if known.state != nil { state.history[name, default: []].append(-1) }
            return
        }
        let revision = Self.revision(object)
        let number = object.value(at: "data", "n")?.stringValue.flatMap { Int64($0) } ?? 0
        #expect(object.value(at: "data", "pad")?.stringValue == Self.padding(number), "\(name) is half-written")
        if let acknowledged = known.state, acknowledged.number == number {
            #expect(revision == acknowledged.revision, "\(name) has another revision than was acknowledged")
        } else {
            #expect(number == known.unanswered, "\(name) holds \(number), which nobody wrote last")
            #expect(state.revisions.insert(revision).inserted, "revision \(revision) was given twice")
            state.history[name, default: []].append(number)
        }
        state.objects[name]?.state = (revision, number)
    }

    private static func revision(_ object: JSONValue) -> Int64 {
        object.value(at: "metadata", "resourceVersion")?.stringValue.flatMap { Int64($0) } ?? 0
    }

    private static func request(_ method: APIRequest.Method, _ path: String, _ body: JSONValue) -> APIRequest {
        var request = APIRequest(method, path)
        request.headers["Content-Type"] = "application/json"
        request.body = body.bytes
        return request
    }

    private static func document(_ name: String, _ number: Int64, revision: Int64?) -> JSONValue {
        var metadata: JSONObject = ["name": .string(name)]
        if let revision { metadata["resourceVersion"] = .string(String(revision)) }
        return [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": .object(metadata),
            "data": ["n": .string(String(number)), "pad": .string(padding(number))],
        ]
    }

    /// A text that tells whether all of a document is of the same write.
    private static func padding(_ number: Int64) -> String { String(repeating: "\(number).", count: 100) }
}

/// A watcher that goes on after every kill where it was.
private final class WatchRecord: Sendable {
    private struct State {
        var last: Int64 = 0
        var events: ObjectHistory = [:]
    }

    private let state = Mutex(State())

    var last: Int64 { state.withLock { $0.last } }
    var events: ObjectHistory { state.withLock { $0.events } }

    func begin(at revision: Int64) { state.withLock { $0.last = revision } }

    /// Watches from the last revision seen until the connection ends.
    func follow(_ client: KubeClient) async throws {
        let query = [
            APIRequest.QueryItem("watch", "1"), APIRequest.QueryItem("resourceVersion", String(last)),
        ]
        do {
            var line: [UInt8] = []
            for try await chunk in try await client.stream(APIRequest(.get, configMaps, query: query, timeout: nil)) {
                for byte in chunk {
                    if byte == 0x0A {
                        record(try JSONValue(parsing: line))
                        line.removeAll(keepingCapacity: true)
                    } else {
                        line.append(byte)
                    }
                }
            }
        } catch let error where error is TransportError || (error as? Status)?.isConnectionFailure == true {
            // Killed, as intended.
        }
    }

    private func record(_ event: JSONValue) {
        let object = event["object"] ?? .null
        let type = event["type"]?.stringValue ?? ""
        guard ["ADDED", "MODIFIED", "DELETED"].contains(type) else {
            Issue.record("the watch was answered with \(event.text)")
            return
        }
        let revision = object.value(at: "metadata", "resourceVersion")?.stringValue.flatMap { Int64($0) } ?? 0
        let number = object.value(at: "data", "n")?.stringValue.flatMap { Int64($0) } ?? 0
        state.withLock { state in
            #expect(revision > state.last, "an event of revision \(revision) after one of \(state.last)")
            state.last = revision
            let name = Unstructured(object).name
            // Everybody's kube-root-ca.crt and the like are not the writers'.
            guard name.hasPrefix("w") else { return }
            state.events[name, default: []].append(type == "DELETED" ? -1 : number)
        }
    }
}
