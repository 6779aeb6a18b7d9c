public import APIMachinery

/// How far the ratio of a metric to its target may be from 1 without anything being done; both edges belong to it.
public struct ScalingTolerance: Sendable, Hashable {
    public var down: Double
    public var up: Double

    /// What Kubernetes takes where nothing is said.
    public static let standard = ScalingTolerance(down: 0.1, up: 0.1)

    /// A tolerance for each direction, as shares of 1.
    public init(down: Double, up: Double) {
        self.down = down
        self.up = up
    }

    func contains(_ ratio: Double) -> Bool { 1 - down <= ratio && ratio <= 1 + up }
}

/// How many replicas one metric asks for.
public struct ReplicaProposal: Sendable, Hashable {
    /// Before bounds, behavior and stabilization.
    public var replicas: Int
    /// Percent of the request, over the Pods that count.
    public var utilization: Int?
    /// The mean of a Pod, in thousandths; `nil` where there is no Pod.
    public var average: Int64?
    /// The metric itself, in thousandths.
    public var value: Int64?

    init(replicas: Int, utilization: Int? = nil, average: Int64? = nil, value: Int64? = nil) {
        self.replicas = replicas
        self.utilization = utilization
        self.average = average
        self.value = value
    }
}

/// Why a metric gives no proposal.
public enum MetricError: Error, Sendable, Hashable, CustomStringConvertible {
    case unavailable(String)
    case noPods
    case noUsableMetrics
    case noMatchingMetrics
    case missingRequest(resource: String, container: String, pod: String)
    case containerNotFound(container: String, pod: String)

    public var description: String {
        switch self {
        case .unavailable(let what): "no measurement of \(what) is available"
        case .noPods: "no Pods to calculate with"
        case .noUsableMetrics: "no Pod has been measured yet; the Pods may still be starting"
        case .noMatchingMetrics: "the measured Pods have no resource requests"
        case .missingRequest(let resource, let container, let pod):
            "container \(container) of Pod \(pod) has no request for \(resource): set resources.requests.\(resource)"
        case .containerNotFound(let container, let pod): "Pod \(pod) has no container \(container)"
        }
    }
}

/// From one metric to a number of replicas: the arithmetic of Kubernetes' horizontal Pod autoscaler (1.36).
///
/// All amounts are thousandths. Proposals end at 2³¹−1.
public struct ReplicaCalculator: Sendable {
    /// The moment of the calculation.
    public var now: Timestamp
    public var tolerance: ScalingTolerance
    /// For how long after its start a Pod's processor use is looked at with distrust.
    public var cpuInitializationPeriod: Duration
    /// A Pod that became unready within this time of its start has never been ready.
    public var initialReadinessDelay: Duration

    /// A calculator with Kubernetes' own settings where none are given.
    public init(
        now: Timestamp,
        tolerance: ScalingTolerance = .standard,
        cpuInitializationPeriod: Duration = .seconds(300),
        initialReadinessDelay: Duration = .seconds(30)
    ) {
        self.now = now
        self.tolerance = tolerance
        self.cpuInitializationPeriod = cpuInitializationPeriod
        self.initialReadinessDelay = initialReadinessDelay
    }

    /// How the Pods count for a resource (`nil`: for a metric that is no resource).
    public func groups(_ pods: [PodMetrics], resource: String?) -> PodGroups {
        PodGroups(
            pods,
            isCPU: resource == "cpu",
            cpuInitializationPeriod: cpuInitializationPeriod,
            initialReadinessDelay: initialReadinessDelay,
            now: now
        )
    }

    /// Replicas at which each Pod uses that percentage of its request.
    public func utilization(
        of resource: String,
        container: String? = nil,
        target: Int,
        currentReplicas: Int,
        pods: [PodMetrics]
    ) throws(MetricError) -> ReplicaProposal {
        let groups = groups(pods, resource: resource)
        let usage = try usage(pods, groups, of: resource)
        var requests: [String: Int64] = [:]
        for pod in pods { requests[pod.name] = try Self.request(pod, resource: resource, container: container) }
        let total = try Utilization(usage, requests: requests)
        let fallback = Int64(max(100, target))
        let replicas = try replicas(usage, groups, currentReplicas: currentReplicas) { pod in
            (requests[pod] ?? 0).saturatingMultiply(fallback) / 100
        } ratio: { usage throws(MetricError) in
            Double(try Utilization(usage, requests: requests).percent) / Double(target)
        }
        return ReplicaProposal(replicas: replicas, utilization: total.percent, average: total.average)
    }

    /// Replicas at which the mean of a resource, or of another metric of the Pods (`resource` is nil), is the target.
    public func average(
        of resource: String?,
        target: Int64,
        currentReplicas: Int,
        pods: [PodMetrics]
    ) throws(MetricError) -> ReplicaProposal {
        let groups = groups(pods, resource: resource)
        let usage = try usage(pods, groups, of: resource ?? "the Pods' metric")
        let replicas = try replicas(usage, groups, currentReplicas: currentReplicas) { _ in
            target
        } ratio: { usage throws(MetricError) in
            Double(Self.mean(usage)) / Double(target)
        }
        return ReplicaProposal(replicas: replicas, average: Self.mean(usage))
    }

