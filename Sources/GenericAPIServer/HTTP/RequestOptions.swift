package import APIMachinery
import BuiltInTypes

/// The options that writing requests share, and how Kubernetes words what is wrong with them
/// (`k8s.io/apimachinery/pkg/apis/meta/v1/validation`).
package enum OptionErrors {
    /// Checks `fieldManager`, `dryRun` and `fieldValidation`, which creates and updates take.
    ///
    /// - Throws: a 422 that names everything that is wrong.
    package static func check(_ context: RequestContext, kind: String) throws(Status) {
        try refuse(shared(context.query), kind: kind)
    }

    /// Checks the options of a patch.
    ///
    /// - Throws: a 422 that names everything that is wrong.
    static func checkPatch(_ context: RequestContext, isApply: Bool) throws(Status) {
        var errors: [FieldError] = []
        if isApply, (context.query["fieldManager"] ?? "").isEmpty {
            errors.append(.required(FieldPath("fieldManager"), "is required for apply patch"))
        }
        if !isApply, context.query["force"] != nil {
            errors.append(.forbidden(FieldPath("force"), "may not be specified for non-apply patch"))
        }
        try refuse(errors + shared(context.query), kind: "PatchOptions")
    }

    package static func fieldValidation(_ text: String, context: RequestContext) -> Status {
        .invalid(
            group: "meta.k8s.io",
            kind: "CreateOptions",
            name: "",
            errors: [.notSupported(FieldPath("fieldValidation"), .string(text), FieldValidation.supported)]
        )
    }

    fileprivate static func refuse(_ errors: [FieldError], kind: String) throws(Status) {
        guard errors.isEmpty else { throw .invalid(group: "meta.k8s.io", kind: kind, name: "", errors: errors) }
    }

    private static func shared(_ query: QueryParameters) -> [FieldError] {
        var errors: [FieldError] = []
        if let manager = query["fieldManager"] {
            let path = FieldPath("fieldManager")
            if manager.utf8.count > 128 { errors.append(.tooLong(path, maximum: 128)) }
            var position = 0
            for scalar in manager.unicodeScalars {
                if !GoText.isPrintable(scalar) {
                    let code = "U+" + Hexadecimal.text(scalar.value, width: 4, uppercase: true)
                    errors.append(
                        .invalid(path, .string(manager), "invalid character \(code) (at position \(position))")
                    )
                }
                position += UTF8.width(scalar)
            }
        }
        errors += dryRun(query.all("dryRun"))
        if let text = query["fieldValidation"], !text.isEmpty, FieldValidation(rawValue: text) == nil {
            errors.append(.notSupported(FieldPath("fieldValidation"), .string(text), FieldValidation.supported))
        }
        return errors
    }

    fileprivate static func dryRun(_ values: [String]) -> [FieldError] {
        if values.allSatisfy({ $0 == "All" }) { return [] }
        return [.notSupported(FieldPath("dryRun"), .array(values.map { .string($0) }), ["All"])]
    }
}

/// The options of a deletion, from its body or its query.
package struct DeleteOptions: Sendable {
    package enum Propagation: String, Sendable {
        case foreground = "Foreground", background = "Background", orphan = "Orphan"
    }

    package var gracePeriodSeconds: Int64?
    package var propagation: Propagation?
    package var uid: String?
    package var resourceVersion: String?
    package var isDryRun = false
    /// Whether the client says in the older way that dependents go with the object, and so wants to know whether the
    /// object has gone or goes later.
    var tellsWhetherGone = false

    /// Nothing said: the defaults of the kind.
    package init() {}

    /// Reads the options of a request: from its body where there is one, and only else from the query.
    ///
    /// - Throws: a 400 if they cannot be read, a 422 if they contradict each other.
    package init(_ context: RequestContext) throws(Status) {
        var policy: String?
        var orphan: Bool?
        var dryRun: [String] = []
        if context.request.body.isEmpty {
            let query = context.query
            gracePeriodSeconds = try query.integer("gracePeriodSeconds")
            policy = query["propagationPolicy"]
            orphan = query["orphanDependents"].map { _ in query.flag("orphanDependents") }
            dryRun = query.all("dryRun")
            uid = query["uid"].flatMap { $0.isEmpty ? nil : $0 }
            resourceVersion = query["resourceVersion"].flatMap { $0.isEmpty ? nil : $0 }
        } else {
            self = try DeleteOptions(try BodyReader.read(context).value)
            return
        }
        try set(policy: policy, orphan: orphan, dryRun: dryRun)
    }

    /// The options that a document states.
    ///
    /// - Throws: a 400 if it is not a document of this kind, a 422 if its options contradict each other.
    package init(_ document: JSONValue) throws(Status) {
        let body = try Self.decode(document)
        gracePeriodSeconds = body["gracePeriodSeconds"]?.intValue
        // An empty text is a value here: no object has it, and no policy is called so.
        uid = document["preconditions"]?["uid"]?.stringValue
        resourceVersion = document["preconditions"]?["resourceVersion"]?.stringValue
        try set(
            policy: document["propagationPolicy"]?.stringValue,
            orphan: body["orphanDependents"]?.boolValue,
            dryRun: (body["dryRun"]?.arrayValue ?? []).compactMap(\.stringValue)
        )
    }

    private mutating func set(policy: String?, orphan: Bool?, dryRun: [String]) throws(Status) {
        var errors: [FieldError] = []
        let path = FieldPath("propagationPolicy")
        if let policy, orphan != nil {
            errors.append(
                .invalid(path, .string(policy), "orphanDependents and deletionPropagation cannot be both set")
            )
        }
        if let policy {
            propagation = Propagation(rawValue: policy)
            if propagation == nil {
                errors.append(.notSupported(path, .string(policy), ["Foreground", "Background", "Orphan", "nil"]))
            }
        } else if let orphan {
            propagation = orphan ? .orphan : .background
        }
        isDryRun = !dryRun.isEmpty
        tellsWhetherGone = orphan == false
        try OptionErrors.refuse(errors + OptionErrors.dryRun(dryRun), kind: "DeleteOptions")
    }

    /// A body as DeleteOptions, of whatever group version: every group has them.
    private static func decode(_ body: JSONValue) throws(Status) -> JSONValue {
        if body.isNull { return .object([:]) }
        let kind = body["kind"]?.stringValue ?? ""
        guard kind.isEmpty || kind == "DeleteOptions" else {
            throw .badRequest(
                "the object provided is unrecognized (must be of type DeleteOptions): couldn't get version/kind; "
                    + "kind \"\(kind)\""
            )
        }
        var decoder = TypedDecoder()
        do throws(TypedDecoder.Failure) {
            return try decoder.decode(body, as: "DeleteOptions")
        } catch {
            throw .badRequest("the body cannot be handled as DeleteOptions: \(error.message)")
        }
    }
}
