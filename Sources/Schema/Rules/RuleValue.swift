internal import APIMachinery
internal import Expressions

/// Values as rules see them: typed by their schema, fields under their escaped names
/// (`k8s.io/apiserver/pkg/cel/common/valuesunstructured.go`).
enum RuleValue {
    /// The value that a rule gets for some JSON.
    static func make(_ json: JSONValue, _ schema: StructuralSchema, isResourceRoot: Bool = false) -> CELValue {
        if schema.isIntOrString { return CELValue(json: json) }
        switch (schema.type, json) {
        case ("object", .object(let members)):
            return .map(
                CELMap(RuleObject(members, schema, isResourceRoot: isResourceRoot || schema.isEmbeddedResource))
            )
        case ("array", .array(let elements)):
            guard let items = schema.items else { return CELValue(json: json) }
            return .list(CELList(RuleList(elements, items, schema)))
        case ("string", .string(let text)): return string(text, format: schema.formatName)
        case ("number", .int(let number)): return .double(Double(number))
        default: return CELValue(json: json)
        }
    }

    private static func string(_ text: String, format: String) -> CELValue {
        switch format {
        case "duration": if let value = TimeFormats.duration(text) { return .duration(nanoseconds: value) }
        case "date": if let value = Timestamp(rfc3339: text + "T00:00:00Z") { return CELValue(timestamp: value) }
        case "date-time": if let value = Timestamp(rfc3339: text) { return CELValue(timestamp: value) }
        case "byte": if let value = Base64.decode(text, allowing: [.urlSafe, .strayPadding]) { return .bytes(value) }
        default: break
        }
        return .string(text)
    }
}

/// An object in a rule.
private final class RuleObject: CELMapSource {
    private let members: JSONObject
    private let schema: StructuralSchema
    private let properties: [StructuralSchema.Property]
    /// Schema and name of each present field, by its escaped name; empty for maps.
    private let fields: [String: (name: String, schema: StructuralSchema)]
    private let isMap: Bool
    let keys: [String]

    init(_ members: JSONObject, _ schema: StructuralSchema, isResourceRoot: Bool) {
        self.members = members
        self.schema = schema
        properties = isResourceRoot ? RuleDeclaration.withMetadata(schema.properties) : schema.properties
        isMap = properties.isEmpty
        var fields: [String: (name: String, schema: StructuralSchema)] = [:]
        for property in properties {
            // A null in a nullable field counts as an absent field.
            guard let value = members[property.name], !value.isNull else { continue }
            fields[RuleName.escape(property.name) ?? property.name] = (property.name, property.schema)
        }
        self.fields = fields
        if isMap {
            keys = schema.additionalProperties.schema == nil ? [] : members.keys
        } else {
            keys = fields.keys.sorted { $0.compareBytes(to: $1) < 0 }
        }
    }

    func value(for name: String) -> CELValue? {
        if isMap {
            guard let additional = schema.additionalProperties.schema, let value = members[name] else { return nil }
            return RuleValue.make(value, additional)
        }
        // A reserved word selects the field that is escaped because of it.
        let found = fields[name] ?? (ReservedWord.all.contains(name) ? fields[ReservedWord.escaped(name)] : nil)
        guard let field = found, let value = members[field.name] else { return nil }
        return RuleValue.make(value, field.schema)
    }
}

/// A list in a rule. Lists of type `set` and `map` are equal in any order, and `+` merges them.
private final class RuleList: CELListSource {
    private let elements: [JSONValue]
    private let items: StructuralSchema
    private let listType: StructuralSchema.ListType
    private let keys: [String]

    init(_ elements: [JSONValue], _ items: StructuralSchema, _ schema: StructuralSchema) {
        self.elements = elements
        self.items = items
        listType = schema.listType ?? .atomic
        keys = schema.listMapKeys.map { RuleName.escape($0) ?? $0 }
    }

    var count: Int { elements.count }

    func element(at index: Int) -> CELValue { RuleValue.make(elements[index], items) }

    /// What identifies an element of a list.
    private func key(_ value: CELValue) -> JSONValue {
        guard listType == .map, case .map(let map) = value else { return value.json }
        return .array(keys.map { map[$0]?.json ?? .null })
    }

    func isEqual(to other: CELList) -> Bool? {
        guard listType != .atomic else { return nil }
        guard other.count == count else { return false }
        var own: [JSONValue: CELValue] = [:]
        for index in elements.indices {
            let value = element(at: index)
            own[key(value)] = value
        }
        var seen: Set<JSONValue> = []
        for value in other {
            let key = key(value)
            guard let mine = own[key], mine == value else { return false }
            seen.insert(key)
        }
        return seen.count == own.count
    }

    func appending(_ other: CELList) -> CELList? {
        guard listType != .atomic else { return nil }
        var result: [CELValue] = []
        var positions: [JSONValue: Int] = [:]
        for index in elements.indices {
            let value = element(at: index)
            positions[key(value)] = result.count
            result.append(value)
        }
        for value in other {
            let key = key(value)
            if let position = positions[key] {
                if listType == .map { result[position] = value }
            } else {
                positions[key] = result.count
                result.append(value)
            }
        }
        return CELList(result)
    }
}
