public import APIMachinery
public import KubeClient
private import Synchronization

/// A small API server in memory, for tests of clients: objects with versions, lists, watches, merge patches, graceful
/// deletion of Pods, bindings. It validates nothing.
public final class MemoryAPI: APITransport {
    private struct Watch {
        var collection: String
        var namespace: String
        var selectors: [(path: [String], value: String)]
        var stream: AsyncThrowingStream<[UInt8], any Error>.Continuation
    }

    private struct State {
        var version: Int64 = 1
        var objects: [String: Unstructured] = [:]
        var history: [(version: Int64, type: String, key: String, object: Unstructured)] = []
        var watches: [Int: Watch] = [:]
        var nextWatch = 0
        var requests: [APIRequest] = []
        var fault: (@Sendable (APIRequest) -> Status?)?
    }

    private let state = Mutex(State())
    private let time: any TimeSource

    /// An empty server.
    public init(time: any TimeSource = .system) { self.time = time }

    /// A client of this server.
    public func client(time: (any TimeSource)? = nil) -> KubeClient {
        KubeClient(
            ClientConfiguration(server: "https://memory.invalid"),
            transport: self,
            retry: .never,
            time: time ?? self.time,
            random: { 0.5 }
        )
    }

    /// What was asked so far.
    public var requests: [APIRequest] { state.withLock { $0.requests } }

    /// Has matching requests fail, until it is set to `nil`.
    public func setFault(_ fault: (@Sendable (APIRequest) -> Status?)?) { state.withLock { $0.fault = fault } }

    /// Breaks all watches off, as a lost connection does.
    public func breakWatches() {
        let watches = state.withLock { state in
            defer { state.watches = [:] }
            return state.watches.values.map(\.stream)
        }
        for watch in watches { watch.finish(throwing: TransportError(.interrupted, "broken by the test")) }
    }

    /// Forgets the history, so that watches from before answer 410.
    public func compact() { state.withLock { $0.history = [] } }

    public func shutdown() async {}

    public func send(_ request: APIRequest) async throws -> APIResponse {
        try Task.checkCancellation()
        let fault = state.withLock { state in
            state.requests.append(request)
            return state.fault
        }
        do {
            if let status = fault?(request) { throw status }
            return try answer(request)
        } catch let status as Status {
            return Self.response(status.code, status.json)
        }
    }

    private static func response(_ code: Int, _ json: JSONValue) -> APIResponse {
        APIResponse(status: code, headers: [:], body: ScriptedTransport.body(json.bytes))
    }

    private func answer(_ request: APIRequest) throws -> APIResponse {
        let target = try Target(request.path)
        let body = try request.body.map { try JSONValue(parsing: $0) } ?? .null
        let query = Dictionary(request.query.map { ($0.name, $0.value) }) { $1 }
        return try state.withLock { state in
            switch (request.method, target.name) {
            case (.get, nil) where query["watch"] == "true":
                return try watch(target, query, &state)
            case (.get, nil):
                let selectors = Self.selectors(query)
                let items = state.objects.filter { target.contains($0.key, $0.value) }.values
                    .filter { Self.matches($0, selectors) }
                    .sorted { $0.namespacedName < $1.namespacedName }
                return Self.response(
                    200,
                    [
                        "apiVersion": "v1", "kind": "List",
                        "metadata": ["resourceVersion": .string(String(state.version))],
                        "items": .array(items.map(\.json)),
                    ]
                )
            case (.get, .some): return Self.response(200, try find(target, state).json)
            case (.post, nil): return Self.response(201, try create(target, Unstructured(body), &state).json)
            case (.post, .some):
                var object = try find(target, state)
                if target.subresource == "binding" {
                    object.json.set(body["target"]?["name"], at: ["spec", "nodeName"])
                }
                return Self.response(201, write(target, object, &state).json)
            case (.put, _):
                let old = try find(target, state)
                var new = Unstructured(body)
                if !new.resourceVersion.isEmpty, new.resourceVersion != old.resourceVersion {
                    throw Status.modified(target.resource, name: old.name)
                }
                if target.subresource == "status" {
                    new.json = old.json
                    new.json["status"] = body["status"]
                }
                return Self.response(200, write(target, new, &state).json)
            case (.patch, _):
                var object = try find(target, state)
                Self.merge(body, into: &object.json)
                return Self.response(200, write(target, object, &state).json)
            case (.delete, _): return Self.response(200, try delete(target, body, &state))
            }
        }
    }

    /// The parts of a request's path.
    private struct Target {
        var collection: String
        var resource: GroupResource
        var namespace = ""
        var name: String?
        var subresource: String?

        init(_ path: String) throws {
            var parts = path.split(separator: "/").map(String.init)
            let prefix = parts.first == "api" ? 2 : 3
            guard parts.count > prefix else { throw Status.badRequest("no resource in \(path)") }
            let group = parts.prefix(prefix)
            parts.removeFirst(prefix)
            if parts[0] == "namespaces", parts.count > 2 {
                namespace = parts[1]
                parts.removeFirst(2)
            }
            collection = (group + [parts[0]]).joined(separator: "/")
            resource = GroupResource(group: prefix == 3 ? group[1] : "", resource: parts[0])
            if parts.count > 1 { name = parts[1] }
            if parts.count > 2 { subresource = parts[2] }
        }

        var key: String { "\(collection)|\(namespace)|\(name ?? "")" }

