import Synchronization

/// What a health check throws to fail with a reason for operators.
public struct HealthCheckFailure: Error, Sendable, CustomStringConvertible {
    /// What is wrong and what to look at; shown with `?verbose` only.
    public var reason: String

    /// Fails a check for that reason.
    public init(_ reason: String) { self.reason = reason }

    public var description: String { reason }
}

/// The questions that probes ask.
public enum HealthProbe: String, Sendable, CaseIterable {
    /// Does the process work at all? Failing means: restart it.
    case livez
    /// Can it do its work now? Failing means: send it none.
    case readyz
}

/// The named checks of a process, asked by `/livez`, `/readyz` and `/health`.
///
/// Checks run one after the other at every probe, so a check reads a state that something else keeps up to
/// date; it does not go out and find it. Every set starts with `ping`, which always passes.
public final class HealthChecks: Sendable {
    /// Passes by returning, fails by throwing.
    public typealias Check = @Sendable () async throws -> Void

    private struct Entry: Sendable {
        var name: String
        var probes: Set<HealthProbe>
        var check: Check
    }

    private let entries: Mutex<[Entry]>

    /// The checks of a process that has none of its own yet.
    public init() {
        entries = Mutex([Entry(name: "ping", probes: [.livez, .readyz], check: {})])
    }

    /// Adds a check, or replaces the one of that name. Checks are reported in the order in which they were added.
    ///
    /// - Parameter probes: who asks; a check that a restart cannot mend belongs to `readyz` only.
    public func add(_ name: String, to probes: Set<HealthProbe> = [.readyz], check: @escaping Check) {
        let entry = Entry(name: name, probes: probes, check: check)
        entries.withLock { entries in
            if let index = entries.firstIndex(where: { $0.name == name }) {
                entries[index] = entry
            } else {
                entries.append(entry)
            }
        }
    }

    /// Runs the checks of a probe (of all probes if `nil`), leaving out those named in `excluding`.
    public func report(_ probe: HealthProbe?, excluding: [String] = [], only: String? = nil) async -> HealthReport {
        let chosen = entries.withLock { $0 }.filter { entry in
            (probe.map(entry.probes.contains) ?? true) && (only.map { $0 == entry.name } ?? true)
        }
        var report = HealthReport(probe: probe)
        let clock = ContinuousClock()
        for entry in chosen {
            if excluding.contains(entry.name) {
                report.results.append(.init(name: entry.name, outcome: .excluded, duration: .zero))
                continue
            }
            let start = clock.now
            var outcome = HealthReport.Outcome.passed
            do { try await entry.check() } catch { outcome = .failed("\(error)") }
            report.results.append(.init(name: entry.name, outcome: outcome, duration: clock.now - start))
        }
        report.unknownExclusions = excluding.filter { name in !chosen.contains { $0.name == name } }
        return report
    }
}
