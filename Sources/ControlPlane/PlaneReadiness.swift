import Observability
import Storage
import Synchronization

/// What of the plane works already, for `/readyz`.
final class PlaneReadiness: Sendable {
    /// The parts that must have come up.
    enum Part: String, CaseIterable, Sendable {
        /// The Kubernetes API answers.
        case apiserver
        /// The controllers know all objects.
        case informers
        /// Pods can run.
        case node
    }

    private let ready = Mutex<Set<Part>>([])
    private let stopping = Mutex(false)

    /// The plane has begun to stop, and is not ready any more.
    func stop() { stopping.withLock { $0 = true } }

    var isStopping: Bool { stopping.withLock { $0 } }

    static let stoppingMessage = "the plane is stopping"

    func set(_ part: Part) { ready.withLock { _ = $0.insert(part) } }

    func addChecks(to health: HealthChecks, runs: any RunStore) {
        health.add("run-store", to: [.livez, .readyz]) {
            _ = try await runs.read { try $0.revision() }
        }
        health.add("shutdown") { [self] in
            if isStopping { throw HealthCheckFailure(Self.stoppingMessage) }
        }
        for part in Part.allCases {
            health.add(part.rawValue) { [self] in
                guard ready.withLock({ $0.contains(part) }) else {
                    throw HealthCheckFailure("\(part.rawValue) is not up yet; see the log if this lasts")
                }
            }
        }
    }
}
