public import APIMachinery

/// What a container's processes use, the shim's own memory left out.
public struct ContainerUsage: Sendable, Hashable {
    public var name: String
    /// Billionths of a processor, averaged over the window.
    public var cpuNanocores: Int64
    /// Resident memory of all its processes; pages that they share count once for each.
    public var memoryBytes: Int64
}

/// What a Pod uses.
public struct PodUsage: Sendable, Hashable {
    public var namespace: String
    public var name: String
    public var labels: [String: String]
    /// When it was measured, and over how long.
    public var timestamp: Timestamp
    public var window: Duration
    public var containers: [ContainerUsage]

    /// The object of `metrics.k8s.io/v1beta1` that says so.
    public var json: JSONValue {
        var metadata: JSONValue = [
            "name": .string(name), "namespace": .string(namespace), "creationTimestamp": .string(timestamp.rfc3339),
        ]
        if !labels.isEmpty {
            metadata["labels"] = .object(JSONObject(labels.map { ($0.key, .string($0.value)) }))
        }
        return [
            "kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": metadata,
            "timestamp": .string(timestamp.rfc3339), "window": .string(Self.text(window)),
            "containers": .array(
                containers.map { ["name": .string($0.name), "usage": Self.usage($0.cpuNanocores, $0.memoryBytes)] }
            ),
        ]
    }

    static func usage(_ cpuNanocores: Int64, _ memoryBytes: Int64) -> JSONValue {
        ["cpu": .string("\(cpuNanocores)n"), "memory": .string("\(memoryBytes / 1024)Ki")]
    }

    /// A duration as Go writes it, to the millisecond.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = attoseconds / 1_000_000_000_000_000
        if milliseconds == 0 { return "\(seconds)s" }
        var digits = String(milliseconds + 1000).dropFirst()
        while digits.hasSuffix("0") { digits.removeLast() }
        return "\(seconds).\(digits)s"
    }
}

/// Turns counters of processor ticks, read from time to time, into rates. Pure.
struct CPUMeter: Sendable {
    private var last: (instant: Duration, ticks: Int64)?
    private(set) var nanocores: Int64 = 0
    private(set) var window: Duration = .zero

    /// Takes a reading. The counter may fall when a process goes whose parent did not wait for it.
    mutating func read(ticks: Int64, at instant: Duration, ticksPerSecond: Int64) {
        defer { last = (instant, ticks) }
        guard let last, instant > last.instant else { return }
        window = instant - last.instant
        let seconds = window / .seconds(1)
        let used = Double(max(ticks - last.ticks, 0)) / Double(ticksPerSecond)
        nanocores = Int64(clamping: used / seconds * 1_000_000_000)
    }
}
