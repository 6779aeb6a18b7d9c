import AsyncHTTPClient
import Hummingbird
import Metrics
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import Testing

@testable import Observability

@Suite("Routes over a socket")
struct RoutesTests {
    /// Serves the routes on a free port, asks for the paths, and stops.
    private func ask(_ paths: [String]) async throws -> [(Int, String, String)] {
        let health = HealthChecks()
        health.add("db") { throw HealthCheckFailure("locked") }
        let registry = PrometheusRegistry()
        Counter(label: "martinet_things", factory: registry).increment()
        let router = Router()
        ObservabilityRoutes(
            service: "agent-runner",
            health: health,
            registry: registry,
            facts: { [("workers", .int(4))] },
            details: { [("version", .string("1"))] }
        ).add(to: router)
        let (ports, announce) = AsyncStream<Int>.makeStream()
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in announce.yield(channel.localAddress?.port ?? 0) }
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            var answers: [(Int, String, String)] = []
            for await port in ports {
                for path in paths {
                    let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
                    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
                    let body = try await response.body.collect(upTo: 1 << 20)
                    answers.append(
                        (
                            Int(response.status.code), String(buffer: body),
                            response.headers.first(name: "content-type") ?? ""
                        )
                    )
                }
                break
            }
            group.cancelAll()
            return answers
        }
    }

    @Test("Probes, health and metrics answer as documented")
    func routes() async throws {
        let answers = try await ask([
            "/livez", "/readyz", "/readyz?verbose", "/readyz?exclude=db&verbose=true", "/readyz?verbose=false",
            "/livez/ping", "/livez/none", "/readyz/db", "/health", "/health/ready", "/health/detailed?verbose",
            "/health/db",
            "/health/none", "/metrics",
        ])
        #expect(answers[0].0 == 200 && answers[0].1 == "ok")
        #expect(answers[1].0 == 503 && answers[1].1.contains("[-]db failed: reason withheld"))
        #expect(answers[2].0 == 503 && answers[2].1.contains("[-]db failed: locked"))
        #expect(answers[3].0 == 200 && answers[3].1 == "[+]ping ok\n[+]db excluded: ok\nreadyz check passed\n")
        #expect(answers[4].1.contains("reason withheld"))
        #expect(answers[5].1 == "ok")
        #expect(answers[6].0 == 404)
        #expect(answers[7].0 == 503)
        #expect(answers[8].0 == 200 && answers[8].1 == #"{"status":"ok","service":"agent-runner","workers":4}"#)
        #expect(answers[8].2 == "application/json")
        #expect(answers[9].0 == 503 && answers[9].1.contains(#""db":{"status":"failing","reason":"reason withheld""#))
        #expect(answers[10].1.contains(#""version":"1""#) && answers[10].1.contains(#""reason":"locked""#))
        #expect(answers[11].0 == 503 && !answers[11].1.contains("ping"))
        #expect(answers[12].0 == 404)
        #expect(answers[13].0 == 200 && answers[13].1.contains("martinet_things_total 1\n"))
        #expect(answers[13].2 == "text/plain; version=0.0.4; charset=utf-8")
    }
}
