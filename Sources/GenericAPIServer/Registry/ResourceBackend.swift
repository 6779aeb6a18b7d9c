package import APIMachinery
package import Storage

/// One page of a list.
package struct PageRequest: Sendable {
    /// Only objects of this namespace; `nil` for all.
    package var namespace: String?
    /// The first path that may be on the page.
    package var start = ""
    /// The most objects on the page; `nil` for all.
    package var limit: Int?
    /// The revision whose state is wanted; `nil` for the newest.
    package var revision: Int64?
    /// Which objects are wanted.
    package var selection: Selection
    /// Whether large members of the objects are not needed.
    package var isBrief = false
    /// Parameters of the request that mean something to the module that keeps the objects.
    package var parameters: [String: String] = [:]

    package init(
        namespace: String? = nil,
        start: String = "",
        limit: Int? = nil,
        revision: Int64? = nil,
        selection: Selection,
        isBrief: Bool = false,
        parameters: [String: String] = [:]
    ) {
        self.namespace = namespace
        self.start = start
        self.limit = limit
        self.revision = revision
        self.selection = selection
        self.isBrief = isBrief
        self.parameters = parameters
    }
}

/// What a page request yields.
package struct Page: Sendable {
    package var objects: [CachedObject]
    package var revision: Int64
    /// Where the next page begins; `nil` on the last one.
    package var next: String?
    /// How many objects there are on later pages, if that is known.
    package var remaining: Int?
}

/// Keeps the objects of one resource: the watch cache over the object store, or another module.
package protocol ResourceBackend: Sendable {
    /// The object at that path now.
    func object(at path: String) async throws(Status) -> CachedObject?

    /// A page of the objects, in the order of their paths.
    func page(_ request: PageRequest) async throws(Status) -> Page

    /// Registers a watcher for the changes after a revision; `nil` stands for the current state, then changes.
    func watch(_ watcher: Watcher, after revision: Int64?) async throws(Status) -> WatchStart

    /// Makes a write durable.
    func commit(_ write: ObjectWrite) async throws(ObjectStoreError) -> ObjectChange

    /// The revision of the newest write.
    var revision: Int64 { get }

    /// Tells watchers the time.
    func tick(now: Timestamp)

    /// Brings watched objects to the version that is served, where that takes more than the strategy.
    var converter: (any ObjectConverter)? { get }

    /// Parameters of list requests that mean something to the module that keeps the objects.
    var listParameters: Set<String> { get }

    /// Whether a list without a limit is read by pages as it is sent, because the objects are not in memory.
    var readsByPages: Bool { get }
}

extension ResourceBackend {
    package var converter: (any ObjectConverter)? { nil }
    package var listParameters: Set<String> { [] }
    package var readsByPages: Bool { false }
}

/// Converts objects to the version in which they are served.
package protocol ObjectConverter: Sendable {
    /// The objects in that version, in the same order. One call costs as much as another, whatever their number.
    func convert(_ objects: [CachedObject]) async throws(Status) -> [CachedObject]
}

extension WatchCache: ResourceBackend {
    package func object(at path: String) async throws(Status) -> CachedObject? { current(path) }

    package func page(_ request: PageRequest) async throws(Status) -> Page {
        var objects: SortedObjects
        let revision: Int64
        if let wanted = request.revision {
            revision = wanted
            objects = try await snapshot(at: wanted)
        } else {
            (objects, revision) = snapshot()
        }
        let prefix = request.namespace.map { "\($0)/" } ?? ""
        var start = request.start.isEmpty ? prefix : request.start
        var found: [CachedObject] = []
        var next: String?
        var isComplete = false
        while !isComplete {
            isComplete = true
            var room = request.selection.stride
            objects.forEach(from: start) { object in
                if !prefix.isEmpty, !object.path.utf8.starts(with: prefix.utf8) { return false }
                if let limit = request.limit, found.count == limit {
                    next = object.path
                    return false
                }
                if room == 0 {
                    start = object.path
                    isComplete = false
                    return false
                }
                room -= 1
                if request.selection.matches(object) { found.append(object) }
                return true
            }
            guard !isComplete else { break }
            try Status.checkCancellation()
            await Task.yield()
        }
        var remaining: Int?
        if let next {
            keepForPaging(objects, revision: revision)
            // With a selector nobody is told how many remain. The character after the slash ends a namespace.
            if request.selection.isEverything {
                let end = request.namespace.map { objects.rank(of: "\($0)0") } ?? objects.count
                remaining = end - objects.rank(of: next)
            }
        }
        return Page(objects: found, revision: revision, next: next, remaining: remaining)
    }
}

/// The label and field selectors of a request.
package struct Selection: Sendable, Hashable {
    package var labels: Selector = .everything
    package var fields: FieldSelector = .everything

    var isEverything: Bool { labels.isEmpty && fields.isEmpty }

    /// How many objects are looked at before other requests have their turn: fewer, the more there is to compare.
    var stride: Int {
        let comparisons = labels.requirements.reduce(1 + fields.requirements.count) { $0 + 1 + $1.values.count }
        return max(1, 16384 / comparisons)
    }

    /// The labels and fields of which one value is wanted, and whether that is the whole selection.
    var equalities: (labels: [String: String], fields: [String: String], isComplete: Bool) {
        var result = (labels: [String: String](), fields: [String: String](), isComplete: true)
        for requirement in labels.requirements {
            if [.equals, .doubleEquals].contains(requirement.operator), let value = requirement.values.first {
                if let other = result.labels.updateValue(value, forKey: requirement.key), other != value {
                    result.isComplete = false
                }
            } else {
                result.isComplete = false
            }
        }
        for requirement in fields.requirements {
            if requirement.operator != .notEquals {
                if let other = result.fields.updateValue(requirement.value, forKey: requirement.field),
                    other != requirement.value
                {
                    result.isComplete = false
                }
            } else {
                result.isComplete = false
            }
        }
        return result
    }

    package func matches(_ object: CachedObject) -> Bool {
        if !labels.isEmpty {
            var texts: [String: String] = [:]
            for (key, value) in object.labels { texts[key] = value.stringValue }
            if !labels.matches(texts) { return false }
        }
        return fields.requirements.allSatisfy { requirement in
            object.fieldValue(requirement.field).equalsBytes(of: requirement.value)
                == (requirement.operator != .notEquals)
        }
    }

    /// Reads the selectors of a request and checks that the resource has the fields.
    package init(_ context: RequestContext, resource: ServedResource) throws(Status) {
        do {
            if let text = context.query["labelSelector"] { labels = try Selector(parsing: text) }
        } catch {
            throw .badRequest("\(error)")
        }
        do {
            if let text = context.query["fieldSelector"] { fields = try FieldSelector(parsing: text) }
        } catch {
            throw .badRequest("\(error)")
        }
        let known = resource.strategy.selectableFields
        for requirement in fields.requirements {
            let field = requirement.field
            // Built-in kinds without fields of their own take both, whether they have namespaces or not.
            let hasNamespace = resource.isNamespaced || !resource.isCustom && known.isEmpty
            if field == "metadata.name" || known.contains(field) { continue }
            if field == "metadata.namespace", hasNamespace { continue }
            throw .badRequest(resource.strategy.unknownFieldMessage(field))
        }
        // The path of a single object narrows a watch to it.
        if !context.info.name.isEmpty, context.info.verb == "watch" || context.info.verb == "list" {
            fields.requirements.append(.init(field: "metadata.name", operator: .equals, value: context.info.name))
        }
    }

    package init() {}
}
