/// The answer that is not an object: why a request failed, in the form in which the Kubernetes API says it
/// (`metav1.Status`). Server and client throw the same type.
public struct Status: Error, Sendable, Hashable, Codable {
    /// The machine-readable reason.
    public struct Reason: RawRepresentable, Sendable, Hashable, Codable, ExpressibleByStringLiteral {
        public var rawValue: String

        public init(rawValue: String) { self.rawValue = rawValue }
        public init(stringLiteral value: String) { rawValue = value }

        public static let badRequest: Reason = "BadRequest"
        public static let unauthorized: Reason = "Unauthorized"
        public static let forbidden: Reason = "Forbidden"
        public static let notFound: Reason = "NotFound"
        public static let methodNotAllowed: Reason = "MethodNotAllowed"
        public static let notAcceptable: Reason = "NotAcceptable"
        public static let alreadyExists: Reason = "AlreadyExists"
        public static let conflict: Reason = "Conflict"
        public static let gone: Reason = "Gone"
        public static let expired: Reason = "Expired"
        public static let requestEntityTooLarge: Reason = "RequestEntityTooLarge"
        public static let unsupportedMediaType: Reason = "UnsupportedMediaType"
        public static let invalid: Reason = "Invalid"
        public static let tooManyRequests: Reason = "TooManyRequests"
        public static let internalError: Reason = "InternalError"
        public static let serviceUnavailable: Reason = "ServiceUnavailable"
        public static let timeout: Reason = "Timeout"
        public static let serverTimeout: Reason = "ServerTimeout"
    }

    /// One cause among several: which field, and what about it.
    public struct Cause: Sendable, Hashable, Codable {
        public var reason: String?
        public var message: String?
        public var field: String?

        /// A cause of that reason, about that field.
        public init(reason: String?, message: String?, field: String?) {
            self.reason = reason
            self.message = message
            self.field = field
        }
    }

    /// What the failure is about.
    public struct Details: Sendable, Hashable, Codable {
        public var name: String?
        public var group: String?
        /// The resource (plural) or, for invalid objects, the kind.
        public var kind: String?
        public var uid: String?
        public var causes: [Cause]?
        public var retryAfterSeconds: Int?

        /// Details about the object of that name and kind.
        public init(
            name: String? = nil,
            group: String? = nil,
            kind: String? = nil,
            uid: String? = nil,
            causes: [Cause]? = nil,
            retryAfterSeconds: Int? = nil
        ) {
            self.name = name
            self.group = group
            self.kind = kind
            self.uid = uid
            self.causes = causes
            self.retryAfterSeconds = retryAfterSeconds
        }
    }

    public var status: String?
    public var message: String?
    public var reason: Reason?
    public var details: Details?
    /// The HTTP status code.
    public var code: Int
    /// Where a list that expired can go on, at the price of consistency.
    public var continueToken: String?

    /// A failure with that HTTP code.
    public init(code: Int, reason: Reason?, message: String, details: Details? = nil) {
        status = "Failure"
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    private enum CodingKeys: String, CodingKey { case status, message, reason, details, code }

    /// Reads a Status leniently: a server in trouble may leave fields out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        status = try container.decodeIfPresent(String.self, forKey: .status)
        message = try container.decodeIfPresent(String.self, forKey: .message)
        reason = try container.decodeIfPresent(String.self, forKey: .reason).map(Reason.init(rawValue:))
        details = try container.decodeIfPresent(Details.self, forKey: .details)
        code = try container.decodeIfPresent(Int.self, forKey: .code) ?? 0
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(status, forKey: .status)
        try container.encodeIfPresent(message, forKey: .message)
        try container.encodeIfPresent(reason?.rawValue, forKey: .reason)
        try container.encodeIfPresent(details, forKey: .details)
        try container.encode(code, forKey: .code)
    }

    /// The whole answer as JSON, with `apiVersion`, `kind` and `metadata`, which is empty but for a continue token.
    public var json: JSONValue {
        // A Status has only texts and numbers, which can always be encoded.
        var result = (try? JSONValueEncoder().encode(self)) ?? .object([:])
        result["kind"] = "Status"
        result["apiVersion"] = "v1"
        result["metadata"] = continueToken.map { ["continue": .string($0)] } ?? .object([:])
        return result
    }
}

extension Status: CustomStringConvertible {
    public var description: String { message ?? "\(reason?.rawValue ?? "unknown error") (\(code))" }
}
