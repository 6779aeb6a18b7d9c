import Glibc
import Metrics
import Subprocess
import Testing

@testable import Observability

@Suite("The exposition in promtool's eyes")
struct PromtoolTests {
    static let isInstalled = ["/usr/bin/promtool", "/usr/local/bin/promtool"].contains { (path: String) in
        access(path, X_OK) == 0
    }

    @Test("promtool check metrics accepts it", .enabled(if: isInstalled, "promtool (package prometheus) is missing"))
    func check() async throws {
        let registry = PrometheusRegistry([
            MetricDescription("martinet_odd_total", help: "Quotes \" backslashes \\ and\nline feeds.")
        ])
        ProcessMetrics.register(in: registry)
        Counter(label: "martinet_odd", dimensions: [("path", "a\\b\n\"c\" ü")], factory: registry).increment()
        Timer(label: "martinet_wait", dimensions: [("le", "x"), ("q", "")], factory: registry).recordSeconds(1)
        Recorder(label: "martinet_body_bytes", factory: registry).record(5000)
        Gauge(label: "martinet.some-thing", factory: registry).record(Double.infinity)
        let result = try await run(
            .name("promtool"),
            arguments: ["check", "metrics"],
            input: .string(registry.render()),
            output: .string(limit: 65536),
            error: .string(limit: 65536)
        )
        #expect(result.terminationStatus.isSuccess, "\(result.standardOutput) \(result.standardError)")
    }
}
