import APIMachinery
import CLinux
import KubeAPI
import Synchronization

/// Hands out ports of the loopback address. Pods on one machine share its network, so that only one of them can listen
/// on 8080.
///
/// The rule: a container that has the variable `MARTINET_HTTP_PORT`, or that declares `containerPort: 0`, gets a port
/// of its own. It learns the number from `MARTINET_HTTP_PORT` and `PORT`, whatever values the Pod gives these (on a
/// cluster, where Pods have addresses of their own, the given values hold). Probes that name the port, by its name or
/// by its declared number, ask at the number given. All other ports are used as declared.
final class PortAllocator: Sendable {
    static let variables = ["MARTINET_HTTP_PORT", "PORT"]

    private let taken = Mutex<Set<Int>>([])

    /// A port that is free and not promised to another Pod; `nil` if no port is left.
    func allocate() -> Int? {
        for _ in 0..<50 {
            let port = Int(cl_free_port())
            if port > 0, taken.withLock({ $0.insert(port).inserted }) { return port }
        }
        return nil
    }

    /// The Pod is gone.
    func release(_ ports: some Sequence<Int>) { taken.withLock { $0.subtract(ports) } }

    /// Whether a container gets a port of its own.
    static func needsPort(_ container: Container) -> Bool {
        (container.env ?? []).contains { $0.name == variables[0] }
            || (container.ports ?? []).contains { $0.containerPort == 0 }
    }

    /// Where a probe has to ask: the port given instead of the declared one, where there is one.
    static func resolve(_ port: IntOrString, _ container: Container, assigned: Int?) -> Int? {
        let ports = container.ports ?? []
        // Of several declared ports, the one named `http` is meant, else the first.
        let own = ports.first { $0.name == "http" } ?? ports.first
        switch port {
        case .int(let number):
            if let assigned, own == nil || number == own?.containerPort { return assigned }
            return number
        case .string(let name):
            guard let declared = ports.first(where: { $0.name == name }) else { return Int(name) }
            if let assigned, declared == own { return assigned }
            return declared.containerPort
        }
    }
}
