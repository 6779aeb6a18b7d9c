public import APIMachinery

/// What a list is narrowed to and how it is read.
public struct ListOptions: Sendable, Hashable {
    /// `a=b,c in (d,e)`
    public var labelSelector: String?
    /// `status.phase=Running`
    public var fieldSelector: String?
    /// How many objects come in one page; `nil` for all at once.
    public var limit: Int?
    /// Where the next page begins, from the list before.
    public var continueToken: String?
    /// `0` allows any cached state, absent demands the newest.
    public var resourceVersion: String?
    /// Parameters that only some servers know.
    public var parameters: [String: String] = [:]

    /// A list of everything.
    public init(
        labelSelector: String? = nil,
        fieldSelector: String? = nil,
        limit: Int? = nil,
        continueToken: String? = nil,
        resourceVersion: String? = nil
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.limit = limit
        self.continueToken = continueToken
        self.resourceVersion = resourceVersion
    }

    var query: [APIRequest.QueryItem] {
        var items: [APIRequest.QueryItem] = []
        items.append("labelSelector", labelSelector)
        items.append("fieldSelector", fieldSelector)
        items.append("limit", limit.map(String.init))
        items.append("continue", continueToken)
        // A continue token carries the version of its list; giving both is an error.
        if continueToken == nil { items.append("resourceVersion", resourceVersion) }
        for (name, value) in parameters.sorted(by: { $0.key < $1.key }) { items.append(name, value) }
        return items
    }
}

/// From where a watch goes on and what it shows.
public struct WatchOptions: Sendable, Hashable {
    public var labelSelector: String?
    public var fieldSelector: String?
    /// The version after which changes are delivered; without it the present state comes first.
    public var resourceVersion: String?
    /// When the server shall end the watch, in seconds.
    public var timeoutSeconds: Int?
    /// Asks for events that only say how far the watch has come.
    public var allowBookmarks: Bool

    /// A watch of everything.
    public init(
        labelSelector: String? = nil,
        fieldSelector: String? = nil,
        resourceVersion: String? = nil,
        timeoutSeconds: Int? = nil,
        allowBookmarks: Bool = true
    ) {
        self.labelSelector = labelSelector
        self.fieldSelector = fieldSelector
        self.resourceVersion = resourceVersion
        self.timeoutSeconds = timeoutSeconds
        self.allowBookmarks = allowBookmarks
    }

    var query: [APIRequest.QueryItem] {
        var items = [APIRequest.QueryItem("watch", "true")]
        items.append("labelSelector", labelSelector)
        items.append("fieldSelector", fieldSelector)
        items.append("resourceVersion", resourceVersion)
        items.append("timeoutSeconds", timeoutSeconds.map(String.init))
        if allowBookmarks { items.append("allowWatchBookmarks", "true") }
        return items
    }
}

/// What all writes have in common.
public struct WriteOptions: Sendable, Hashable {
    /// Who owns the fields written (`managedFields`).
    public var fieldManager: String?
    /// Checks and answers as if it were done, and does nothing.
    public var dryRun: Bool
    /// `Strict`, `Warn` or `Ignore` for unknown and duplicate fields.
    public var fieldValidation: String?

    /// Options of a write.
    public init(fieldManager: String? = nil, dryRun: Bool = false, fieldValidation: String? = nil) {
        self.fieldManager = fieldManager
        self.dryRun = dryRun
        self.fieldValidation = fieldValidation
    }

    var query: [APIRequest.QueryItem] {
        var items: [APIRequest.QueryItem] = []
        items.append("fieldManager", fieldManager)
        if dryRun { items.append("dryRun", "All") }
        items.append("fieldValidation", fieldValidation)
        return items
    }
}

/// What becomes of an object's dependents.
public enum PropagationPolicy: String, Sendable {
    case orphan = "Orphan"
    case background = "Background"
    case foreground = "Foreground"
}

/// How and on what condition an object is deleted.
public struct DeleteOptions: Sendable, Hashable {
    /// How long a Pod has to stop; 0 removes the object at once.
    public var gracePeriodSeconds: Int?
    public var propagationPolicy: PropagationPolicy?
    /// Deletes only the object with this uid.
    public var uid: String?
    /// Deletes only this version of the object.
    public var resourceVersion: String?
    public var dryRun: Bool

    /// Deletes whatever has the name, as the server thinks fit.
    public init(
        gracePeriodSeconds: Int? = nil,
        propagationPolicy: PropagationPolicy? = nil,
        uid: String? = nil,
        resourceVersion: String? = nil,
        dryRun: Bool = false
    ) {
        self.gracePeriodSeconds = gracePeriodSeconds
        self.propagationPolicy = propagationPolicy
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.dryRun = dryRun
    }
}

/// A change to an object, in one of the ways that the API has.
public enum ObjectPatch: Sendable, Hashable {
    /// RFC 7386: members replace, `null` removes.
    case merge(JSONValue)
    /// RFC 6902: a list of operations.
    case json(JSONValue)
    /// Kubernetes' own, for core kinds only.
    case strategicMerge(JSONValue)
    /// Server-side apply; `force` takes fields over from other managers.
    case apply(JSONValue, force: Bool)

    var contentType: String {
        switch self {
        case .merge: "application/merge-patch+json"
        case .json: "application/json-patch+json"
        case .strategicMerge: "application/strategic-merge-patch+json"
        // JSON is YAML, so no YAML writer is needed.
        case .apply: "application/apply-patch+yaml"
        }
    }

    var body: JSONValue {
        switch self {
        case .merge(let value), .json(let value), .strategicMerge(let value), .apply(let value, _): value
        }
    }

    /// A JSON patch may append to a list, so it alone is not the same when done twice.
    var isIdempotent: Bool { if case .json = self { false } else { true } }
}

/// Which part of a container's log is read.
public struct PodLogOptions: Sendable, Hashable {
    /// Needed where the Pod has several containers.
    public var container: String?
    /// Goes on as the log grows.
    public var follow: Bool
    /// The log of the container's instance before the present one.
    public var previous: Bool
    public var timestamps: Bool
    public var tailLines: Int?
    public var sinceSeconds: Int?
    /// RFC 3339
    public var sinceTime: String?
    public var limitBytes: Int?

    /// The whole log.
    public init(
        container: String? = nil,
        follow: Bool = false,
        previous: Bool = false,
        timestamps: Bool = false,
        tailLines: Int? = nil,
        sinceSeconds: Int? = nil,
        sinceTime: String? = nil,
        limitBytes: Int? = nil
    ) {
        self.container = container
        self.follow = follow
        self.previous = previous
        self.timestamps = timestamps
        self.tailLines = tailLines
        self.sinceSeconds = sinceSeconds
        self.sinceTime = sinceTime
        self.limitBytes = limitBytes
    }

    var query: [APIRequest.QueryItem] {
        var items: [APIRequest.QueryItem] = []
        items.append("container", container)
        if follow { items.append("follow", "true") }
        if previous { items.append("previous", "true") }
        if timestamps { items.append("timestamps", "true") }
        items.append("tailLines", tailLines.map(String.init))
        items.append("sinceSeconds", sinceSeconds.map(String.init))
        items.append("sinceTime", sinceTime)
        items.append("limitBytes", limitBytes.map(String.init))
        return items
    }
}

extension [APIRequest.QueryItem] {
    fileprivate mutating func append(_ name: String, _ value: String?) {
        if let value { append(APIRequest.QueryItem(name, value)) }
    }
}
