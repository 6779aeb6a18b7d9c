import APIMachinery
import Schema
import Testing

/// Conversations about server-side apply, as a reference API server held them.
@Suite struct ApplyConformanceTests {
    static let kinds = ["widgets", "bases", "gadgets"]

    static let cases: [Conformance.Case] = ((try? Conformance.cases("apply-ssa")) ?? []).filter { item in
        item.steps.allSatisfy { step in
            let isObject: Bool = if case .object? = step.body { true } else { false }
            return isObject && kind(step) != nil && ["POST", "PATCH"].contains(step.verb)
        }
    }

    /// What a request is about.
    struct Target {
        var kind: String
        var version: String
        var name: String
        var subresource: String
        var query: [String: String]
    }

    static func kind(_ step: Conformance.Step) -> String? { kinds.first { step.path.contains("/\($0)") } }

    static func target(_ step: Conformance.Step) -> Target? {
        guard let kind = kind(step) else { return nil }
        let parts = step.path.split(separator: "?", maxSplits: 1)
        let segments = parts[0].split(separator: "/").map(String.init)
        guard let position = segments.firstIndex(of: kind), segments.count > 2 else { return nil }
        var query: [String: String] = [:]
        for pair in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1)
            query[String(halves[0])] = halves.count > 1 ? String(halves[1]) : ""
        }
        return Target(
            kind: kind,
            version: segments[2],
            name: segments.count > position + 1 ? segments[position + 1] : "",
            subresource: segments.count > position + 2 ? segments[position + 2] : "",
            query: query
        )
    }

    @Test("The recorded cases were found")
    func casesExist() { #expect(Self.cases.count > 30) }

    @Test("Applies and updates end as recorded", arguments: cases)
    func conversation(_ item: Conformance.Case) throws {
        var stored: JSONValue?
        for step in item.steps {
            let target = try #require(Self.target(step))
            let crd = try Conformance.fixture(target.kind)
            var types: [String: TypeSchema] = [:]
            var schemas: [String: CustomResourceSchema] = [:]
            for version in crd["spec"]?["versions"]?.arrayValue ?? [] {
                let schema = try CustomResourceSchema(json: version["schema"]?["openAPIV3Schema"] ?? .null)
                let name = version["name"]?.stringValue ?? ""
                schemas[name] = schema
                types["g.test/\(name)"] = TypeSchema(schema.structural)
            }
            let schema = try #require(schemas[target.version])
            let kind = crd["spec"]?["names"]?["kind"]?.stringValue ?? ""
            let fields = FieldManager(
                kind: GroupVersionKind(group: "g.test", version: target.version, kind: kind),
                subresource: target.subresource,
                types: types,
                resetFields: FieldManager.resetFields(subresource: target.subresource, hasStatus: true),
                defaults: { schema.fillDefaults($0) }
            )
            var body = try #require(step.body)
            stored?["apiVersion"] = .string("g.test/\(target.version)")
            // The recording was made within a second, so entries are ordered by their managers.
            let now = Timestamp(seconds: 1000)
            let manager = target.query["fieldManager"] ?? "conformance"
            var next: JSONValue
            do {
                if step.json["type"] == "apply" {
                    if target.query["fieldManager"].map(\.isEmpty) ?? true { return }
                    if target.query["fieldManager"].map({ $0.count > 128 || $0.contains("%") }) == true { return }
                    if body["metadata"]?["name"] == nil || body["metadata"]?["resourceVersion"] != nil { return }
                    if target.subresource == "status" && stored == nil { return }
                    let force = target.query["force"] == "true"
                    next = try fields.apply(body, to: stored, manager: manager, force: force, now: now).object
                } else {
                    if step.verb == "POST" { body.set(nil, at: ["metadata", "managedFields"]) }
                    let merged = step.verb == "POST" ? body : Self.mergePatch(stored ?? .null, body)
                    let coerced = schema.fillDefaults(try schema.coerce(merged).object)
                    next = fields.update(coerced, old: stored, manager: manager, now: now)
                }
            } catch let status as Status {
                Self.compare(status, step)
                continue
            }
            next = schema.fillDefaults(try schema.coerce(next).object)
            let verdict = stored.map { schema.validateUpdate(next, old: $0) } ?? schema.validateCreate(next)
            #expect(Cause.of(verdict.errors) == Cause.of(step.status), "\(step.testDescription)")
            guard verdict.errors.isEmpty else { continue }
            Self.compare(next, step)
            stored = next
        }
    }

    private static func compare(_ status: Status, _ step: Conformance.Step) {
        #expect(step.status?["code"]?.intValue == Int64(status.code), "\(step.testDescription): \(status)")
        if let message = step.status?["message"]?.stringValue { #expect(status.message == message) }
        if status.code == 409 {
            let causes = Set(
                (status.details?.causes ?? []).map { "\($0.reason ?? "") \($0.field ?? "") \($0.message ?? "")" }
            )
            let wanted = Cause.of(step.status).map { "\($0.reason) \($0.field) \($0.message)" }
            #expect(causes == Set(wanted))
        }
    }

    private static func compare(_ object: JSONValue, _ step: Conformance.Step) {
        let expected = step.json["expect"]
        let place = step.testDescription
        #expect(step.status == nil, "\(place)")
        if let body = expected?["body"] {
            #expect(object["spec"]?.text == body["spec"]?.text, "\(place)")
            #expect(object["status"]?.text == body["status"]?.text, "\(place)")
            compare(managed: object, body["metadata"]?["managedFields"], place)
        }
        for (pointer, want) in expected?["fields"]?.objectValue ?? [:] {
            if pointer == "/metadata/managedFields" {
                let manager = want[0]?["manager"]?.stringValue
                if manager != "my-tool" { compare(managed: object, want == "<absent>" ? nil : want, place) }
            } else if pointer.hasPrefix("/spec") || pointer == "/status" {
                let got = object.value(at: pointer.split(separator: "/").map(String.init))
                #expect(got?.text == want.text, "\(place) \(pointer)")
            }
        }
    }

    private static func compare(managed object: JSONValue, _ want: JSONValue?, _ place: String) {
        func plain(_ entries: JSONValue?) -> JSONValue {
            .array(
                (entries?.arrayValue ?? []).map { entry in
                    var entry = entry
                    if entry["time"] != nil { entry["time"] = "<time>" }
                    return entry
                }
            )
        }
        #expect(plain(object["metadata"]?["managedFields"]).text == plain(want).text, "\(place)")
    }

    private static func mergePatch(_ target: JSONValue, _ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = target.objectValue ?? [:]
        for (key, value) in changes {
            result[key] = value.isNull ? nil : mergePatch(result[key] ?? .null, value)
        }
        return .object(result)
    }
}
