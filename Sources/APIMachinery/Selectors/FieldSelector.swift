/// A query on fields, as `?fieldSelector=` means it (`k8s.io/apimachinery/pkg/fields`): equality of texts only.
///
/// Which fields a resource can be asked for is the API server's affair; see `requirements`.
public struct FieldSelector: Sendable, Hashable, CustomStringConvertible {
    /// One comparison of one field.
    public struct Requirement: Sendable, Hashable, CustomStringConvertible {
        /// The dotted path of the field, `status.phase`.
        public var field: String
        /// `=` or `!=`.
        public var `operator`: SelectorOperator
        public var value: String

        /// A comparison by `.equals` or `.notEquals`.
        public init(field: String, operator: SelectorOperator, value: String) {
            self.field = field
            self.operator = `operator`
            self.value = value
        }

        /// Whether the fields meet the condition; one that is not there counts as empty.
        public func matches(_ fields: [String: String]) -> Bool {
            (fields[field] ?? "").equalsBytes(of: value) == (`operator` != .notEquals)
        }

        public var description: String { "\(field)\(`operator`.rawValue)\(FieldSelector.escape(value))" }
    }

    /// The comparisons, all of which must hold, sorted by their text.
    public var requirements: [Requirement]

    /// Selects every object.
    public static let everything = FieldSelector([])

    /// A selector of these comparisons.
    public init(_ requirements: [Requirement]) { self.requirements = requirements }

    /// Reads `metadata.name=a,status.phase!=Failed`. In values, `\` escapes a backslash, a comma and `=`.
    public init(parsing text: String) throws(SelectorError) {
        var requirements: [Requirement] = []
        for term in Self.terms(of: text).sorted(by: { $0.compareBytes(to: $1) < 0 }) where !term.isEmpty {
            guard let (field, comparison, value) = Self.split(term) else {
                throw SelectorError("invalid selector: '\(text)'; can't understand '\(term)'")
            }
            let unescaped = try Self.unescape(value)
            // A term with neither field nor value says nothing and is left out.
            if field.isEmpty && unescaped.isEmpty { continue }
            requirements.append(Requirement(field: field, operator: comparison, value: unescaped))
        }
        self.requirements = requirements
    }

    /// Whether every object is selected.
    public var isEmpty: Bool { requirements.isEmpty }

    /// Whether an object with these fields is selected.
    public func matches(_ fields: [String: String]) -> Bool { requirements.allSatisfy { $0.matches(fields) } }

    /// The value that the field must have to be selected, for look-ups by index.
    public func exactValue(of field: String) -> String? {
        requirements.first { $0.operator != .notEquals && $0.field.equalsBytes(of: field) }?.value
    }

    /// The text form, which parses to the same selector.
    public var description: String { requirements.map(\.description).joined(separator: ",") }

    /// A value in the form in which a selector can contain it.
    public static func escape(_ value: String) -> String {
        var result: [UInt8] = []
        for byte in value.utf8 {
            if byte == backslash || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "=") { result.append(backslash) }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static let backslash = UInt8(ascii: "\\")

    /// The text split at commas that no backslash escapes.
    private static func terms(of text: String) -> [String] {
        var terms: [String] = []
        var current: [UInt8] = []
        var escaped = false
        for byte in text.utf8 {
            if byte == UInt8(ascii: ","), !escaped {
                terms.append(String(decoding: current, as: UTF8.self))
                current = []
                continue
            }
            escaped = byte == backslash && !escaped
            current.append(byte)
        }
        terms.append(String(decoding: current, as: UTF8.self))
        return terms
    }

    /// A term split at its first operator.
    private static func split(_ term: String) -> (field: String, operator: SelectorOperator, value: String)? {
        let bytes = Array(term.utf8)
        let equals = UInt8(ascii: "=")
        for (index, byte) in bytes.enumerated() {
            let followed = index + 1 < bytes.count && bytes[index + 1] == equals
            let comparison: SelectorOperator
            if byte == UInt8(ascii: "!"), followed {
                comparison = .notEquals
            } else if byte == equals {
                comparison = .equals
            } else {
                continue
            }
            return (
                String(decoding: bytes[..<index], as: UTF8.self), comparison,
                String(decoding: bytes[(index + (followed ? 2 : 1))...], as: UTF8.self)
            )
        }
        return nil
    }

    private static func unescape(_ value: String) throws(SelectorError) -> String {
        var result = String.UnicodeScalarView()
        var escaped = false
        for scalar in value.unicodeScalars {
            if escaped {
                guard scalar == "\\" || scalar == "," || scalar == "=" else {
                    throw SelectorError("invalid field selector: invalid escape sequence: \\\(scalar)")
                }
                result.append(scalar)
                escaped = false
            } else if scalar == "\\" {
                escaped = true
            } else if scalar == "," || scalar == "=" {
                throw SelectorError("invalid field selector: unescaped character in value: \(scalar.value)")
            } else {
                result.append(scalar)
            }
        }
        if escaped { throw SelectorError("invalid field selector: invalid escape sequence: \\") }
        return String(result)
    }
}
