import APIMachinery
import TestSupport

/// Makes values that a schema allows, nearly allows, and does not allow: mostly whole, with an extreme here and there.
struct SchemaFuzzer {
    /// What `$ref` leads to: the schemas of an OpenAPI document by name.
    var components: JSONValue = .null

    /// The schema itself where it is a reference.
    func resolve(_ schema: JSONValue) -> JSONValue {
        var schema = schema
        for _ in 0..<8 {
            if let all = schema["allOf"]?.arrayValue, all.count == 1 { schema = all[0] }
            guard let reference = schema["$ref"]?.stringValue else { return schema }
            schema = components[String(reference.split(separator: "/").last ?? "")] ?? .null
        }
        return schema
    }

    /// A value that the schema allows, with its required members and some others.
    func value(_ schema: JSONValue, _ random: inout SplitMix64, depth: Int = 0) -> JSONValue {
        let schema = resolve(schema)
        if let options = schema["enum"]?.arrayValue, !options.isEmpty { return random.pick(options) }
        if let fallback = schema["default"], random.chance(30) { return fallback }
        if schema["x-kubernetes-int-or-string"]?.boolValue == true {
            return random.pick([1, "25%", "1", 0, "100m", "1Gi"])
        }
        switch schema["type"]?.stringValue {
        case "object": return object(schema, &random, depth)
        case "array":
            let items = schema["items"] ?? .null
            let least = Int(clamping: schema["minItems"]?.intValue ?? 0)
            let count = depth > 6 ? 0 : max(least, random.next(below: 3))
            return .array((0..<min(count, 4)).map { _ in value(items, &random, depth: depth + 1) })
        case "integer": return .int(integer(schema, &random))
        case "number": return .double(Double(integer(schema, &random)) + random.pick([0, 0.5, 0.001]))
        case "boolean": return .bool(random.chance(50))
        case "string": return .string(string(schema, &random))
        default: return anything(&random, depth: depth)
        }
    }

    private func object(_ schema: JSONValue, _ random: inout SplitMix64, _ depth: Int) -> JSONValue {
        var result: JSONObject = [:]
        let required = Set((schema["required"]?.arrayValue ?? []).compactMap(\.stringValue))
        for (name, property) in schema["properties"]?.objectValue ?? [:] {
            guard required.contains(name) || depth < 6 && random.chance(20) else { continue }
            result[name] = value(property, &random, depth: depth + 1)
        }
        if let more = schema["additionalProperties"], depth < 6, random.chance(50) {
            result[random.pick(["a", "b.c/d", "key", ""])] = value(more, &random, depth: depth + 1)
        }
        if schema["x-kubernetes-preserve-unknown-fields"]?.boolValue == true, random.chance(50) {
            result["extra"] = anything(&random, depth: depth + 1)
        }
        return .object(result)
    }

    private func integer(_ schema: JSONValue, _ random: inout SplitMix64) -> Int64 {
        let low = schema["minimum"]?.intValue ?? 0
        let high = max(low, schema["maximum"]?.intValue ?? max(low, 100))
        let span = min(high.subtractingReportingOverflow(low).partialValue, 1000)
        return low &+ Int64(random.next(below: Int(clamping: max(1, span))))
    }

    private func string(_ schema: JSONValue, _ random: inout SplitMix64) -> String {
        switch schema["format"]?.stringValue {
        case "date-time": "2027-01-15T08:00:00Z"
        case "quantity": random.pick(["1", "100m", "1Gi"])
        case "byte": "AAAA"
        default: random.pick(["a", "fuzz", "default", "x1", "noop", "1", "true"])
        }
    }

    /// JSON of any shape, now and then deep.
    func anything(_ random: inout SplitMix64, depth: Int = 0) -> JSONValue {
        switch random.next(below: depth > 4 ? 6 : 9) {
        case 0: return .null
        case 1: return .bool(random.chance(50))
        case 2: return .int(random.pick(FuzzValues.integers))
        case 3: return .double(random.pick(FuzzValues.doubles))
        case 4, 5: return .string(text(&random))
        case 6: return .array((0..<random.next(below: 4)).map { _ in anything(&random, depth: depth + 1) })
        case 7:
            var object: JSONObject = [:]
            for _ in 0..<random.next(below: 4) {
                object[random.pick(FuzzValues.strings)] = anything(&random, depth: depth + 1)
            }
            return .object(object)
        default:
            let depths = [60, 100, 199, 200, 201, 250, 256, 257, 500, 508, 600]
            return random.chance(20) ? FuzzValues.nested(random.pick(depths)) : .array([])
        }
    }

