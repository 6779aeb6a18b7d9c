import APIMachinery

/// The simple JSONPath of printer columns: `.status.conditions[?(@.type=="Ready")].status`.
struct JSONPath: Sendable, Hashable {
    private enum Step: Sendable, Hashable {
        case member(String)
        case index(Int)
        case all
        case filter(path: [String], isEqual: Bool, value: JSONValue)
    }

    private var steps: [Step] = []

    /// Reads a path; `nil` if it is none that is understood here.
    init?(_ text: String) {
        var rest = Substring(text)
        if rest.hasPrefix("$") { rest.removeFirst() }
        while let first = rest.first {
            if first == "." {
                rest.removeFirst()
                var name = ""
                while let character = rest.first, character != ".", character != "[" {
                    rest.removeFirst()
                    // A backslash keeps the dot of a name like `app\.kubernetes\.io/name`.
                    if character == "\\", let escaped = rest.first {
                        rest.removeFirst()
                        name.append(escaped)
                    } else {
                        name.append(character)
                    }
                }
                if name == "*" { steps.append(.all) } else if !name.isEmpty { steps.append(.member(name)) }
            } else if first == "[" {
                guard let step = Self.bracket(&rest) else { return nil }
                steps.append(step)
            } else {
                return nil
            }
        }
    }

    private static func bracket(_ rest: inout Substring) -> Step? {
        rest.removeFirst()
        var content = ""
        var quote: Character?
        var depth = 0
        while let character = rest.first {
            rest.removeFirst()
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if character == "(" {
                depth += 1
            } else if character == ")" {
                depth -= 1
            } else if character == "]", depth == 0 {
                return step(content)
            }
            content.append(character)
        }
        return nil
    }

    private static func step(_ content: String) -> Step? {
        if content == "*" { return .all }
        if let index = Int(content) { return .index(index) }
        if let name = unquoted(content) { return .member(name) }
        guard content.hasPrefix("?("), content.hasSuffix(")") else { return nil }
        let expression = content.dropFirst(2).dropLast()
        for (symbol, isEqual) in [("==", true), ("!=", false)] {
            guard let range = split(expression, symbol) else { continue }
            let left = Negotiation.trimmed(range.0)
            let right = Negotiation.trimmed(range.1)
            guard left.hasPrefix("@") else { return nil }
            let path = left.dropFirst().split(separator: ".").map(String.init)
            let value: JSONValue = unquoted(right).map { .string($0) } ?? ((try? JSONValue(parsing: right)) ?? .null)
            return .filter(path: path, isEqual: isEqual, value: value)
        }
        return nil
    }

    private static func split(_ text: Substring, _ symbol: String) -> (Substring, Substring)? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix(symbol) {
                return (text[..<index], text[text.index(index, offsetBy: symbol.count)...])
            }
            index = text.index(after: index)
        }
        return nil
    }

    private static func unquoted(_ text: String) -> String? {
        guard text.count >= 2, let first = text.first, first == "'" || first == "\"", text.last == first else {
            return nil
        }
        return String(text.dropFirst().dropLast())
    }

    /// Every value that the path leads to.
    func values(in document: JSONValue) -> [JSONValue] {
        var current = [document]
        for step in steps {
            var next: [JSONValue] = []
            for value in current {
                switch step {
                case .member(let name): if let member = value[name] { next.append(member) }
                case .index(let index):
                    let count = value.arrayValue?.count ?? 0
                    if let element = value[index < 0 ? count + index : index] { next.append(element) }
                case .all: next += value.arrayValue ?? value.objectValue.map { Array($0.values) } ?? []
                case .filter(let path, let isEqual, let wanted):
                    next += (value.arrayValue ?? []).filter { ($0.value(at: path) == wanted) == isEqual }
                }
            }
            current = next
        }
        return current
    }

    /// A value as a cell shows it: text as it is, structures as JSON.
    static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .null: "<nil>"
        default: value.text
        }
    }
}
