import Testing

@testable import Observability

@Suite("Health checks")
struct HealthTests {
    private func checks() -> HealthChecks {
        let checks = HealthChecks()
        checks.add("log", to: [.livez]) {}
        checks.add("store") { throw HealthCheckFailure("disk full: free space in /data") }
        return checks
    }

    @Test("A probe that passes says ok, or lists its checks when asked")
    func passing() async {
        let report = await checks().report(.livez)
        #expect(report.passed)
        #expect(report.text(verbose: false) == "ok")
        #expect(report.text(verbose: true) == "[+]ping ok\n[+]log ok\nlivez check passed\n")
    }

    @Test("A probe that fails names the checks and withholds the reason unless asked")
    func failing() async {
        let report = await checks().report(.readyz)
        #expect(!report.passed)
        #expect(report.text(verbose: false) == "[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n")
        #expect(report.text(verbose: true).contains("[-]store failed: disk full: free space in /data\n"))
    }

    @Test("Checks can be excluded; unknown exclusions are pointed out")
    func excluding() async {
        let report = await checks().report(.readyz, excluding: ["store", "nope"])
        #expect(report.passed)
        #expect(
            report.text(verbose: true)
                == "[+]ping ok\n[+]store excluded: ok\n"
                + "warn: some health checks cannot be excluded: no matches for \"nope\"\nreadyz check passed\n"
        )
    }

    @Test("JSON keeps the order of its members")
    func json() async {
        let report = await checks().report(.livez)
        let facts: [(String, HealthFact)] = [
            ("service", .string("agent-runner")), ("workers", .int(4)), ("running", .bool(true)),
        ]
        let text = String(decoding: report.json(facts: facts, components: false, verbose: false), as: UTF8.self)
        #expect(text == #"{"status":"ok","service":"agent-runner","workers":4,"running":true}"#)
    }

    @Test("A check added again replaces the first; one check can be asked alone")
    func replacing() async {
        let checks = checks()
        checks.add("store") {}
        #expect(await checks.report(.readyz).passed)
        #expect(await checks.report(nil, only: "store").results.map(\.name) == ["store"])
        #expect(await checks.report(nil, only: "none").results.isEmpty)
    }
}
