public import APIMachinery
import Synchronization
import TestSupport

/// Something that can be created, with its schema and perhaps examples that are valid.
public struct FuzzTarget: Sendable {
    /// The collection, as `/apis/martinet.dev/v1alpha1/namespaces/default/workflows`.
    public var collection: String
    public var schema: JSONValue
    public var components: JSONValue
    public var examples: [JSONValue]

    /// A kind of object that can be created.
    public init(collection: String, schema: JSONValue, components: JSONValue = .null, kind: String) {
        self.collection = collection
        self.schema = schema
        self.components = components
        examples = FuzzExamples.objects[kind] ?? []
    }

    /// The custom resources whose definition the fuzzer makes.
    public static let things = FuzzTarget(
        collection: "/apis/fuzz.example/v1/namespaces/default/things",
        schema: FuzzExamples.schema,
        kind: "Thing"
    )

    var isNamespaced: Bool { collection.contains("/namespaces/") }
    var isDefinition: Bool { collection.hasSuffix("/customresourcedefinitions") }
}

/// Makes the requests of one seed. The same number makes the same request, but for the leases that it names.
public final class FuzzRequests: Sendable {
    /// A job that a runner of the fuzzer has.
    struct Lease: Sendable {
        var runner: String
        var pool: String
        var id: String
        var token: String
    }

