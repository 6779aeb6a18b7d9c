package import APIMachinery
public import AccessControl
import HTTPServing

/// The query of a request: names and values in the order in which they came.
public struct QueryParameters: Sendable, Hashable {
    private var pairs: [(name: String, value: String)]

    /// Reads the text after the question mark. Malformed escapes are kept as they are.
    public init(_ text: String) {
        pairs = []
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = PercentEncoding.decode(sides[0], plusIsSpace: true)
            let value = sides.count > 1 ? PercentEncoding.decode(sides[1], plusIsSpace: true) : ""
            pairs.append((name, value))
        }
    }

    /// The first value of that name.
    public subscript(name: String) -> String? { pairs.first { $0.name == name }?.value }

    /// All values of that name.
    public func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// A switch as the Kubernetes API reads one: present and neither `false` (in any case) nor `0`.
    public func flag(_ name: String) -> Bool {
        guard let value = self[name] else { return false }
        return value != "0" && value.lowercased() != "false"
    }

    /// A whole number as the Kubernetes API reads one, `nil` if there is none.
    ///
    /// - Throws: a 400 in the words of Go's `strconv.ParseInt` if the text is no number of 64 bits.
    package func integer(_ name: String) throws(Status) -> Int64? {
        guard let text = self[name] else { return nil }
        if let number = Int64(text) { return number }
        let digits = text.drop { $0 == "-" || $0 == "+" }
        let isNumber =
            text.count - digits.count < 2 && !digits.isEmpty && digits.allSatisfy(\.isASCII)
            && digits.allSatisfy(\.isWholeNumber)
        let problem = isNumber ? "value out of range" : "invalid syntax"
        throw .badRequest("strconv.ParseInt: parsing \(GoText.quoted(text)): \(problem)")
    }

    public static func == (lhs: QueryParameters, rhs: QueryParameters) -> Bool {
        lhs.pairs.count == rhs.pairs.count && zip(lhs.pairs, rhs.pairs).allSatisfy { $0 == $1 }
    }

    public func hash(into hasher: inout Hasher) {
        for pair in pairs {
            hasher.combine(pair.name)
            hasher.combine(pair.value)
        }
    }
}

/// A request as the server's logic sees it, whatever carried it here.
public struct APIRequest: Sendable {
    public var method: String
    /// The path with its escapes decoded. A slash is a slash, however it was sent.
    public var path: String
    public var query: QueryParameters
    /// Header fields by lower-case name; of several of one name, joined by commas.
    public var headers: [String: String]
    public var body: [UInt8]
    public var user: UserInfo
    /// The `Impersonate-*` fields one by one: a group's name may contain commas.
    public var impersonation: [HeaderField] = []
    /// The address that the request came from; empty if it is not known.
    public var remoteAddress = ""

    /// Path and query as they were sent, for the audit log; the path alone if nobody kept them.
    public var uri: String

    /// A request by that user.
    public init(
        method: String,
        path: String,
        query: QueryParameters = QueryParameters(""),
        headers: [String: String] = [:],
        body: [UInt8] = [],
        user: UserInfo
    ) {
        self.method = method
        self.path = path
        uri = path
        self.query = query
        self.headers = headers
        self.body = body
        self.user = user
    }
}

/// One header field.
public struct HeaderField: Sendable, Hashable {
    /// In lower case.
    public var name: String
    public var value: String

    /// A field of that name.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