        func contains(_ key: String, _ object: Unstructured) -> Bool {
            key.hasPrefix("\(collection)|") && (namespace.isEmpty || object.namespace == namespace)
        }
    }

    private func find(_ target: Target, _ state: borrowing State) throws -> Unstructured {
        guard let object = state.objects[target.key] else {
            throw Status.notFound(target.resource, name: target.name ?? "")
        }
        return object
    }

    private func create(_ target: Target, _ object: Unstructured, _ state: inout State) throws -> Unstructured {
        var (target, object) = (target, object)
        if object.name.isEmpty { object.name = "\(object.generateName)\(state.version)" }
        object.namespace = target.namespace
        target.name = object.name
        if state.objects[target.key] != nil { throw Status.alreadyExists(target.resource, name: object.name) }
        // Unlike any other server's, because processes are marked with it.
        object.uid = "uid-\(state.version)-\(String(UInt64.random(in: 0 ... .max), radix: 16))"
        object.creationTimestamp = time.now
        return write(target, object, &state)
    }

    private func write(_ target: Target, _ object: Unstructured, _ state: inout State) -> Unstructured {
        var object = object
        // A write that changes nothing makes no version, as on the real server.
        if let old = state.objects[target.key], old == object { return old }
        let type = state.objects[target.key] == nil ? "ADDED" : "MODIFIED"
        state.version += 1
        object.resourceVersion = String(state.version)
        state.objects[target.key] = object
        tell(type, target.key, object, &state)
        return object
    }

    private func delete(_ target: Target, _ body: JSONValue, _ state: inout State) throws -> JSONValue {
        var object = try find(target, state)
        if let uid = body["preconditions"]?["uid"]?.stringValue, uid != object.uid {
            throw Status.conflict(target.resource, name: object.name, "the UID does not match")
        }
        let grace =
            body["gracePeriodSeconds"]?.intValue
            ?? object.json.value(at: "spec", "terminationGracePeriodSeconds")?.intValue ?? 30
        let isScheduledPod =
            target.resource.resource == "pods" && object.json.value(at: "spec", "nodeName")?.stringValue != nil
        if isScheduledPod, grace > 0 {
            if object.deletionTimestamp == nil {
                object.deletionTimestamp = time.now.advanced(by: .seconds(grace))
                object.deletionGracePeriodSeconds = grace
                object = write(target, object, &state)
            }
            return object.json
        }
        state.version += 1
        object.resourceVersion = String(state.version)
        state.objects[target.key] = nil
        tell("DELETED", target.key, object, &state)
        return object.json
    }

    private func tell(_ type: String, _ key: String, _ object: Unstructured, _ state: inout State) {
        state.history.append((state.version, type, key, object))
        let collection = key.prefix { $0 != "|" }
        for watch in state.watches.values
        where collection == watch.collection && (watch.namespace.isEmpty || watch.namespace == object.namespace)
            && Self.matches(object, watch.selectors)
        {
            watch.stream.yield(Self.line(type, object))
        }
    }

    private func watch(_ target: Target, _ query: [String: String], _ state: inout State) throws -> APIResponse {
        let from = query["resourceVersion"].flatMap { Int64($0) } ?? state.version
        if from < state.version, state.history.first.map({ $0.version > from + 1 }) ?? true {
            throw Status.gone("too old resource version: \(from) (\(state.version))")
        }
        let (stream, continuation) = AsyncThrowingStream<[UInt8], any Error>.makeStream()
        let selectors = Self.selectors(query)
        for change in state.history
        where change.version > from && target.contains(change.key, change.object)
            && Self.matches(change.object, selectors)
        {
            continuation.yield(Self.line(change.type, change.object))
        }
        let id = state.nextWatch
        state.nextWatch += 1
        state.watches[id] = Watch(
            collection: target.collection,
            namespace: target.namespace,
            selectors: selectors,
            stream: continuation
        )
        return APIResponse(status: 200, headers: [:], body: stream)
    }

    private static func line(_ type: String, _ object: Unstructured) -> [UInt8] {
        (["type": .string(type), "object": object.json] as JSONValue).bytes + [UInt8(ascii: "\n")]
    }

    /// Field selectors and equality-based label selectors, as paths and values.
    private static func selectors(_ query: [String: String]) -> [(path: [String], value: String)] {
        func pairs(_ text: String?) -> [(String, String)] {
            (text ?? "").split(separator: ",").compactMap {
                let parts = $0.split(separator: "=", omittingEmptySubsequences: false)
                return parts.count >= 2 ? (String(parts[0]), String(parts[parts.count - 1])) : nil
            }
        }
        return pairs(query["fieldSelector"]).map { ($0.0.split(separator: ".").map(String.init), $0.1) }
            + pairs(query["labelSelector"]).map { (["metadata", "labels", $0.0], $0.1) }
    }

    private static func matches(_ object: Unstructured, _ selectors: [(path: [String], value: String)]) -> Bool {
        selectors.allSatisfy { (object.json.value(at: $0.path)?.stringValue ?? "") == $0.value }
    }

    private static func merge(_ patch: JSONValue, into value: inout JSONValue) {
        guard let members = patch.objectValue else {
            value = patch
            return
        }
        if value.objectValue == nil { value = .object([:]) }
        for (key, change) in members {
            if change.isNull {
                value[key] = nil
            } else {
                var child = value[key] ?? .null
                merge(change, into: &child)
                value[key] = child
            }
        }
    }
}
