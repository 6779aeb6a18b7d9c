public import APIMachinery

/// A path to a field that a schema declares: `.spec.replicas`, `.spec['a.b']`. Rules and selectable fields name
/// fields so.
public struct SchemaPath: Sendable {
    /// Why a path leads nowhere.
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
    }

    /// The field as messages name it, `spec.replicas` or `labels[a]`.
    public let path: FieldPath
    /// The names on the way.
    public let names: [String]
    /// What the schema says of the field.
    public let schema: StructuralSchema

    /// Follows a path down from a schema.
    ///
    /// - Parameter allowingBrackets: whether `['name']` may stand for `.name`.
    /// - Throws: `Failure` where the path is malformed or names no field.
    public init(_ text: String, in root: StructuralSchema, allowingBrackets: Bool = true) throws(Failure) {
        var tokens = Self.tokens(text)[...]
        var path = FieldPath.root
        var names: [String] = []
        var schema = root
        func next() throws(Failure) -> String {
            guard let token = tokens.popFirst() else { throw Failure(description: "unexpected end of JSON path") }
            return token
        }
        func descend(_ name: String) throws(Failure) {
            names.append(name)
            if !schema.properties.isEmpty {
                guard let property = schema.property(named: name) else {
                    throw Failure(description: "does not refer to a valid field")
                }
                path = path.child(name)
                schema = property
            } else if let additional = schema.additionalProperties.schema {
                path = path.key(name)
                schema = additional
            } else {
                throw Failure(description: "does not refer to a valid field")
            }
        }
        while let token = tokens.popFirst() {
            switch token {
            case ".": try descend(try next())
            case "[":
                if !allowingBrackets { throw Failure(description: "array notation is not allowed") }
                let quoted = try next()
                guard quoted.utf8.count >= 2, quoted.hasPrefix("'"), quoted.hasSuffix("'") else {
                    throw Failure(description: "expected single quoted string but got \(quoted)")
                }
                try descend(try Self.unescaped(String(quoted.dropFirst().dropLast())))
                let end = try next()
                if end != "]" { throw Failure(description: "expected ] but got \(end)") }
            default: throw Failure(description: "expected [ or . but got: \(token)")
            }
        }
        self.path = path
        self.names = names
        self.schema = schema
    }

    /// The delimiters one by one, and what stands between them; a quoted text is one token.
    private static func tokens(_ text: String) -> [String] {
        var result: [String] = []
        var current = ""
        var isQuoted = false
        var previous: Unicode.Scalar = " "
        for scalar in text.unicodeScalars {
            if isQuoted {
                current.unicodeScalars.append(scalar)
                if scalar == "'" && previous != "\\" {
                    result.append(current)
                    current = ""
                    isQuoted = false
                }
            } else if scalar == "." || scalar == "[" || scalar == "]" {
                if !current.isEmpty { result.append(current) }
                current = ""
                result.append(String(scalar))
            } else {
                isQuoted = scalar == "'" && current.isEmpty
                current.unicodeScalars.append(scalar)
            }
            previous = scalar
        }
        if !current.isEmpty { result.append(current) }
        return result
    }

    private static func unescaped(_ text: String) throws(Failure) -> String {
        var result = ""
        var isEscape = false
        let escapes: [Unicode.Scalar: Unicode.Scalar] = [
            "a": "\u{07}", "b": "\u{08}", "f": "\u{0C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{0B}", "'": "'",
            "\\": "\\",
        ]
        for scalar in text.unicodeScalars {
            if isEscape {
                guard let meant = escapes[scalar] else {
                    throw Failure(description: "invalid string literal: invalid escape char \\\(scalar)")
                }
                result.unicodeScalars.append(meant)
                isEscape = false
            } else if scalar == "\\" {
                isEscape = true
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        if isEscape { result += "\\" }
        return result
    }
}
