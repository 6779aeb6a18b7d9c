public import APIMachinery

/// Reads YAML as Kubernetes does (sigs.k8s.io/yaml over go-yaml v2), and writes it for people.
///
/// That is YAML 1.1 with its traps: `yes`, `no`, `on`, `off`, `y` and `n` are booleans, as keys too; `010` is
/// eight; of members with one name the last wins. All reading is bounded: see `Limits`.
public enum YAML {
    /// What a document may cost. The reference bounds only the expansion of aliases.
    public struct Limits: Sendable {
        /// The size of the text, in bytes.
        public var bytes = 16 * 1024 * 1024
        /// How deep lists and maps may be nested, aliases followed.
        public var depth = JSONValue.defaultMaximumDepth
        /// The size of all texts in the result together, in bytes; aliases can repeat a text many times.
        public var expandedBytes = 64 * 1024 * 1024

        /// The limits for what comes over the network.
        public init() {}
    }

    /// Converts the first document of the text to JSON; the others are not looked at. No document is `null`.
    ///
    /// Integers up to 2⁶⁴ - 1 come out exactly.
    ///
    /// - Parameter strict: whether a key that occurs twice in a map, by a merge (`<<`) too, is an error.
    public static func toJSON(
        _ bytes: some Collection<UInt8>,
        strict: Bool = false,
        limits: Limits = Limits()
    ) throws(YAMLError) -> [UInt8] {
        var output: [UInt8] = []
        try decode(bytes, strict: strict, limits: limits).write(to: &output)
        return output
    }

    /// Reads the first document of the text. Integers beyond 64 bits with sign become doubles.
    public static func parse(
        _ bytes: some Collection<UInt8>,
        strict: Bool = false,
        limits: Limits = Limits()
    ) throws(YAMLError) -> JSONValue {
        try decode(bytes, strict: strict, limits: limits).json
    }

    /// Reads the first document of the text.
    public static func parse(_ text: String, strict: Bool = false) throws(YAMLError) -> JSONValue {
        try parse(Array(text.utf8), strict: strict)
    }

    /// Reads every document of a stream; those that are empty, or nothing but comments, are left out.
    public static func parseStream(
        _ bytes: some Collection<UInt8>,
        strict: Bool = false
    ) throws(YAMLError) -> [JSONValue] {
        var values: [JSONValue] = []
        for document in try documents(bytes) {
            let value = try parse(document, strict: strict)
            if !value.isNull { values.append(value) }
        }
        return values
    }

    private static func decode(
        _ bytes: some Collection<UInt8>,
        strict: Bool,
        limits: Limits
    ) throws(YAMLError) -> YAMLValue {
        let text = Array(bytes)
        guard text.count <= limits.bytes else {
            throw YAMLError(
                kind: .limit,
                message: "the document has \(text.count) bytes, of which \(limits.bytes) are allowed"
            )
        }
        let document = try YAMLDocument(parsing: text, maximumDepth: limits.depth)
        var decoder = YAMLDecoder(document: document, strict: strict, limits: limits)
        return try decoder.decode()
    }
}

/// Why a text cannot be read as YAML, or cannot become JSON.
public struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of faults.
    public enum Kind: String, Sendable {
        /// The text is not YAML.
        case syntax
        /// A key occurs twice in a map.
        case duplicateKey = "duplicate-key"
        /// An alias names an anchor that is not there.
        case unknownAnchor = "unknown-anchor"
        /// An alias stands inside of what it names.
        case recursiveAnchor = "recursive-anchor"
        /// `<<` has a value that is not a map.
        case badMerge = "bad-merge"
        /// A key cannot be the name of a JSON member.
        case badKey = "bad-key"
        /// A value is not of the type of its tag.
        case badValue = "bad-value"
        /// A value has no counterpart in JSON.
        case notJSON = "not-json"
        /// The document is too large, too deep, or explodes by its aliases.
        case limit
    }

    public var kind: Kind
    /// What is wrong, with the line.
    public var message: String

    /// A fault of that kind.
    public init(kind: Kind, message: String) {
        self.kind = kind
        self.message = "yaml: \(message)"
    }

    public var description: String { message }
}
