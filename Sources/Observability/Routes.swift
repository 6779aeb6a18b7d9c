import HTTPTypes
public import Hummingbird
import NIOCore

/// The routes of probes and metrics, the same on every port that serves them.
public struct ObservabilityRoutes: Sendable {
    /// What `/health` says besides `status`; asked at every call, order kept.
    public typealias Facts = @Sendable () -> [(String, HealthFact)]

    private let health: HealthChecks
    private let registry: PrometheusRegistry?
    private let facts: Facts
    private let details: Facts

    /// Describes the routes of one service.
    ///
    /// - Parameters:
    ///   - service: the name in `/health`.
    ///   - registry: serves `/metrics` if given.
    ///   - facts: more members for `/health` and its relatives, after `service`.
    ///   - details: members for `/health/detailed` alone.
    public init(
        service: String,
        health: HealthChecks,
        registry: PrometheusRegistry? = nil,
        facts: @escaping Facts = { [] },
        details: @escaping Facts = { [] }
    ) {
        self.health = health
        self.registry = registry
        self.facts = { [("service", .string(service))] + facts() }
        self.details = details
    }

    /// Adds `/livez`, `/readyz` (each also with `/NAME` for one check, `?verbose`, `?exclude=NAME`), `/health`,
    /// `/health/live`, `/health/ready`, `/health/detailed`, `/health/NAME` and `/metrics`.
    ///
    /// Probes take no authentication; put whatever must be protected behind a middleware of its own group.
    public func add<Context: RequestContext>(to router: some RouterMethods<Context>) {
        for probe in HealthProbe.allCases {
            router.get("/\(probe.rawValue)") { request, _ in await text(probe, request, only: nil) }
            router.get("/\(probe.rawValue)/:check") { request, context in
                await text(probe, request, only: context.parameters.get("check"))
            }
        }
        router.get("/health") { request, _ in await json(.livez, request) }
        router.get("/health/live") { request, _ in await json(.livez, request, components: true) }
        router.get("/health/ready") { request, _ in await json(.readyz, request, components: true) }
        router.get("/health/detailed") { request, _ in
            await json(nil, request, components: true, extra: details())
        }
        router.get("/health/:check") { request, context in
            await json(nil, request, components: true, only: context.parameters.get("check"))
        }
        if let registry {
            router.get("/metrics") { _, _ in
                var headers = HTTPFields()
                headers[.contentType] = PrometheusRegistry.contentType
                return Response(
                    status: .ok,
                    headers: headers,
                    body: ResponseBody(byteBuffer: ByteBuffer(string: registry.render()))
                )
            }
        }
    }

    private func text(_ probe: HealthProbe, _ request: Request, only: String?) async -> Response {
        let excluded = request.uri.queryParameters.getAll("exclude")
        let report = await health.report(probe, excluding: excluded, only: only)
        if only != nil && report.results.isEmpty {
            return Self.answer(.notFound, "404 page not found\n", "text/plain; charset=utf-8")
        }
        let verbose = Self.flag("verbose", request)
        let body = only != nil && report.passed && !verbose ? "ok" : report.text(verbose: verbose)
        return Self.answer(report.passed ? .ok : .serviceUnavailable, body, "text/plain; charset=utf-8")
    }

    private func json(
        _ probe: HealthProbe?,
        _ request: Request,
        components: Bool = false,
        only: String? = nil,
        extra: [(String, HealthFact)] = []
    ) async -> Response {
        let excluded = request.uri.queryParameters.getAll("exclude")
        let report = await health.report(probe, excluding: excluded, only: only)
        if only != nil && report.results.isEmpty {
            return Self.answer(.notFound, #"{"status":"unknown"}"#, "application/json")
        }
        let body = report.json(
            facts: facts() + extra,
            components: components,
            verbose: Self.flag("verbose", request)
        )
        return Self.answer(
            report.passed ? .ok : .serviceUnavailable,
            String(decoding: body, as: UTF8.self),
            "application/json"
        )
    }

    /// Present at all means yes, as in Kubernetes (`?verbose`), unless it says no.
    private static func flag(_ name: Substring, _ request: Request) -> Bool {
        guard let query = request.uri.query else { return false }
        for item in query.split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts[0] == name { return !(parts.count == 2 && ["0", "false"].contains(parts[1])) }
        }
        return false
    }

    private static func answer(_ status: HTTPResponse.Status, _ body: String, _ type: String) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.cacheControl] = "no-cache, private"
        headers[.xContentTypeOptions] = "nosniff"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: body)))
    }
}
