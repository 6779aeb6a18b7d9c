package import APIMachinery
package import AccessControl
import Containment
import FoundationEssentials
package import HTTPServing
import Logging

/// Answers requests: finds out what is wanted, whether it is allowed, and who does it.
package final class Dispatcher: Sendable {
    package let core: ServerCore
    let discovery: Discovery
    package let health: HealthChecks

    package init(core: ServerCore, health: HealthChecks) {
        self.core = core
        self.health = health
        discovery = Discovery(core: core)
    }

    /// The answer to a request; every failure becomes a Status.
    package func respond(to request: APIRequest) async -> APIResponse {
        let begin = ContinuousClock.now
        return await audited(request) { info, audit throws(Status) in
            let deadline = try RequestTimeout.allowance(request, info).map { begin + $0 }
            if let deadline, ContinuousClock.now >= deadline { throw RequestTimeout.isOver }
            return try await self.admit(request, info, audit)
        }
    }

    /// The answer of somebody else to a request, after the same checks and with the same notes as of all requests.
    package func respond(
        to request: APIRequest,
        by handler: (APIRequest) async throws(Status) -> APIResponse
    ) async -> APIResponse {
        await audited(request) { info, audit throws(Status) in
            try await handler(try self.authorized(request, info, audit))
        }
    }

    /// The answer to a request by somebody who showed credentials that are worth nothing.
    package func refuse(_ request: APIRequest, _ failure: AuthenticationFailure) async -> APIResponse {
        await audited(request) { _, audit throws(Status) in
            audit?.failed(failure)
            throw .unauthorized()
        }
    }

    private func audited(
        _ request: APIRequest,
        _ body: (RequestInfo?, AuditRecord?) async throws(Status) -> APIResponse
    ) async -> APIResponse {
        let begin = ContinuousClock.now
        let info = RequestInfo(method: request.method, path: request.path, query: request.query)
        // Whoever names the request may find it again by that name.
        let given = request.headers["audit-id"] ?? ""
        let id = given.isEmpty ? UUID().uuidString.lowercased() : given
        let record = core.audit.map { _ in
            AuditRecord(id: id, request: request, info: info, received: core.options.now())
        }
        var response: APIResponse
        do throws(Status) {
            response = try await body(info, record)
        } catch {
            // OpenAPI has content types of its own, and no form is too strange for an error.
            let form = try? Negotiation.form(
                accept: request.headers["accept"],
                query: request.query,
                userAgent: request.headers["user-agent"]
            )
            response = error == Self.notServed ? .pathNotFound : Rendering.status(error, form: form)
        }
        response.headers.append(("Audit-Id", id))
        // Everything here is for who may see it; only documents with a tag of their own say otherwise.
        if !response.headers.contains(where: { $0.name == "Cache-Control" }) {
            response.headers.append(("Cache-Control", "no-cache, private"))
        }
        if let record { core.audit?.finish(record, &response) }
        core.metrics.answered(figures(info, request), code: response.status, after: .now - begin)
        return response
    }

    /// Lets a request pass whose user may do what it asks for; answers it as one of that user.
    private func authorized(
        _ request: APIRequest,
        _ info: RequestInfo?,
        _ audit: AuditRecord?
    ) throws(Status) -> APIRequest {
        var request = request
        if !request.impersonation.isEmpty, let wish = try Impersonation(request.impersonation) {
            do throws(Status) {
                request.user = try wish.user(for: request.user, core.authorizer)
            } catch {
                core.accessMetrics.decided(.denied(reason: ""))
                throw error
            }
            audit?.impersonated(request.user)
        }
        let attributes = AccessAttributes(request, info)
        let decision = core.authorizer.authorize(attributes)
        core.accessMetrics.decided(decision)
        audit?.decided(decision)
        if case .denied(let reason) = decision { throw attributes.forbidden(reason) }
        return request
    }

    private func admit(
        _ request: APIRequest,
        _ info: RequestInfo?,
        _ audit: AuditRecord?
    ) async throws(Status) -> APIResponse {
        let request = try authorized(request, info, audit)
        if let response = health.respond(to: request) { return response }
        if info == nil, let response = try VersionEndpoint.respond(to: request, core.options.version) {
            return response
        }
        let isMutating = !["GET", "HEAD"].contains(request.method)
        let seat = try await core.flow.seat(
            flow: request.user.name,
            isMutating: isMutating,
            bodyBytes: request.body.count,
            now: core.options.now()
        )
        // Reads are not marked: to refuse those of an informer would stop its controller for good.
        let mark =
            isMutating
            ? try core.options.containment.admitRequest(method: request.method, uri: request.uri, body: request.body)
            : nil
        defer { mark?.end() }
        return keep(seat, during: try await route(request, info, audit), info)
    }

    /// What tells the request apart in figures. What is not served is all one, or clients could make up figures.
    private func figures(_ info: RequestInfo?, _ request: APIRequest) -> ServerMetrics.Request {
        guard let info, core.registry.contents.resource(info.group, info.version, info.resource) != nil else {
            return ServerMetrics.Request(nil, method: request.method)
        }
        return ServerMetrics.Request(info, method: request.method)
    }

    /// Keeps a seat while a list is sent. Watches and logs go on without one, and are counted instead.
    private func keep(_ seat: Seat, during response: APIResponse, _ info: RequestInfo?) -> APIResponse {
        guard case .stream(let stream) = response.body else { return response }
        var response = response
        if info?.verb == "list" {
            var kept = StreamingBody(cancel: stream.cancel) { sink in
                try await stream.run(sink)
                withExtendedLifetime(seat) {}
            }
            kept.isCompressible = stream.isCompressible
            response.body = .stream(kept)
        } else {
            let metrics = core.metrics
            let request = ServerMetrics.Request(info, method: "GET")
            response.body = .stream(
                StreamingBody(cancel: stream.cancel) { sink in
                    metrics.longRunning(request, by: 1)
                    defer { metrics.longRunning(request, by: -1) }
                    try await stream.run(sink)
                }
            )
        }
        return response
    }

    private func route(
        _ request: APIRequest,
        _ info: RequestInfo?,
        _ audit: AuditRecord?
    ) async throws(Status) -> APIResponse {
        guard !request.path.utf8.contains(doubleSlash: ()) else { return .pathNotFound }
        guard let info else {
            try discovery.checkBuiltInPath(request)
            let accept = request.path.hasPrefix("/openapi/") ? nil : request.headers["accept"]
            let form = try Negotiation.form(
                accept: accept,
                query: request.query,
                userAgent: request.headers["user-agent"],
                offersDiscovery: true
            )
            return try await discovery.respond(to: request, form: form)
        }
        guard let resource = core.registry.contents.resource(info.group, info.version, info.resource) else {
            throw core.registry.contents.isBuiltIn(info.group) ? Self.unknown : Self.notServed
        }
        // Only a known resource says that it cannot be had in the form that was asked for.
        let form = try form(for: resource, request, info)
        let context = RequestContext(request: request, info: info, form: form, now: core.options.now(), audit: audit)
        // Before all others, so that it is never the one that there is no room for.
        if let text = resource.deprecationWarning { context.warn(text) }
        do throws(Status) {
            var response = try await serve(resource, context)
            Rendering.addWarnings(context.warnings, to: &response)
            return response
        } catch {
            if error == Self.notServed { return .pathNotFound }
            return Rendering.status(error, form: form, warnings: context.warnings)
        }
    }

    /// The form of the answer. A built-in path is chosen by method and type before its handler chooses the form.
    private func form(
        for resource: ServedResource,
        _ request: APIRequest,
        _ info: RequestInfo
    ) throws(Status) -> OutputForm {
        if !resource.isCustom {
            let context = RequestContext(request: request, info: info, form: OutputForm(), now: core.options.now())
            try checkShape(resource, context)
            guard request.method != "HEAD" else { throw Self.methodNotOffered }
            let isText = resource.subresource(info.subresource)?.isText == true
            let types = Negotiation.builtInTypes + (isText ? ["text/plain"] : [])
            guard Negotiation.names(types, in: request.headers["accept"]) else { throw Negotiation.notOffered(types) }
            // Text is text, whatever form there may be of other things.
            if isText { return OutputForm() }
        }
        return try Negotiation.form(
            accept: request.headers["accept"],
            query: request.query,
            userAgent: request.headers["user-agent"]
        )
    }

    package static let unknown = Status(
        code: 404,
        reason: .notFound,
        message: "the server could not find the requested resource",
        details: Status.Details()
    )

    package static let methodNotOffered = Status(
        code: 405,
        reason: .methodNotAllowed,
        message: "the server does not allow this method on the requested resource",
        details: Status.Details()
    )

    private func serve(_ resource: ServedResource, _ context: RequestContext) async throws(Status) -> APIResponse {
        let info = context.info
        try checkShape(resource, context)
        if !info.subresource.isEmpty { return try await SubresourceVerbs.run(core, resource, context) }
        switch info.verb {
        case "get": return try await GetVerb.run(core, resource, context)
        case "list": return try await ListVerb.run(core, resource, context)
        case "create": return try await CreateVerb.run(core, resource, context)
        default: break
        }
        guard case .objects(let backend) = resource.backend else {
            throw info.verb == "watch"
                ? Status.methodNotAllowed(resource.groupResource, verb: "watch") : Self.methodNotOffered
        }
        switch info.verb {
        case "watch": return try await WatchVerb.run(core, resource, backend, context)
        case "update": return try await UpdateVerb.run(core, resource, backend, context)
        case "patch": return try await PatchVerb.run(core, resource, backend, context)
        case "delete": return try await DeleteVerb.run(core, resource, backend, context)
        case "deletecollection": return try await DeleteCollectionVerb.run(core, resource, backend, context)
        default: throw .methodNotAllowed(resource.groupResource, verb: info.verb)
        }
    }

    /// Refuses paths and methods that the resource does not have.
    private func checkShape(_ resource: ServedResource, _ context: RequestContext) throws(Status) {
        let info = context.info
        if info.name == "." || info.name == ".." { throw .badRequest("invalid object name: \(info.name)") }
        let isCollection = info.name.isEmpty
        // Over all namespaces one can only look.
        if resource.isNamespaced, info.namespace.isEmpty, !isCollection || !["list", "watch"].contains(info.verb) {
            if resource.isCustom { throw Self.notServed }
            throw isCollection ? Self.methodNotOffered : Self.unknown
        }
        if !resource.isNamespaced, !info.namespace.isEmpty, info.resource != "namespaces" {
            throw resource.isCustom ? Self.notServed : Self.unknown
        }
        switch (info.verb, isCollection) {
        case ("update", true), ("patch", true):
            throw resource.isCustom ? Status.badRequest("name must be provided") : Self.methodNotOffered
        case ("create", false) where info.subresource.isEmpty && !resource.isCustom: throw Self.methodNotOffered
        default: break
        }
        if !resource.isCustom, info.subresource.isEmpty, !resource.verbs.contains(info.verb) {
            throw notOffered(resource)
        }
    }

    /// The 405 for what a kind does not do, with what to do instead where that is known.
    private func notOffered(_ resource: ServedResource) -> Status {
        var status = Self.methodNotOffered
        if case .computed = resource.backend, let advice = core.options.advice[resource.groupResource.description] {
            status.message = "\(status.message ?? ""): \(advice)"
        }
        return status
    }

    /// A path that only looks like one of this resource; the answer is plain text.
    static let notServed = Status(code: 404, reason: nil, message: "404 page not found")
}

extension Sequence where Element == UInt8 {
    /// Whether two slashes follow each other.
    fileprivate func contains(doubleSlash: Void) -> Bool {
        var last: UInt8 = 0
        for byte in self {
            if byte == UInt8(ascii: "/"), last == byte { return true }
            last = byte
        }
        return false
    }
}
