import APIMachinery

/// The options that mutating requests share, and how Kubernetes words what is wrong with them.
enum OptionErrors {
    /// Checks `dryRun` and `fieldValidation`, which every verb that writes takes.
    static func check(_ context: RequestContext, kind: String) throws(Status) {
        var errors: [FieldError] = []
        let dryRun = context.query.all("dryRun")
        if let wrong = dryRun.first(where: { $0 != "All" }) {
            errors.append(.notSupported(FieldPath("dryRun"), .array([.string(wrong)]), ["All"]))
        }
        if let text = context.query["fieldValidation"], !text.isEmpty, FieldValidation(rawValue: text) == nil {
            errors.append(.notSupported(FieldPath("fieldValidation"), .string(text), FieldValidation.supported))
        }
        if let manager = context.query["fieldManager"], manager.unicodeScalars.contains(where: { !$0.isPrintable }) {
            errors.append(
                .invalid(FieldPath("fieldManager"), .string(manager), "should only contain printable characters")
            )
        }
        if let manager = context.query["fieldManager"], manager.utf8.count > 128 {
            errors.append(.tooLong(FieldPath("fieldManager"), maximum: 128))
        }
        guard errors.isEmpty else { throw .invalid(group: "meta.k8s.io", kind: kind, name: "", errors: errors) }
    }

    static func fieldValidation(_ text: String, context: RequestContext) -> Status {
        .invalid(
            group: "meta.k8s.io",
            kind: "CreateOptions",
            name: "",
            errors: [.notSupported(FieldPath("fieldValidation"), .string(text), FieldValidation.supported)]
        )
    }
}

/// The options of a deletion, from its body and its query.
struct DeleteOptions: Sendable {
    enum Propagation: String, Sendable { case foreground = "Foreground", background = "Background", orphan = "Orphan" }

    var gracePeriodSeconds: Int64?
    var propagation: Propagation?
    var uid: String?
    var resourceVersion: String?
    var isDryRun = false

    /// Reads the options of a request. A body, where there is one, replaces the query.
    init(_ context: RequestContext, body: JSONValue?) throws(Status) {
        let query = context.query
        var policy = query["propagationPolicy"]
        var orphan = query["orphanDependents"].map { $0 == "true" || $0 == "1" }
        gracePeriodSeconds = query["gracePeriodSeconds"].flatMap { Int64($0) }
        var dryRun = query.all("dryRun")
        if let body, case .object(let members) = body {
            let kind = members["kind"]?.stringValue ?? ""
            guard kind.isEmpty || kind == "DeleteOptions" else {
                throw .badRequest(
                    "the object provided is unrecognized (must be of type DeleteOptions): couldn't get "
                        + "version/kind; kind \"\(kind)\""
                )
            }
            if let value = members["gracePeriodSeconds"]?.intValue { gracePeriodSeconds = value }
            if let value = members["propagationPolicy"]?.stringValue { policy = value }
            if let value = members["orphanDependents"]?.boolValue { orphan = value }
            if let value = members["dryRun"]?.arrayValue { dryRun = value.compactMap(\.stringValue) }
            uid = members["preconditions"]?["uid"]?.stringValue
            resourceVersion = members["preconditions"]?["resourceVersion"]?.stringValue
        }
        var errors: [FieldError] = []
        let path = FieldPath("propagationPolicy")
        if let policy, orphan != nil {
            errors.append(
                .invalid(path, .string(policy), "orphanDependents and deletionPropagation cannot be both set")
            )
        } else if let policy {
            propagation = Propagation(rawValue: policy)
            if propagation == nil {
                errors.append(.notSupported(path, .string(policy), ["Foreground", "Background", "Orphan", "nil"]))
            }
        } else if let orphan {
            propagation = orphan ? .orphan : .background
        }
        if let wrong = dryRun.first(where: { $0 != "All" }) {
            errors.append(.notSupported(FieldPath("dryRun"), .array([.string(wrong)]), ["All"]))
        }
        isDryRun = !dryRun.isEmpty
        guard errors.isEmpty else {
            throw .invalid(group: "meta.k8s.io", kind: "DeleteOptions", name: "", errors: errors)
        }
    }
}

extension Unicode.Scalar {
    /// Whether this is text that can be seen, or a space.
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
