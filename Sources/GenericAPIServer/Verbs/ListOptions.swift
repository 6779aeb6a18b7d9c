import APIMachinery
import BuiltInTypes

/// The options of list and watch requests, and what is wrong with them.
struct ListOptions: Sendable {
    enum Match: String, Sendable { case exact = "Exact", notOlderThan = "NotOlderThan" }

    var limit: Int?
    var token: ContinueToken?
    /// `nil` if none was given.
    var revision: Int64?
    var match: Match?
    var allowsBookmarks = false
    var sendInitialEvents: Bool?
    /// How long a watch lasts; `nil` leaves that to the server. A negative time is over at once.
    var timeout: Duration?

    init(_ context: RequestContext, isWatch: Bool) throws(Status) {
        let query = context.query
        timeout = try query.integer("timeoutSeconds").flatMap { $0 == 0 ? nil : .seconds(max($0, 0)) }
        // More than fits into one answer is the same as no limit, and leaves room to count beyond it.
        limit = try query.integer("limit").flatMap { $0 > 0 ? Int(Int32(clamping: $0)) : nil }
        allowsBookmarks = query.flag("allowWatchBookmarks")
        sendInitialEvents = query["sendInitialEvents"].map { _ in query.flag("sendInitialEvents") }
        let version = query["resourceVersion"] ?? ""
        let matchText = query["resourceVersionMatch"] ?? ""
        let continueText = query["continue"] ?? ""
        let errors = Self.errors(
            isWatch: isWatch,
            version: version,
            match: matchText,
            hasContinue: !continueText.isEmpty,
            sendInitialEvents: sendInitialEvents
        )
        guard errors.isEmpty else {
            throw .invalid(group: "meta.k8s.io", kind: "ListOptions", name: "", errors: errors)
        }
        match = Match(rawValue: matchText)
        if !version.isEmpty {
            guard let number = Int64(version), number >= 0 else {
                if isWatch { throw Status(code: 500, reason: nil, message: Self.badVersion(version).message ?? "") }
                throw Self.badVersion(version)
            }
            revision = number
        }
        if !continueText.isEmpty, !isWatch {
            token = try ContinueToken(text: continueText)
            if let revision, revision > 0 {
                throw .badRequest("specifying resource version is not allowed when using continue")
            }
        }
    }

    static func badVersion(_ text: String) -> Status {
        .badRequest(
            "resourceVersion: Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax"
        )
    }

    private static func errors(
        isWatch: Bool,
        version: String,
        match: String,
        hasContinue: Bool,
        sendInitialEvents: Bool?
    ) -> [FieldError] {
        let matchPath = FieldPath("resourceVersionMatch")
        let eventsPath = FieldPath("sendInitialEvents")
        var errors: [FieldError] = []
        if isWatch {
            if hasContinue {
                return [.forbidden(matchPath, "resourceVersionMatch is forbidden when continue is provided")]
            }
            guard sendInitialEvents != nil else {
                if match.isEmpty { return [] }
                return [
                    .forbidden(
                        matchPath,
                        "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
                    )
                ]
            }
            if match != Match.notOlderThan.rawValue {
                errors.append(
                    .forbidden(matchPath, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
                )
                if !match.isEmpty {
                    errors.append(.notSupported(matchPath, .string(match), [Match.notOlderThan.rawValue]))
                }
            }
            return errors
        }
        if !match.isEmpty {
            if hasContinue {
                errors.append(.forbidden(matchPath, "resourceVersionMatch is forbidden when continue is provided"))
            }
            if version.isEmpty {
                errors.append(
                    .forbidden(matchPath, "resourceVersionMatch is forbidden unless resourceVersion is provided")
                )
            }
            if Match(rawValue: match) == nil {
                errors.append(.notSupported(matchPath, .string(match), ["Exact", "NotOlderThan", ""]))
            } else if match == Match.exact.rawValue, version == "0" {
                errors.append(
                    .forbidden(matchPath, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
                )
            }
        }
        if sendInitialEvents != nil { errors.append(.forbidden(eventsPath, "sendInitialEvents is forbidden for list")) }
        return errors
    }

    /// Returns when the backend has reached a revision; gives up after three seconds.
    static func waitUntilKnown(_ revision: Int64, backend: any ResourceBackend) async throws(Status) {
        guard revision > backend.revision else { return }
        // Nothing that this server has handed out can be newer than what it knows: somebody invented it.
        throw Status(
            code: 504,
            reason: .timeout,
            message: "Timeout: Too large resource version: \(revision), current: \(backend.revision)",
            details: Status.Details(
                causes: [.init(reason: "ResourceVersionTooLarge", message: "Too large resource version", field: nil)],
                retryAfterSeconds: 1
            )
        )
    }
}

/// Where a list goes on: opaque to clients, so it may change from version to version.
struct ContinueToken: Sendable, Hashable {
    var revision: Int64
    var start: String

    init(revision: Int64, start: String) {
        self.revision = revision
        self.start = start
    }

    init(text: String) throws(Status) {
        // Whatever is wrong with a token, the answer is the same.
        guard let bytes = Base64.decode(text, allowing: .anyForm), let value = try? JSONValue(parsing: bytes),
            value["v"]?.stringValue == "meta.k8s.io/v1", let revision = value["rv"]?.intValue,
            let start = value["start"]?.stringValue
        else {
            throw .badRequest("continue key is not valid: it must be a token that an earlier list returned")
        }
        guard !start.isEmpty, !start.utf8.contains(0) else {
            throw .badRequest("continue key is not valid: no start key")
        }
        self.revision = revision
        self.start = start
    }

    var text: String {
        let value: JSONValue = ["v": "meta.k8s.io/v1", "rv": .int(revision), "start": .string(start)]
        return Base64.encode(value.bytes, isURLSafe: true)
    }
}
