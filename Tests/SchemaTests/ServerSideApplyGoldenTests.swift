import APIMachinery
import Schema
import TestSupport
import Testing

/// Sequences of applies and updates on one object, as the reference implementation made them.
@Suite struct ServerSideApplyGoldenTests {
    static let cases = (try? Golden.cases("ssa.json")) ?? []

    @Test("The vectors were found")
    func casesExist() { #expect(Self.cases.count > 50) }

    @Test("Objects and ownership after every operation", arguments: cases)
    func sequence(_ item: Golden.Case) throws {
        let about = try Golden.document("ssa.json")["about"]
        let schema = try CustomResourceSchema(json: about?["schema"] ?? .null)
        var object: JSONValue?
        let wants = item.want.arrayValue ?? []
        for (index, operation) in (item["ops"]?.arrayValue ?? []).enumerated() {
            let want = wants[index]
            let subresource = operation["subresource"]?.stringValue ?? ""
            let now = Timestamp(seconds: Int64(index + 1))
            let fields = FieldManager(
                kind: GroupVersionKind(group: "example.dev", version: "v1", kind: "Widget"),
                subresource: subresource,
                types: ["example.dev/v1": TypeSchema(schema.structural)],
                resetFields: FieldManager.resetFields(subresource: subresource, hasStatus: true),
                defaults: { schema.fillDefaults($0) }
            )
            let manager = operation["manager"]?.stringValue ?? ""
            do {
                var next: JSONValue
                if operation["op"] == "apply" {
                    next = try fields.apply(
                        operation["object"] ?? .null,
                        to: object,
                        manager: manager,
                        force: operation["force"] == true,
                        now: now
                    ).object
                    next = Self.reset(next, object, subresource)
                } else {
                    var given = operation["object"] ?? Self.mergePatch(object ?? .null, operation["patch"] ?? .null)
                    given = schema.fillDefaults(try schema.coerce(given).object)
                    given = Self.reset(given, object, subresource)
                    next = fields.update(given, old: object, manager: manager, now: now)
                }
                #expect(want["error"] == nil && want["conflicts"] == nil, "\(item.id) op \(index + 1)")
                Self.expect(next, want, "\(item.id) op \(index + 1)")
                object = next
            } catch let status as Status {
                let place = "\(item.id) op \(index + 1): \(status)"
                if let conflicts = want["conflicts"]?.arrayValue {
                    let got = Set((status.details?.causes ?? []).map { $0.field ?? "" })
                    #expect(got == Set(conflicts.map { $0["field"]?.stringValue ?? "" }), "\(place)")
                    if let message = want["message"]?.stringValue { #expect(status.message == message, "\(place)") }
                    #expect(status.code == 409)
                } else {
                    #expect(want["error"]?["code"]?.intValue == Int64(status.code), "\(place)")
                    #expect(want["error"]?["message"]?.stringValue == status.message, "\(place)")
                }
            }
        }
    }

    private static func expect(_ object: JSONValue, _ want: JSONValue, _ place: String) {
        var bare = object
        bare.set(nil, at: ["metadata", "managedFields"])
        #expect(bare.text == want["object"]?.text, "\(place)")
        let entries = (object["metadata"]?["managedFields"]?.arrayValue ?? []).map { entry in
            var shown: JSONValue = [
                "manager": entry["manager"] ?? .null, "operation": entry["operation"] ?? .null,
                "fields": entry["fieldsV1"] ?? .null,
            ]
            shown["subresource"] = entry["subresource"]
            let time = entry["time"]?.stringValue.flatMap { Timestamp(rfc3339: $0) }
            shown["time"] = time.map { .int($0.seconds) }
            return shown
        }
        #expect(JSONValue.array(entries).text == want["managedFields"]?.text, "\(place)")
    }

    /// What the status subresource of a custom resource does to every write.
    private static func reset(_ new: JSONValue, _ old: JSONValue?, _ subresource: String) -> JSONValue {
        var result = new
        if subresource == "status" {
            result = old ?? new
            result["status"] = new["status"]
            result.set(new["metadata"]?["managedFields"], at: ["metadata", "managedFields"])
        } else {
            result["status"] = old?["status"]
        }
        return result
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
