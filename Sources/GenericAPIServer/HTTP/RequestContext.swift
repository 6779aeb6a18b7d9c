package import APIMachinery
import Synchronization

/// What goes along with a request through all layers.
package final class RequestContext: Sendable {
    package let request: APIRequest
    package let info: RequestInfo
    package let form: OutputForm
    /// The moment at which the request is taken to happen.
    package let now: Timestamp
    /// What the audit log is going to say of the request, if there is one.
    package let audit: AuditRecord?
    private let collected = Mutex(WarningRecorder())

    package init(request: APIRequest, info: RequestInfo, form: OutputForm, now: Timestamp, audit: AuditRecord? = nil) {
        self.request = request
        self.info = info
        self.form = form
        self.now = now
        self.audit = audit
    }

    package var query: QueryParameters { request.query }

    /// Adds a text for a `Warning` header.
    package func warn(_ text: String) { collected.withLock { $0.add(text) } }

    /// The texts of the `Warning` headers.
    package var warnings: [String] { collected.withLock { $0.texts } }

    /// Whether nothing may be stored: `dryRun=All`.
    package var isDryRun: Bool { query["dryRun"] != nil }

    /// Who the managed fields of this request's changes belong to.
    package var fieldManager: String {
        if let manager = query["fieldManager"], !manager.isEmpty { return manager }
        let agent = request.headers["user-agent"] ?? ""
        let product = agent.prefix { $0 != "/" && $0 != " " }
        return product.isEmpty ? "unknown" : String(product)
    }

    /// What to do about unknown and repeated fields.
    package var fieldValidation: FieldValidation {
        get throws(Status) {
            guard let text = query["fieldValidation"], !text.isEmpty else { return .warn }
            guard let level = FieldValidation(rawValue: text) else {
                throw OptionErrors.fieldValidation(text, context: self)
            }
            return level
        }
    }
}

/// How strictly a body is read.
package enum FieldValidation: String, Sendable, CaseIterable {
    case ignore = "Ignore"
    case warn = "Warn"
    case strict = "Strict"

    /// What the option takes, as errors list it.
    package static let supported = ["", "Ignore", "Strict", "Warn"]
}
