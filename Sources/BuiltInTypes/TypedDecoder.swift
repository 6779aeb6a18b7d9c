package import APIMachinery

/// Reads documents as built-in types, as Go's decoder does: unknown fields are dropped and noted, wrong types are
/// refused, empty values of optional fields vanish, quantities and times come out in their canonical form.
package struct TypedDecoder {
    /// What could not be read, in the words of Go's JSON decoder.
    package struct Failure: Error {
        package var message: String

        package init(message: String) { self.message = message }
    }

    package private(set) var unknown: [String] = []
    private let catalog: TypeCatalog
    private var path: [String] = []

    package init(_ catalog: TypeCatalog = .builtIn) { self.catalog = catalog }

    package mutating func decode(_ value: JSONValue, as name: String) throws(Failure) -> JSONValue {
        guard let definition = catalog[name] else { return value }
        guard let members = value.objectValue else { throw failure(value, "struct type \(name)") }
        var result = JSONObject()
        for field in definition.fields {
            // Go finds fields whatever their case; the API has refused that since 1.0, and so does this.
            guard let given = members[field.name] else {
                if let fallback = field.defaultValue { result[field.name] = fallback }
                continue
            }
            if given.isNull {
                if let fallback = field.defaultValue { result[field.name] = fallback }
                continue
            }
            path.append(field.name)
            let decoded = try decode(given, field.type)
            path.removeLast()
            if field.keepsEmpty || field.isRequired || !Self.isEmpty(decoded, field.type) {
                result[field.name] = decoded
            } else if let fallback = field.defaultValue {
                result[field.name] = fallback
            }
        }
        let known = Set(definition.fields.map(\.name))
        for key in members.keys where !known.contains(key) { note(key) }
        return .object(result)
    }

    private mutating func decode(_ value: JSONValue, _ type: TypeReference) throws(Failure) -> JSONValue {
        switch type {
        case .named(let name): return try decode(value, as: name)
        case .scalar(let name): return try scalar(value, name)
        case .list(let element):
            guard let elements = value.arrayValue else { throw failure(value, "list") }
            var result: [JSONValue] = []
            result.reserveCapacity(elements.count)
            for (index, item) in elements.enumerated() {
                path.append("[\(index)]")
                result.append(item.isNull ? Self.zero(element) : try decode(item, element))
                path.removeLast()
            }
            return .array(result)
        case .map(let element):
            guard let members = value.objectValue else { throw failure(value, "map") }
            var result = JSONObject()
            for (key, item) in members {
                path.append(key)
                result[key] = item.isNull ? Self.zero(element) : try decode(item, element)
                path.removeLast()
            }
            return .object(result)
        }
    }

    private func scalar(_ value: JSONValue, _ name: String) throws(Failure) -> JSONValue {
        switch name {
        case "any": return value
        case "string":
            guard value.stringValue != nil else { throw failure(value, "type string") }
            return value
        case "bool":
            guard value.boolValue != nil else { throw failure(value, "type bool") }
            return value
        case "number":
            guard value.doubleValue != nil else { throw failure(value, "type float64") }
            return value
        case "int32", "int64":
            var number = value.intValue
            if number == nil, case .double(let double) = value { number = Int64(exactly: double) }
            guard let number, name == "int64" || Int32(exactly: number) != nil else {
                throw failure(value, "type \(name)")
            }
            return .int(number)
        case "intorstring":
            guard value.stringValue != nil || value.intValue != nil else {
                throw failure(value, "type intstr.IntOrString")
            }
            if let number = value.intValue, Int32(exactly: number) == nil { throw failure(value, "type int32") }
            return value
        case "bytes":
            guard let text = value.stringValue else { throw failure(value, "type []uint8") }
            guard let bytes = Base64.decode(text, allowing: .anyForm), text.utf8.count % 4 == 0 || text.contains("\n")
            else {
                throw Failure(message: "illegal base64 data in \(dotted)")
            }
            return .string(Base64.encode(bytes))
        case "quantity":
            let text = value.stringValue ?? (value.doubleValue != nil ? value.text : nil)
            guard let text else { throw failure(value, "quantity") }
            // The error is thrown in the words of Kubernetes.
            guard let quantity = try? Quantity(parsing: text) else {
                throw Failure(
                    message:
                        "quantities must match the regular expression "
                        + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$' at \(dotted)"
                )
            }
            return .string(quantity.description)
        case "time": return .string(try time(value).rfc3339)
        case "microtime": return .string(try time(value, isMicro: true).rfc3339Micro)
        default: return value
        }
    }

    private func time(_ value: JSONValue, isMicro: Bool = false) throws(Failure) -> Timestamp {
        guard let text = value.stringValue else { throw failure(value, "time") }
        guard let time = Timestamp(rfc3339: text) else {
            let layout = isMicro ? "2006-01-02T15:04:05.000000Z07:00" : "2006-01-02T15:04:05Z07:00"
            throw Failure(
                message: "parsing time \(GoText.quoted(text)) as \"\(layout)\": cannot parse \(GoText.quoted(text)) as "
                    + "\"2006\""
            )
        }
        if isMicro, let fraction = text.split(separator: ".").dropFirst().first,
            fraction.prefix(while: { $0.isNumber }).count != 6
        {
            throw Failure(
                message: "parsing time \"\(text)\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \(dotted)"
            )
        }
        if isMicro, !text.contains(".") {
            throw Failure(
                message:
                    "parsing time \"\(text)\" as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse \"Z\" as "
                    + "\".000000\""
            )
        }
        return time
    }

    private static func isEmpty(_ value: JSONValue, _ type: TypeReference) -> Bool {
        switch (value, type) {
        case (.array(let elements), _): return elements.isEmpty
        case (.object(let members), .map): return members.isEmpty
        case (.string(let text), .scalar("string")): return text.isEmpty
        default: return false
        }
    }

    private static func zero(_ type: TypeReference) -> JSONValue {
        switch type {
        case .named: return .object([:])
        case .list: return .array([])
        case .map: return .object([:])
        case .scalar(let name):
            switch name {
            case "int32", "int64", "number": return 0
            case "bool": return false
            case "any": return .null
            default: return ""
            }
        }
    }

    private mutating func note(_ key: String) {
        path.append(key)
        unknown.append(dotted)
        path.removeLast()
    }

    private func failure(_ value: JSONValue, _ type: String) -> Failure {
        let kind = value.doubleValue != nil ? "number" : value.boolValue != nil ? "bool" : value.typeName
        return Failure(message: "json: cannot unmarshal \(kind) into Go struct field .\(dotted) of \(type)")
    }

    private var dotted: String {
        var text = ""
        for part in path { text += text.isEmpty || part.hasPrefix("[") ? part : ".\(part)" }
        return text
    }
}
