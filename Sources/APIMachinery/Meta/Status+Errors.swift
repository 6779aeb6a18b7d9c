/// The failures of the API, worded as `k8s.io/apimachinery/pkg/api/errors` words them.
extension Status {
    /// 404: there is no object of that name.
    public static func notFound(_ resource: GroupResource, name: String) -> Status {
        Status(
            code: 404,
            reason: .notFound,
            message: "\(resource) \"\(name)\" not found",
            details: details(resource, name)
        )
    }

    /// 409: an object of that name exists.
    public static func alreadyExists(_ resource: GroupResource, name: String) -> Status {
        Status(
            code: 409,
            reason: .alreadyExists,
            message: "\(resource) \"\(name)\" already exists",
            details: details(resource, name)
        )
    }

    /// 409: the object is no longer what the caller thought.
    public static func conflict(_ resource: GroupResource, name: String, _ detail: String) -> Status {
        Status(
            code: 409,
            reason: .conflict,
            message: "Operation cannot be fulfilled on \(resource) \"\(name)\": \(detail)",
            details: details(resource, name)
        )
    }

    /// 409 with the usual advice, after a write with an old `resourceVersion`.
    public static func modified(_ resource: GroupResource, name: String) -> Status {
        conflict(
            resource,
            name: name,
            "the object has been modified; please apply your changes to the latest version and try again"
        )
    }

    /// The most errors in one answer: more are not read, and a body of a megabyte can have hundreds of thousands.
    public static let mostErrors = 1000

    /// 422: these fields are wrong. Of more than `mostErrors` it lists the first, and how many are left out.
    public static func invalid(group: String, kind: String, name: String, errors: [FieldError]) -> Status {
        let groupKind = group.isEmpty ? kind : "\(kind).\(group)"
        var message = "\(groupKind) \"\(name)\" is invalid"
        let listed = errors.prefix(mostErrors)
        // Equal messages appear once, and several come in brackets, as an aggregate of errors prints in Go.
        var seen: Set<[UInt8]> = []
        var unique = listed.map(\.description).filter { seen.insert(Array($0.utf8)).inserted }
        if listed.count < errors.count { unique.append("and \(errors.count - listed.count) more errors") }
        if unique.count == 1 {
            message += ": \(unique[0])"
        } else if unique.count > 1 {
            message += ": [\(unique.joined(separator: ", "))]"
        }
        let causes = listed.map {
            Cause(reason: $0.reason.rawValue, message: $0.body, field: $0.field.isEmpty ? "<nil>" : $0.field)
        }
        return Status(
            code: 422,
            reason: .invalid,
            message: message,
            details: Details(
                name: name.isEmpty ? nil : name,
                group: group.isEmpty ? nil : group,
                kind: kind,
                causes: causes.isEmpty ? nil : causes
            )
        )
    }

    /// 400: the request makes no sense.
    public static func badRequest(_ message: String) -> Status {
        Status(code: 400, reason: .badRequest, message: message)
    }

    /// 401: the request is not authenticated.
    public static func unauthorized(_ message: String = "Unauthorized") -> Status {
        Status(code: 401, reason: .unauthorized, message: message)
    }

    /// 403: who is asking may not do this.
    public static func forbidden(_ resource: GroupResource, name: String, _ detail: String) -> Status {
        let subject = name.isEmpty ? "\(resource)" : "\(resource) \"\(name)\""
        return Status(
            code: 403,
            reason: .forbidden,
            message: "\(subject) is forbidden: \(detail)",
            details: details(resource, name)
        )
    }

    /// 405: the resource has no such verb.
    public static func methodNotAllowed(_ resource: GroupResource, verb: String) -> Status {
        Status(
            code: 405,
            reason: .methodNotAllowed,
            message: "\(verb) is not supported on resources of kind \"\(resource)\"",
            details: details(resource, "")
        )
    }

    /// 410 with reason Expired: history up to there is no longer kept; list again.
    public static func gone(_ message: String) -> Status {
        Status(code: 410, reason: .expired, message: message)
    }

    /// 413: the body is larger than the server takes.
    public static func tooLarge(_ message: String) -> Status {
        Status(code: 413, reason: .requestEntityTooLarge, message: message)
    }

    /// 415: no such body can be read.
    public static func unsupportedMediaType(_ message: String) -> Status {
        Status(code: 415, reason: .unsupportedMediaType, message: message)
    }

    /// 429: come back in that many seconds.
    public static func tooManyRequests(_ message: String, retryAfterSeconds: Int) -> Status {
        Status(
            code: 429,
            reason: .tooManyRequests,
            message: message,
            details: Details(retryAfterSeconds: retryAfterSeconds)
        )
    }

    /// 500: the server is at fault.
    public static func internalError(_ message: String) -> Status {
        Status(
            code: 500,
            reason: .internalError,
            message: "Internal error occurred: \(message)",
            details: Details(causes: [Cause(reason: nil, message: message, field: nil)])
        )
    }

    /// 503: not now.
    public static func serviceUnavailable(_ message: String, retryAfterSeconds: Int? = nil) -> Status {
        Status(
            code: 503,
            reason: .serviceUnavailable,
            message: message,
            details: retryAfterSeconds.map { Details(retryAfterSeconds: $0) }
        )
    }

    /// 504: it took too long; it may or may not have been done.
    public static func timeout(_ message: String) -> Status {
        Status(code: 504, reason: .timeout, message: "Timeout: \(message)")
    }

    private static func details(_ resource: GroupResource, _ name: String) -> Details {
        Details(
            name: name.isEmpty ? nil : name,
            group: resource.group.isEmpty ? nil : resource.group,
            kind: resource.resource
        )
    }
}
