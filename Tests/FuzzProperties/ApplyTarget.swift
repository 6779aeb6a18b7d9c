import APIMachinery
import Schema
import TestSupport

extension FuzzTarget {
    /// Server-side apply: an operation on one object a line, as in the golden vectors; and sets of fields.
    static let apply = FuzzTarget(
        name: "apply",
        seeds: {
            try Golden.cases("ssa.json").flatMap { vector -> [[UInt8]] in
                let operations = (vector["ops"]?.arrayValue ?? []).map(\.text)
                let fields = (vector.want[0]?["managedFields"]?.arrayValue ?? []).compactMap { $0["fields"]?.text }
                return [Array(operations.joined(separator: "\n").utf8)] + fields.map { seed($0, fields[0]) }
            }
        },
        check: { bytes in
            let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 12).compactMap {
                try? JSONValue(parsing: $0)
            }
            try checkSets(lines)
            for types in [try widget.get(), .deduced, .untyped] {
                var object: JSONValue?
                for (index, operation) in lines.enumerated() where operation["op"] != nil {
                    object = try step(operation, object, types, Timestamp(seconds: Int64(index + 1)))
                }
            }
        }
    )

    private static let widget = Result {
        TypeSchema(
            try CustomResourceSchema(json: Golden.document("ssa.json")["about"]?["schema"] ?? .null).structural
        )
    }

    private static func step(
        _ operation: JSONValue,
        _ object: JSONValue?,
        _ types: TypeSchema,
        _ now: Timestamp
    ) throws -> JSONValue? {
        let subresource = operation["subresource"]?.stringValue ?? ""
        let fields = FieldManager(
            kind: GroupVersionKind(group: "example.dev", version: "v1", kind: "Widget"),
            subresource: subresource,
            types: ["example.dev/v1": types],
            resetFields: FieldManager.resetFields(subresource: subresource, hasStatus: true)
        )
        let manager = operation["manager"]?.stringValue ?? "m"
        let given = operation["object"] ?? [:]
        guard operation["op"] == "apply" else {
            guard case .object = given else { return object }
            let new = fields.update(given, old: object, manager: manager, now: now)
            try checkManagedFields(new)
            return new
        }
        let force = operation["force"] == true
        guard let once = try? fields.apply(given, to: object, manager: manager, force: force, now: now) else {
            return object
        }
        try checkManagedFields(once.object)
        // Whoever applies the same again has nothing to fear, and changes nothing.
        let twice = try expectSuccess("the same cannot be applied again") {
            try fields.apply(given, to: once.object, manager: manager, now: now)
        }
        try expect(
            bare(twice.object) == bare(once.object),
            "applied twice, \(bare(once.object).text) becomes \(bare(twice.object).text)"
        )
        // An object that nobody owns counts as one from before ownership was kept.
        try expect(
            owned(twice.object) == owned(once.object) || owned(once.object).isEmpty,
            "applied twice, the ownership \(owned(once.object)) becomes \(owned(twice.object))"
        )
        return once.object
    }

    private static func bare(_ object: JSONValue) -> JSONValue {
        var object = object
        object.set(nil, at: ["metadata", "managedFields"])
        return withoutEmpty(object)
    }

    /// Nobody owns an empty list or object, so that the reference removes one at times and puts it back the next time.
    private static func withoutEmpty(_ value: JSONValue) -> JSONValue {
        switch value {
        case .array(let elements): return .array(elements.map(withoutEmpty))
        case .object(let members):
            return .object(
                members.compactMapValues { _, member in
                    let rest = withoutEmpty(member)
                    return rest == [] || rest == [:] ? nil : rest
                }
            )
        default: return value
        }
    }

    private static func owned(_ object: JSONValue) -> [String: FieldSet] {
        let managed = (try? ManagedFields(json: object["metadata"]?["managedFields"])) ?? ManagedFields()
        return Dictionary(
            managed.entries.map { ("\($0.key.name) \($0.key.operation) \($0.key.subresource)", $0.value.fields) },
            uniquingKeysWith: { $0.union($1) }
        )
    }

    /// What is written about ownership can be read, and is written the same again.
    private static func checkManagedFields(_ object: JSONValue) throws {
        let json = object["metadata"]?["managedFields"]
        guard case .array? = json else { return }
        let managed = try expectSuccess("the managed fields cannot be read: \(json?.text ?? "")") {
            try ManagedFields(json: json)
        }
        try expect(managed.json == json, "\(json?.text ?? "") is written as \(managed.json?.text ?? "")")
    }

    /// Sets of paths obey the laws of sets.
    private static func checkSets(_ lines: [JSONValue]) throws {
        let sets = lines.compactMap { try? FieldSet(fieldsV1: $0) }
        for set in sets {
            let again = try expectSuccess("\(set.fieldsV1.text) cannot be read") {
                try FieldSet(fieldsV1: set.fieldsV1)
            }
            try expect(again == set, "\(set.fieldsV1.text) is read as \(again.fieldsV1.text)")
            try expect(FieldSet(set.paths) == set, "the paths of \(set) make another set")
            try expect(set.paths.allSatisfy(set.contains), "\(set) does not contain its paths")
            try expect(set.union(set) == set && set.intersection(set) == set, "\(set) is not itself")
            try expect(set.subtracting(set).isEmpty, "\(set) without itself is not empty")
        }
        guard sets.count >= 2 else { return }
        let (a, b) = (sets[0], sets[1])
        try expect(a.union(b) == b.union(a), "the union of \(a) and \(b) depends on their order")
        try expect(a.intersection(b) == b.intersection(a), "what \(a) and \(b) share depends on their order")
        try expect(a.subtracting(b).intersection(b).isEmpty, "\(a) without \(b) has still some of it")
        try expect(
            a.subtracting(b).union(a.intersection(b)) == a,
            "\(a) is not what it shares with \(b) and what it does not"
        )
    }
}