    static let names = (0..<8).map { "f\($0)" }
    private static let oddNames = [
        "%2e%2e", "a%00b", "a%2fb", "%zz", "-", "F0", "f0%20", String(repeating: "n", count: 300), "f%C3%A4", "...",
    ]
    private static let mostLeases = 256
    private static let contentTypes = [
        "application/yaml", "application/vnd.kubernetes.protobuf", "text/plain", "application/json;charset=utf-8",
        "application/cbor", "", "application/merge-patch+json",
    ]
    private static let accepts = [
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "application/vnd.kubernetes.protobuf",
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", "application/yaml", "*/*", "text/html", "",
        "application/json;as=Table;v=v9;g=meta.k8s.io",
    ]

    let seed: UInt64
    let targets: [FuzzTarget]
    private let known: [FuzzTarget]
    let leases = Mutex<[Lease]>([])

    /// The requests of a seed over what can be created.
    public init(seed: UInt64, targets: [FuzzTarget]) {
        self.seed = seed
        self.targets = targets
        known = targets.filter { !$0.examples.isEmpty }
    }

    /// Notes jobs that an answer handed out.
    func take(_ answer: JSONValue, for request: FuzzRequest) {
        guard let jobs = answer["jobs"]?.arrayValue, !jobs.isEmpty else { return }
        // What cannot be read was not answered with jobs.
        guard let body = try? JSONValue(parsing: request.body), let runner = body["runner"]?.stringValue,
            let pool = body["pool"]?.stringValue
        else { return }
        leases.withLock { leases in
            for job in jobs {
                guard let id = job["id"]?.stringValue, let token = job["token"]?.stringValue else { continue }
                leases.append(Lease(runner: runner, pool: pool, id: id, token: token))
            }
            if leases.count > Self.mostLeases { leases.removeFirst(leases.count - Self.mostLeases) }
        }
    }

    /// The request of that number.
    public func request(_ number: Int) -> FuzzRequest {
        var random = SplitMix64(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(truncatingIfNeeded: number))
        _ = random.next()
        var request =
            switch random.next(below: 100) {
            case 0..<27: create(&random)
            case 27..<46: change(&random)
            case 46..<54: look(&random)
            case 54..<70: submission(&random)
            default: call(&random)
            }
        if random.chance(2) { request.contentType = random.pick(Self.contentTypes) }
        if random.chance(4) { request.accept = random.pick(Self.accepts) }
        if random.chance(1) { request.caller = random.pick([.stranger, .nobody]) }
        if random.chance(3), !request.body.isEmpty {
            for _ in 0...random.next(below: 3) {
                request.body[random.next(below: request.body.count)] = UInt8(random.next(below: 256))
            }
        }
        if random.chance(1), random.chance(20) {
            let bracket = random.pick(["[", "{\"a\":", "[["])
            request.body = Array(String(repeating: bracket, count: random.pick([520, 10_000, 200_000])).utf8)
        }
        return request
    }

    // MARK: Objects

    private func target(_ random: inout SplitMix64) -> FuzzTarget {
        random.chance(80) && !known.isEmpty ? random.pick(known) : random.pick(targets)
    }

    private func name(_ random: inout SplitMix64) -> String {
        random.chance(2) ? random.pick(Self.oddNames) : random.pick(Self.names)
    }

    private func object(_ target: FuzzTarget, named name: String, _ random: inout SplitMix64) -> JSONValue {
        let fuzzer = SchemaFuzzer(components: target.components)
        var object = target.examples.isEmpty ? fuzzer.value(target.schema, &random) : random.pick(target.examples)
        if target.isDefinition {
            // Its name follows from its group and its plural, and half of the time it is the one that has objects.
            let plural = random.chance(50) ? "things" : "things\(name)"
            object.set(.string("\(plural).fuzz.example"), at: ["metadata", "name"])
            object.set(.string(plural), at: ["spec", "names", "plural"])
        } else {
            object["metadata"] = .object(["name": .string(name)])
        }
        if target.collection.hasSuffix("/workflows"), random.chance(50) {
            object = FuzzWorkflows.make(&random)
            object["metadata"] = .object(["name": .string(name)])
            if random.chance(60) { return object }
        }
        for _ in 0..<random.next(below: 4) { object = fuzzer.mutated(object, target.schema, &random) }
        return object
    }

    private func create(_ random: inout SplitMix64) -> FuzzRequest {
        let target = target(&random)
        let object = object(target, named: name(&random), &random)
        return FuzzRequest(port: .api, method: "POST", path: target.collection + query(&random), body: object)
    }

    private func change(_ random: inout SplitMix64) -> FuzzRequest {
        let target = target(&random)
        var name = name(&random)
        let object = object(target, named: name, &random)
        if target.isDefinition { name = object.value(at: "metadata", "name")?.stringValue ?? name }
        guard Self.isSafe(name) else { return create(&random) }
        let parts = ["/status", "/scale", "/cancel", "/retry", "/binding", "/eviction"]
        let part = random.chance(20) ? random.pick(parts) : ""
        let path = "\(target.collection)/\(name)\(part)"
        if random.chance(8) {
            // A collection of the whole plane holds more than the fuzzer's own.
            let isAll = target.isNamespaced && random.chance(3)
            return FuzzRequest(port: .api, method: "DELETE", path: (isAll ? target.collection : path) + query(&random))
        }
        if random.chance(20) || part == "/cancel" || part == "/retry" || part == "/binding" || part == "/eviction" {
            let method = part.isEmpty || part == "/status" || part == "/scale" ? "PUT" : "POST"
            return FuzzRequest(port: .api, method: method, path: path, body: object)
        }
        return patch(path, object, &random)
    }

    /// Whether the name, which an earlier mutation may have changed, can stand in a request line.
    private static func isSafe(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private func patch(_ path: String, _ object: JSONValue, _ random: inout SplitMix64) -> FuzzRequest {
        var request = FuzzRequest(port: .api, method: "PATCH", path: path + "?fieldManager=fuzz", body: object)
        switch random.next(below: 4) {
        case 0: request.contentType = "application/merge-patch+json"
        case 1: request.contentType = "application/strategic-merge-patch+json"
        case 2:
            request.contentType = "application/apply-patch+yaml"
            if random.chance(70) { request.path += "&force=true" }
        default:
            request.contentType = "application/json-patch+json"
            request.body = jsonPatch(object, &random).bytes
        }
        return request
    }

    private func jsonPatch(_ object: JSONValue, _ random: inout SplitMix64) -> JSONValue {
        let fuzzer = SchemaFuzzer()
        let paths = [
            "/spec", "/spec/replicas", "/metadata/labels", "/spec/steps/0", "/spec/steps/-", "/metadata/finalizers",
            "/spec/steps/9223372036854775807", "/spec/template/spec/containers/0/image", "", "/~2", "/a/b", "/status",
            "/metadata/managedFields", "/spec/steps/00", "/data/a",
        ]
        return .array(
            (0..<1 + random.next(below: 3)).map { _ in
                let path = random.pick(paths)
                return [
                    "op": .string(random.pick(["add", "replace", "remove", "test", "copy", "move", "x"])),
                    "path": .string(path), "from": .string(random.pick(["/spec", "/metadata", path])),
                    "value": random.chance(50) ? object["spec"] ?? 1 : fuzzer.anything(&random),
                ]
            }
        )
    }

    private func look(_ random: inout SplitMix64) -> FuzzRequest {
        if random.chance(15) { return lookOverHTTP(&random) }
        let target = target(&random)
        let one = "\(target.collection)/\(name(&random))"
        let paths = [
            target.collection, target.collection, one, one, "\(one)/status", "\(one)/scale", "\(one)/log",
            target.collection.replacing("/namespaces/default", with: ""),
        ]
        var request = FuzzRequest(port: .api, method: "GET", path: random.pick(paths) + query(&random))
        if random.chance(40) { request.accept = random.pick(Self.accepts) }
        return request
    }

    private func lookOverHTTP(_ random: inout SplitMix64) -> FuzzRequest {
        let root = "/api/v1/namespaces/default"
        let number = random.pick(FuzzValues.integers)
        let paths = [
            "\(root)/runs?limit=\(number)", "\(root)/runs?continue=\(number)", "\(root)/runs?phase=Failed,Running",
            "\(root)/runs?since=0000-01-01T00:00:00Z", "\(root)/runs?label=a=b", "\(root)/queues",
            "\(root)/queues/fuzz",
            "\(root)/queues/fuzz/deadletters?limit=\(number)", "/metrics", "/readyz", "/health", "/livez/x",
            "\(root)/x",
            "\(root)/runs/\(name(&random))", "\(root)/runs/\(name(&random))/logs",
        ]
        return FuzzRequest(port: .http, method: "GET", path: random.pick(paths))
    }

    private func query(_ random: inout SplitMix64) -> String {
        guard random.chance(25) else { return "" }
        let numbers = FuzzValues.integers.map { String($0) } + ["1e300", "-", "x", "", "0s", "1ns", "-1s"]
        let name = random.pick([
            "limit", "resourceVersion", "resourceVersionMatch", "continue", "timeoutSeconds", "gracePeriodSeconds",
            "labelSelector", "fieldSelector", "dryRun", "fieldValidation", "pretty", "propagationPolicy", "watch=1&x",
            "order", "brief", "tailLines", "sinceSeconds", "limitBytes", "sendInitialEvents", "fieldManager",
        ])
        let words = ["All", "Strict", "Exact", "a%3Db", "%zz", "!a", "a%20in%20%28b", "metadata.name%3Df0", "newest"]
        return "?\(name)=\(random.chance(60) ? random.pick(numbers) : random.pick(words))"
    }
}
