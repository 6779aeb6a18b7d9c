public import APIMachinery
import GenericAPIServer
public import HTTPServing

/// Which part of which container's log is wanted.
public struct PodLogOptions: Sendable, Hashable {
    public var container: String
    public var follow = false
    /// The log of the container's run before the present one.
    public var previous = false
    public var timestamps = false
    public var tailLines: Int?
    public var sinceSeconds: Int64?
    public var sinceTime: Timestamp?
    public var limitBytes: Int?

    /// Everything that the container has written.
    public init(container: String) { self.container = container }

    /// The same part of that container's log.
    package func of(_ container: String) -> PodLogOptions {
        var options = self
        options.container = container
        return options
    }
}

/// Reads the logs of Pods, where Pods run.
public protocol PodLogSource: Sendable {
    /// Sends the log; with `follow`, until the container ends or the task is cancelled.
    ///
    /// - Throws: a `Status` if there is no such log.
    func log(of pod: Unstructured, options: PodLogOptions, to sink: any ResponseSink) async throws
}

/// What containers use, for `kubectl top`.
public protocol PodMetricsSource: Sendable {
    /// The usage of every Pod (`metrics.k8s.io/v1beta1 PodMetrics`) of a namespace, or of all (`nil`).
    func podMetrics(namespace: String?) async -> [JSONValue]
    /// The usage of every node (`NodeMetrics`).
    func nodeMetrics() async -> [JSONValue]
}

/// GET on a Pod's log.
struct PodLogHandler: SubresourceHandler {
    /// Reads the logs; `nil` where no Pods run.
    let source: (any PodLogSource)?

    func respond(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        let name = context.info.name
        let part = try Self.selection(context, name: name)
        guard let stored = try await backend.object(at: context.path(name, resource)) else {
            throw .notFound(resource.groupResource, name: name)
        }
        let pod = try stored.document()
        let options = try part.of(Self.container(context, pod: pod, name: name))
        let node = pod["spec"]?["nodeName"]?.stringValue ?? ""
        if node.isEmpty {
            // A pod that no node has yet has no log either.
            return APIResponse(status: 204, contentType: "text/plain", body: .bytes([]))
        }
        try Self.checkState(pod, options, name: name)
        guard let source else {
            throw .internalError("no node of this server keeps logs; the pod \(name) is bound to \(node)")
        }
        let task = CancellableRun()
        return APIResponse(
            contentType: "text/plain",
            body: .stream(
                StreamingBody {
                    task.cancel()
                } run: { sink in
                    try await task.run {
                        do {
                            try await source.log(of: Unstructured(pod), options: options, to: sink)
                        } catch let status as Status {
                            // The head is sent already; the text has to do.
                            try await sink.write(Array((status.message ?? "").utf8))
                        }
                    }
                }
            )
        )
    }

    /// Refuses the log of a container that has not run yet, or has not run before.
    private static func checkState(_ pod: JSONValue, _ options: PodLogOptions, name: String) throws(Status) {
        let container = options.container
        let lists = ["containerStatuses", "initContainerStatuses"]
        let statuses = lists.flatMap { pod.value(at: "status", $0)?.arrayValue ?? [] }
        let status = statuses.first { $0["name"]?.stringValue == container } ?? .null
        let last = status.value(at: "lastState", "terminated")
        if options.previous {
            guard last != nil else {
                throw .badRequest("previous terminated container \"\(container)\" in pod \"\(name)\" not found")
            }
            return
        }
        let hasRun =
            last != nil || status.value(at: "state", "running") != nil || status.value(at: "state", "terminated") != nil
        guard !hasRun else { return }
        let reason = status.value(at: "state", "waiting", "reason")?.stringValue ?? "ContainerCreating"
        throw .badRequest("container \"\(container)\" in pod \"\(name)\" is waiting to start: \(reason)")
    }