    /// Replicas for a metric of the whole that should have that value, assuming that it falls as Pods are added.
    public func value(
        _ value: Int64,
        target: Int64,
        currentReplicas: Int,
        pods: [PodMetrics]
    ) throws(MetricError) -> ReplicaProposal {
        let ratio = Double(value) / Double(target)
        let replicas: Int
        if currentReplicas == 0 {
            replicas = Self.replicas(ratio)
        } else if tolerance.contains(ratio) {
            replicas = currentReplicas
        } else {
            guard !pods.isEmpty else { throw .noPods }
            let ready = pods.count { $0.phase == .running && $0.readiness == .ready }
            replicas = Self.replicas(ratio * Double(ready))
        }
        return ReplicaProposal(replicas: replicas, value: value)
    }

    /// Replicas at which each has that much of a metric of the whole: a queue's depth, say.
    public func valuePerReplica(_ value: Int64, target: Int64, statusReplicas: Int) -> ReplicaProposal {
        let ratio = Double(value) / (Double(target) * Double(statusReplicas))
        let replicas =
            tolerance.contains(ratio) ? statusReplicas : Self.replicas(Double(value) / Double(target))
        guard statusReplicas != 0 else { return ReplicaProposal(replicas: replicas, value: value) }
        // The largest sums round up to 2⁶³ as doubles, which is no 64-bit integer: they count as overflown.
        let isOverflown = Double(value) >= 0x1p63
        let mean = (Double(value) / Double(statusReplicas)).rounded(.up)
        let average = isOverflown ? .max : Int64(exactly: mean) ?? .max
        return ReplicaProposal(replicas: replicas, average: average, value: value)
    }

    /// The sum of a metric's series, at most 2⁶³−1.
    public static func sum(_ values: [Int64]) -> Int64 {
        values.saturatingSum
    }
}

extension ReplicaCalculator {
    /// The measurements of the Pods that count.
    private func usage(
        _ pods: [PodMetrics],
        _ groups: PodGroups,
        of what: String
    ) throws(MetricError) -> [String: Int64] {
        guard pods.contains(where: { $0.sample != nil }) else { throw .unavailable(what) }
        var usage: [String: Int64] = [:]
        for pod in pods where !groups.ignored.contains(pod.name) && !groups.unready.contains(pod.name) {
            usage[pod.name] = pod.sample?.value
        }
        guard !usage.isEmpty else { throw .noUsableMetrics }
        return usage
    }

    /// The rule common to all metrics of Pods: those of which nothing is known are assumed to be whatever makes the
    /// change smaller, and if the ratio then is within the tolerance or on the other side, nothing is changed.
    private func replicas(
        _ measured: [String: Int64],
        _ groups: PodGroups,
        currentReplicas: Int,
        usageIfScalingDown: (String) -> Int64,
        ratio: ([String: Int64]) throws(MetricError) -> Double
    ) throws(MetricError) -> Int {
        var usage = measured
        let first = try ratio(usage)
        let countsUnready = !groups.unready.isEmpty && first > 1
        if !countsUnready && groups.missing.isEmpty {
            return tolerance.contains(first) ? currentReplicas : Self.replicas(first * Double(groups.readyCount))
        }
        if first < 1 {
            for pod in groups.missing { usage[pod] = usageIfScalingDown(pod) }
        } else if first > 1 {
            for pod in groups.missing { usage[pod] = 0 }
        }
        if countsUnready {
            for pod in groups.unready { usage[pod] = 0 }
        }
        let second = try ratio(usage)
        let turned = (first < 1 && second > 1) || (first > 1 && second < 1)
        if tolerance.contains(second) || turned { return currentReplicas }
        let replicas = Self.replicas(second * Double(usage.count))
        let opposes = (second < 1 && replicas > currentReplicas) || (second > 1 && replicas < currentReplicas)
        return opposes ? currentReplicas : replicas
    }

    private static func request(
        _ pod: PodMetrics,
        resource: String,
        container: String?
    ) throws(MetricError) -> Int64 {
        if container == nil, let request = pod.podRequest { return request }
        var total: Int64 = 0
        var found = false
        for request in pod.requests where container == nil || container == request.container {
            guard let amount = request.amount else {
                throw .missingRequest(resource: resource, container: request.container, pod: pod.name)
            }
            total = total.saturatingAdd(amount)
            found = true
        }
        if let container, !found { throw .containerNotFound(container: container, pod: pod.name) }
        return total
    }

    private static func mean(_ usage: [String: Int64]) -> Int64 { sum(Array(usage.values)) / Int64(usage.count) }

    private static func replicas(_ count: Double) -> Int {
        // A metric of zero divided by no replicas is not a number and asks for nothing.
        Int(Int32(clamping: max(count.rounded(.up), 0)))
    }
}

/// What Pods use, in percent of what they request.
private struct Utilization {
    /// Truncated, as Kubernetes does before it divides by the target.
    let percent: Int
    let average: Int64

    init(_ usage: [String: Int64], requests: [String: Int64]) throws(MetricError) {
        var used: Int64 = 0
        var requested: Int64 = 0
        var count: Int64 = 0
        for (pod, value) in usage {
            guard let request = requests[pod] else { continue }
            used = used.saturatingAdd(value)
            requested = requested.saturatingAdd(request)
            count += 1
        }
        guard requested != 0 else { throw .noMatchingMetrics }
        percent = Int(min(used.saturatingMultiply(100) / requested, Int64(Int32.max)))
        average = used / count
    }
}