    private func text(_ random: inout SplitMix64) -> String {
        random.pick(random.chance(30) ? FuzzValues.expressions : FuzzValues.strings)
    }

    /// The value with one place in it changed: the place is found by walking down the schema.
    func mutated(_ value: JSONValue, _ schema: JSONValue, _ random: inout SplitMix64, depth: Int = 0) -> JSONValue {
        let schema = resolve(schema)
        if random.chance(3) { return anything(&random) }
        if depth < 12, let properties = schema["properties"]?.objectValue, !properties.isEmpty {
            return changedMember(value.objectValue ?? [:], properties, &random, depth)
        }
        if depth < 12, let items = schema["items"], let list = value.arrayValue {
            return .array(changedElement(list, items, &random, depth))
        }
        // Free-form values, which the schema says nothing about, are walked as they are.
        if depth < 12, schema["type"]?.stringValue ?? "object" == "object", random.chance(70),
            var object = value.objectValue, let key = object.keys.isEmpty ? nil : random.pick(object.keys)
        {
            let inner = schema["additionalProperties"] ?? .null
            object[key] = mutated(object[key] ?? .null, inner, &random, depth: depth + 1)
            return .object(object)
        }
        if depth < 12, schema["type"] == nil, let list = value.arrayValue, !list.isEmpty {
            return .array(changedElement(list, .null, &random, depth))
        }
        return extreme(schema, &random)
    }

    private func changedMember(
        _ object: JSONObject,
        _ properties: JSONObject,
        _ random: inout SplitMix64,
        _ depth: Int
    ) -> JSONValue {
        var object = object
        // What is there already is worth more than what could be.
        let present = object.keys.filter { properties[$0] != nil }
        let name = !present.isEmpty && random.chance(60) ? random.pick(present) : random.pick(properties.keys)
        switch random.next(below: 100) {
        case 0..<4: object[name] = nil
        case 4: object[random.pick(FuzzValues.strings)] = anything(&random)
        default:
            let property = properties[name] ?? .null
            if let old = object[name] {
                object[name] = mutated(old, property, &random, depth: depth + 1)
            } else {
                let fresh = self.value(property, &random, depth: depth + 1)
                object[name] = random.chance(50) ? fresh : mutated(fresh, property, &random, depth: depth + 1)
            }
        }
        return .object(object)
    }

    private func changedElement(
        _ list: [JSONValue],
        _ items: JSONValue,
        _ random: inout SplitMix64,
        _ depth: Int
    ) -> [JSONValue] {
        guard !list.isEmpty else { return [value(items, &random, depth: depth + 1)] }
        var list = list
        switch random.next(below: 20) {
        case 0, 1: list.append(value(items, &random, depth: depth + 1))
        case 2: list.append(random.pick(list))
        case 3: list = Array(repeating: random.pick(list), count: random.pick([0, 0, 20, 100, 1000]))
        default:
            let index = random.next(below: list.count)
            list[index] = mutated(list[index], items, &random, depth: depth + 1)
        }
        return list
    }

    /// A value at the edge of what the schema's type can hold, or beyond.
    private func extreme(_ schema: JSONValue, _ random: inout SplitMix64) -> JSONValue {
        if random.chance(25) { return value(schema, &random) }
        let bounds = [schema["minimum"], schema["maximum"]].compactMap { $0?.intValue }
        if !bounds.isEmpty, random.chance(40) {
            return .int(random.pick(bounds) &+ random.pick([-1, 0, 1]))
        }
        switch schema["type"]?.stringValue {
        case "integer", "number":
            return random.chance(50)
                ? .int(random.pick(FuzzValues.integers)) : .double(random.pick(FuzzValues.doubles))
        case "string": return .string(text(&random))
        default: return anything(&random)
        }
    }
}