    /// Which part of a log is asked for.
    ///
    /// - Throws: a 400 if that cannot be read, a 422 if it cannot be.
    private static func selection(_ context: RequestContext, name: String) throws(Status) -> PodLogOptions {
        let query = context.query
        var options = PodLogOptions(container: "")
        options.follow = query.flag("follow")
        options.previous = query.flag("previous")
        options.timestamps = query.flag("timestamps")
        options.sinceSeconds = try query.integer("sinceSeconds")
        if let text = query["sinceTime"], !text.isEmpty {
            guard let time = Timestamp(rfc3339: text) else {
                throw .badRequest(
                    "parsing time \(GoText.quoted(text)) as \"2006-01-02T15:04:05Z07:00\": cannot parse "
                        + "\(GoText.quoted(text)) as \"2006\""
                )
            }
            options.sinceTime = time
        }
        let lines = try query.integer("tailLines")
        let bytes = try query.integer("limitBytes")
        var errors: [FieldError] = []
        if let lines, lines < 0 {
            errors.append(.invalid(FieldPath("tailLines"), .int(lines), "must be greater than or equal to 0"))
        }
        if let bytes, bytes < 1 {
            errors.append(.invalid(FieldPath("limitBytes"), .int(bytes), "must be greater than 0"))
        }
        if let seconds = options.sinceSeconds {
            if options.sinceTime != nil {
                let detail = "at most one of `sinceTime` or `sinceSeconds` may be specified"
                errors.append(.forbidden(FieldPath.root.key(""), detail))
            } else if seconds < 1 {
                errors.append(.invalid(FieldPath("sinceSeconds"), .int(seconds), "must be greater than 0"))
            }
        }
        guard errors.isEmpty else { throw .invalid(group: "", kind: "PodLogOptions", name: name, errors: errors) }
        options.tailLines = lines.map { Int(clamping: $0) }
        options.limitBytes = bytes.map { Int(clamping: $0) }
        return options
    }

    /// The container that is asked for, or the only one.
    private static func container(
        _ context: RequestContext,
        pod: JSONValue,
        name: String
    ) throws(Status) -> String {
        func names(_ field: String) -> [String] {
            pod["spec"]?[field]?.arrayValue?.compactMap { $0["name"]?.stringValue } ?? []
        }
        let main = names("containers")
        let all = main + names("initContainers") + names("ephemeralContainers")
        let container = context.query["container"] ?? ""
        guard container.isEmpty else {
            guard all.contains(container) else {
                throw .badRequest("container \(container) is not valid for pod \(name)")
            }
            return container
        }
        guard main.count == 1, let only = main.first else {
            var message =
                "a container name must be specified for pod \(name), choose one of: [\(main.joined(separator: " "))]"
            let initial = names("initContainers")
            if !initial.isEmpty { message += " or one of the init containers: [\(initial.joined(separator: " "))]" }
            throw .badRequest(message)
        }
        return only
    }
}

/// POST on a Pod's binding: puts the Pod on a node.
struct BindingHandler: SubresourceHandler {
    func respond(
        _ core: ServerCore,
        _ resource: ServedResource,
        _ backend: any ResourceBackend,
        _ context: RequestContext
    ) async throws(Status) -> APIResponse {
        try OptionErrors.check(context, kind: "CreateOptions")
        let body = try BodyReader.read(context).value
        guard let node = body["target"]?["name"]?.stringValue, !node.isEmpty else {
            throw .invalid(
                group: "",
                kind: "Binding",
                name: context.info.name,
                errors: [.required(FieldPath("target").child("name"))]
            )
        }
        let writer = ObjectWriter(core: core, resource: resource, backend: backend, context: context)
        let now = context.now
        let owner = FieldOwner(manager: context.fieldManager, subresource: "binding", now: now)
        _ = try await writer.update(subresource: "binding", manager: owner, isPatch: true) { old throws(Status) in
            guard var pod = old else { throw .notFound(resource.groupResource, name: context.info.name) }
            let current = pod["spec"]?["nodeName"]?.stringValue ?? ""
            guard current.isEmpty else {
                throw .conflict(
                    GroupResource(group: "", resource: "pods/binding"),
                    name: context.info.name,
                    "pod \(context.info.name) is already assigned to node \"\(current)\""
                )
            }
            guard pod["metadata"]?["deletionTimestamp"] == nil else {
                throw .conflict(
                    GroupResource(group: "", resource: "pods/binding"),
                    name: context.info.name,
                    "pod \(context.info.name) is being deleted, cannot be assigned to a host"
                )
            }
            pod.set(.string(node), at: ["spec", "nodeName"])
            pod["status"] = PodConditions.set(
                "PodScheduled",
                to: "True",
                in: pod["status"] ?? .object([:]),
                now: now
            )
            return pod
        }
        let status: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "metadata": .object([:]), "status": "Success", "code": 201,
        ]
        return Rendering.encode(status, status: 201, context: context)
    }
}

/// The conditions in a Pod's status.
enum PodConditions {
    /// The status with that condition set; its transition time moves only if it changes.
    static func set(_ type: String, to value: String, in status: JSONValue, now: Timestamp) -> JSONValue {
        var conditions = status["conditions"]?.arrayValue ?? []
        let fresh: JSONValue = [
            "type": .string(type), "status": .string(value), "lastProbeTime": .null,
            "lastTransitionTime": .string(now.rfc3339),
        ]
        if let index = conditions.firstIndex(where: { $0["type"]?.stringValue == type }) {
            if conditions[index]["status"]?.stringValue != value { conditions[index] = fresh }
        } else {
            conditions.append(fresh)
        }
        var result = status
        result["conditions"] = .array(conditions)
        return result
    }
}
