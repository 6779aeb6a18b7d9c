import APIMachinery
import Expressions
import FoundationEssentials
import Testing

/// The recorded behaviour of the reference implementation, case by case, with and without the type checker.
struct GoldenCELTests {
    @Test func recordedResults() throws {
        let file = try GoldenCEL.load()
        var failures: [String] = []
        for testCase in file {
            if let problem = testCase.problem(checked: true) { failures.append(problem) }
            // Typed variables were recorded with the checker only, unless it refuses the expression.
            if testCase.isTyped, testCase.want["unchecked"] == nil { continue }
            if let problem = testCase.problem(checked: false) { failures.append(problem + " (unchecked)") }
        }
        #expect(file.count > 500)
        #expect(failures.isEmpty, "\(failures.count) failures:\n\(failures.joined(separator: "\n"))")
    }
}

/// One recorded case.
struct GoldenCEL {
    let id: String
    let source: String
    let variables: [String: CELValue]
    let declarations: [String: CELType]
    let want: JSONValue
    let isTyped: Bool

    static func load() throws -> [GoldenCEL] {
        let directory =
            ProcessInfo.processInfo.environment["MARTINET_GOLDEN"]
            ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Golden").path
        let bytes = try Data(contentsOf: URL(filePath: directory).appending(path: "cel.json"))
        let json = try JSONValue(parsing: bytes)
        return try #require(json["cases"]?.arrayValue).map { try GoldenCEL($0) }
    }

    init(_ json: JSONValue) throws {
        id = try #require(json["id"]?.stringValue)
        source = try #require(json["expr"]?.stringValue)
        want = try #require(json["want"])
        isTyped = json["types"] != nil
        var variables: [String: CELValue] = [:]
        var declarations: [String: CELType] = [:]
        for (name, value) in json["vars"]?.objectValue ?? JSONObject() {
            if let type = json["types"]?[name]?.stringValue {
                let declared = try #require(Self.declaredType(type), "type \(type)")
                declarations[name] = declared
                let typed = try #require(try Self.typedValue(value, type), "value of \(name)")
                variables[name] = typed
            } else {
                declarations[name] = .dyn
                variables[name] = CELValue(json: value)
            }
        }
        self.variables = variables
        self.declarations = declarations
    }

    /// What differs from the recorded result, or nothing.
    func problem(checked: Bool) -> String? {
        var expected = want
        if !checked, let unchecked = want["unchecked"] { expected = unchecked }
        do throws(ExpressionError) {
            let program = try Expression.compile(source, declarations: declarations, checked: checked)
            let value = try program.evaluate(variables)
            guard let wanted = expected["value"] else {
                return "\(id) `\(source)`: got \(value), want error \(expected["error"]?.text ?? "")"
            }
            return Self.equals(value, wanted) ? nil : "\(id) `\(source)`: got \(value), want \(wanted.text)"
        } catch {
            guard let wanted = expected["error"] else {
                return "\(id) `\(source)`: got error \(error.code.rawValue) \(error), want \(expected.text)"
            }
            let phase = wanted["phase"]?.stringValue ?? ""
            let kind = wanted["kind"]?.stringValue ?? ""
            if error.phase.rawValue == phase, error.code.rawValue == kind { return nil }
            return
                "\(id) `\(source)`: got \(error.phase.rawValue)/\(error.code.rawValue) \(error), want \(phase)/\(kind)"
        }
    }

    private static func declaredType(_ name: String) -> CELType? {
        let simple: [String: CELType] = [
            "int": .int, "uint": .uint, "double": .double, "string": .string, "bytes": .bytes, "bool": .bool,
            "timestamp": .timestamp, "duration": .duration, "dyn": .dyn, "null": .null, "null_type": .null,
        ]
        if let type = simple[name] { return type }
        guard let open = name.firstIndex(of: "("), name.hasSuffix(")") else { return nil }
        let inner = name[name.index(after: open)...].dropLast()
        var depth = 0
        var arguments = [""]
        for character in inner where character != " " {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                arguments.append("")
            } else {
                arguments[arguments.count - 1].append(character)
            }
        }
        let types = arguments.compactMap { declaredType($0) }
        switch (name[..<open], types.count) {
        case ("list", 1): return .list(types[0])
        case ("map", 2): return .map(types[0], types[1])
        case ("optional_type", 1): return .optional(types[0])
        default: return nil
        }
    }

    /// A typed variable's value; an expression is the shortest way to make one from its text.
    private static func typedValue(_ json: JSONValue, _ type: String) throws -> CELValue? {
        switch (type, json) {
        case ("timestamp", .string(let text)): try evaluate("timestamp(x)", .string(text))
        case ("duration", .string(let text)): try evaluate("duration(x)", .string(text))
        case ("uint", .int(let number)): .uint(UInt64(number))
        case ("double", .int(let number)): .double(Double(number))
        case ("bytes", .string(let text)): Data(base64Encoded: text).map { .bytes(Array($0)) }
        case ("list(double)", .array(let values)): .list(CELList(values.map { .double($0.doubleValue ?? .nan) }))
        case ("list(uint)", .array(let values)): .list(CELList(values.map { .uint(UInt64($0.intValue ?? 0)) }))
        default: CELValue(json: json)
        }
    }

    private static func evaluate(_ source: String, _ argument: CELValue) throws -> CELValue {
        try Expression.compile(source, checked: false).evaluate(["x": argument])
    }

    /// Whether a value is the recorded one, of exactly that type.
    static func equals(_ value: CELValue, _ wanted: JSONValue) -> Bool {
        switch (value, wanted) {
        case (.null, .null): return true
        case (.bool(let a), .bool(let b)): return a == b
        case (.string(let a), .string(let b)): return a.equalsBytes(of: b)
        case (.list(let a), .array(let b)): return a.count == b.count && zip(a, b).allSatisfy { equals($0, $1) }
        default: break
        }
        guard case .object(let object) = wanted, object.count == 1, let member = object.first else { return false }
        switch (value, member.key, member.value) {
        case (.int(let a), "int", .string(let text)): return String(a) == text
        case (.uint(let a), "uint", .string(let text)): return String(a) == text
        case (.double(let a), "double", .string(let text)):
            if text == "NaN" { return a.isNaN }
            guard let number = Double(text) else { return false }
            return a == number && a.sign == number.sign
        case (.bytes(let a), "bytes", .string(let text)): return Data(base64Encoded: text).map { Array($0) } == a
        case (.timestamp, "timestamp", .string(let text)):
            let other = try? evaluate("timestamp(x)", .string(text))
            return value == other
        case (.duration(let a), "duration", .string(let text)): return "\(a)ns" == text
        case (.type(let name), "type", .string(let text)): return name == text
        case (.optional(let wrapped), "optional", .array(let values)):
            guard let wrapped else { return values.isEmpty }
            return values.count == 1 && equals(wrapped, values[0])
        case (.opaque(let opaque), "opaque", .string(let text)): return opaque.typeName == text
        case (.map(let map), "map", .array(let pairs)):
            var rest = pairs
            for key in map.keys {
                guard
                    let index = rest.firstIndex(where: { pair in
                        guard let entry = pair.arrayValue, entry.count == 2, equals(key, entry[0]) else { return false }
                        guard let value = map.value(for: key) else { return equals(key, entry[0]) }
                        return equals(value, entry[1])
                    })
                else { return false }
                rest.remove(at: index)
            }
            return rest.isEmpty
        default: return false
        }
    }
}
