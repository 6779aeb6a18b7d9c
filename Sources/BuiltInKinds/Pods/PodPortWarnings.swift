import APIMachinery

/// What the maker of a Pod is warned of in the ports of its containers.
enum PodPortWarnings {
    /// All containers of a Pod and where they are.
    static func containers(_ spec: JSONValue, _ path: FieldPath) -> [(JSONValue, FieldPath)] {
        ["initContainers", "containers", "ephemeralContainers"].flatMap { field in
            spec.list(field).enumerated().map { ($1, path.child(field).index($0)) }
        }
    }

    private struct Known {
        var place: FieldPath
        var port: JSONValue
    }

    static func all(_ spec: JSONValue, _ path: FieldPath) -> [String] {
        var warnings: [String] = []
        var known: [String: [Known]] = [:]
        for (container, base) in containers(spec, path) {
            for (index, port) in container.list("ports").enumerated() {
                let place = base.child("ports").index(index)
                let key = "\(port["containerPort"]?.intValue ?? 0)/\(port["protocol"]?.stringValue ?? "")"
                if address(port) != "", hostPort(port) == 0 {
                    warnings.append("\(place): hostIP set without hostPort: \(goText(port))")
                }
                // An answer has no room for as many; those of one port alone would be the square of their number.
                guard warnings.count < PodWarnings.most else { continue }
                warnings += (known[key] ?? []).compactMap { conflict(port, $0).map { "\(place): \($0)" } }
                if known[key, default: []].count < PodWarnings.most {
                    known[key, default: []].append(Known(place: place, port: port))
                }
            }
        }
        return warnings + names(spec, path)
    }

    private static func address(_ port: JSONValue) -> String { port["hostIP"]?.stringValue ?? "" }
    private static func hostPort(_ port: JSONValue) -> Int64 { port["hostPort"]?.intValue ?? 0 }

    private static func conflict(_ port: JSONValue, _ other: Known) -> String? {
        let isSameHostPort = hostPort(port) == hostPort(other.port)
        if isSameHostPort, address(port) == address(other.port) {
            return "duplicate port definition with \(other.place)"
        }
        if hostPort(port) == 0 || hostPort(other.port) == 0 {
            return "overlapping port definition with \(other.place)"
        }
        if isSameHostPort, address(port).isEmpty || address(other.port).isEmpty {
            return "dangerously ambiguous port definition with \(other.place)"
        }
        return nil
    }

    /// The port as Go prints a struct with its fields.
    private static func goText(_ port: JSONValue) -> String {
        let name = port["name"]?.stringValue ?? ""
        return "{Name:\(name) HostPort:\(hostPort(port)) ContainerPort:\(port["containerPort"]?.intValue ?? 0) "
            + "Protocol:\(port["protocol"]?.stringValue ?? "") HostIP:\(address(port))}"
    }

    /// Names that two containers use which run at the same time.
    private static func names(_ spec: JSONValue, _ path: FieldPath) -> [String] {
        var warnings: [String] = []
        var known: [String: FieldPath] = [:]
        let sidecars = spec.list("initContainers").enumerated().filter { $1["restartPolicy"] == "Always" }
            .map { ($1, path.child("initContainers").index($0)) }
        let containers = spec.list("containers").enumerated().map { ($1, path.child("containers").index($0)) }
        for (container, base) in sidecars + containers {
            for (index, port) in container.list("ports").enumerated() {
                let name = port["name"]?.stringValue ?? ""
                guard !name.isEmpty else { continue }
                let place = base.child("ports").index(index)
                guard let other = known[name] else {
                    known[name] = place
                    continue
                }
                warnings.append(
                    "\(place): duplicate port name \(GoText.quoted(name)) with \(other), services and probes that select "
                        + "ports by name will use \(other)"
                )
            }
        }
        return warnings
    }
}
