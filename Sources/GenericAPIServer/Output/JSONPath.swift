package import APIMachinery
import HTTPServing

/// The simple JSONPath of printer columns: `.status.conditions[?(@.type=="Ready")].status`.
package struct JSONPath: Sendable, Hashable {
    private enum Step: Sendable, Hashable {
        case member(String)
        case index(Int)
        /// `[1:3]`, both ends optional.
        case range(Int?, Int?)
        /// `[0,2]`
        case indexes([Int])
        case all
        /// `..name`: everything of that name, at any depth.
        case descendants(String)
        case filter(Filter)
    }

    /// `[?(@.type=="Ready")]`; without an operator: whether there is something at the path.
    private struct Filter: Sendable, Hashable {
        var path: [String]
        var symbol: String?
        var value: JSONValue

        /// The operators, the longer ones first.
        static let symbols = ["==", "!=", "<=", ">=", "<", ">"]

        func matches(_ element: JSONValue) -> Bool {
            // What is missing equals nothing, and differs from nothing either.
            guard let found = element.value(at: path) else { return false }
            guard let symbol else { return true }
            if symbol == "==" { return isEqual(found) }
            if symbol == "!=" { return !isEqual(found) }
            let isLess: Bool
            if let a = found.doubleValue, let b = value.doubleValue {
                isLess = a < b
            } else if let a = found.stringValue, let b = value.stringValue {
                isLess = a.compareBytes(to: b) < 0
            } else {
                return false
            }
            return switch symbol {
            case "<": isLess
            case "<=": isLess || isEqual(found)
            case ">": !isLess && !isEqual(found)
            default: !isLess
            }
        }

        private func isEqual(_ found: JSONValue) -> Bool {
            if let a = found.doubleValue, let b = value.doubleValue { return a == b }
            return found == value
        }
    }

    private var steps: [Step] = []

    /// Reads a path; `nil` if it is none that is understood here.
    package init?(_ text: String) {
        var rest = Substring(text)
        if rest.hasPrefix("$") { rest.removeFirst() }
        while let first = rest.first {
            if first == "." {
                rest.removeFirst()
                let isDeep = rest.first == "."
                if isDeep { rest.removeFirst() }
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
                if isDeep {
                    guard !name.isEmpty else { return nil }
                    steps.append(.descendants(name))
                } else if name == "*" {
                    steps.append(.all)
                } else if !name.isEmpty {
                    steps.append(.member(name))
                }
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
        if let step = positions(content) { return step }
        guard content.hasPrefix("?("), content.hasSuffix(")") else { return nil }
        let expression = content.dropFirst(2).dropLast()
        for symbol in Filter.symbols {
            guard let range = split(expression, symbol) else { continue }
            guard let path = path(range.0) else { return nil }
            let right = HeaderText.trimmed(range.1)
            // A word that is no JSON compares as null, as the reference's filter does.
            let value: JSONValue = unquoted(right).map { .string($0) } ?? ((try? JSONValue(parsing: right)) ?? .null)
            return .filter(Filter(path: path, symbol: symbol, value: value))
        }
        return path(expression).map { .filter(Filter(path: $0, symbol: nil, value: .null)) }
    }

    /// The path of a filter, `@.type`.
    private static func path(_ text: Substring) -> [String]? {
        let text = HeaderText.trimmed(text)
        return text.hasPrefix("@") ? text.dropFirst().split(separator: ".").map(String.init) : nil
    }

    /// `1:3`, `:3`, `1:`, `0,2`
    private static func positions(_ content: String) -> Step? {
        let ends = content.split(separator: ":", omittingEmptySubsequences: false)
        if ends.count == 2 {
            guard ends.allSatisfy({ $0.isEmpty || Int($0) != nil }) else { return nil }
            return .range(Int(ends[0]), Int(ends[1]))
        }
        let parts = content.split(separator: ",").map { Int(HeaderText.trimmed($0)) }
        let indexes = parts.compactMap { $0 }
        return indexes.count > 1 && indexes.count == parts.count ? .indexes(indexes) : nil
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
    package func values(in document: JSONValue) -> [JSONValue] {
        var current = [document]
        for step in steps {
            var next: [JSONValue] = []
            for value in current {
                switch step {
                case .member(let name): if let member = value[name] { next.append(member) }
                case .index(let index): next += Self.elements([index], of: value)
                case .indexes(let indexes): next += Self.elements(indexes, of: value)
                case .range(let start, let end):
                    let elements = value.arrayValue ?? []
                    let first = Self.position(start ?? 0, in: elements.count)
                    let last = Self.position(end ?? elements.count, in: elements.count)
                    if first < last { next += elements[first..<last] }
                case .descendants(let name): Self.collect(name, in: value, &next)
                case .all: next += value.arrayValue ?? value.objectValue.map { Array($0.values) } ?? []
                case .filter(let filter): next += (value.arrayValue ?? []).filter(filter.matches)
                }
            }
            current = next
        }
        return current
    }

    /// A position in a list of that length; negative ones count from its end.
    private static func position(_ index: Int, in count: Int) -> Int {
        min(max(index < 0 ? count + index : index, 0), count)
    }

    private static func elements(_ indexes: [Int], of value: JSONValue) -> [JSONValue] {
        let elements = value.arrayValue ?? []
        return indexes.compactMap { index in
            let position = index < 0 ? elements.count + index : index
            return elements.indices.contains(position) ? elements[position] : nil
        }
    }

    private static func collect(_ name: String, in value: JSONValue, _ found: inout [JSONValue]) {
        if let member = value[name] { found.append(member) }
        for child in value.arrayValue ?? value.objectValue.map({ Array($0.values) }) ?? [] {
            collect(name, in: child, &found)
        }
    }

    /// A value as a cell shows it: text as it is, structures as JSON.
    package static func text(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): text
        case .null: "<no value>"
        case .double(let number): GoText.number(number)
        default: value.text
        }
    }
}
