import APIMachinery
import Controller
import TestSupport
import Testing

/// Kubernetes' own answers to metrics (`hpa-replicas.json`).
@Suite struct ReplicaCalculatorTests {
    static let now = Timestamp(seconds: 1_767_225_600)

    @Test(arguments: try Golden.cases("hpa-replicas.json").filter { $0.op != "metrics" })
    func proposal(_ vector: Golden.Case) throws {
        let answer = Self.proposal(
            vector.json,
            op: vector.op,
            replicas: vector.integer("currentReplicas"),
            statusReplicas: vector.integer("statusReplicas"),
            vector
        )
        switch answer {
        case .success(let proposal):
            #expect(vector.want["error"] == nil, "\(vector.id)")
            #expect(Int64(proposal.replicas) == vector.want["replicas"]?.intValue, "\(vector.id)")
            if let utilization = vector.want["utilization"]?.intValue {
                #expect(proposal.utilization.map(Int64.init) == utilization, "\(vector.id)")
            }
            if let average = vector.want["average"] { #expect(proposal.average == average.intValue, "\(vector.id)") }
            if let value = vector.want["value"]?.intValue { #expect(proposal.value == value, "\(vector.id)") }
        case .failure(let error):
            #expect(error.kind == vector.want.value(at: "error", "kind")?.stringValue, "\(vector.id)")
        }
        guard let groups = vector.want["groups"] else { return }
        let found = vector.calculator.groups(
            try vector.pods(),
            resource: vector.op == "pods-average" ? nil : vector.text("resource")
        )
        #expect(Int64(found.readyCount) == groups["ready"]?.intValue, "\(vector.id)")
        for (name, set) in [("unready", found.unready), ("missing", found.missing), ("ignored", found.ignored)] {
            let wanted = groups[name]?.arrayValue?.compactMap(\.stringValue) ?? []
            #expect(set.sorted() == wanted.sorted(), "\(vector.id) \(name)")
        }
    }

    @Test(arguments: try Golden.cases("hpa-replicas.json", op: "metrics"))
    func combination(_ vector: Golden.Case) throws {
        let entries = (vector["metrics"]?.arrayValue ?? []).map { metric in
            let op = metric["op"]?.stringValue ?? ""
            return CombinedMetrics.Entry(
                name: op,
                failureReason: op == "utilization" ? "FailedGetResourceMetric" : "FailedGetExternalMetric",
                result: Self.proposal(
                    metric,
                    op: op,
                    replicas: vector.integer("specReplicas"),
                    statusReplicas: vector.integer("statusReplicas"),
                    vector
                )
            )
        }
        let combined = CombinedMetrics(entries, currentReplicas: vector.integer("specReplicas"))
        let wantedOK = vector.want["metricOk"]?.arrayValue?.compactMap(\.boolValue)
        #expect(
            combined.entries.map { if case .success = $0.result { true } else { false } } == wantedOK,
            "\(vector.id)"
        )
        let condition: String
        switch combined.result {
        case .success(let recommendation):
            condition = "True:ValidMetricFound"
            #expect(Int64(recommendation.replicas) == vector.want["replicas"]?.intValue, "\(vector.id)")
        case .failure(let failure):
            condition = "False:\(failure.reason)"
            #expect(vector.want["replicas"]?.isNull == true, "\(vector.id)")
        }
        #expect(condition == vector.want["scalingActive"]?.stringValue, "\(vector.id)")
        #expect((combined.firstFailure != nil) == (vector.want["error"] != nil), "\(vector.id)")
    }

    private static func proposal(
        _ json: JSONValue,
        op: String,
        replicas: Int,
        statusReplicas: Int,
        _ vector: Golden.Case
    ) -> Result<ReplicaProposal, MetricError> {
        Result { () throws(MetricError) in
            let calculator = vector.calculator
            let pods = (try? vector.pods()) ?? []
            let target = json["targetAverage"]?.intValue ?? json["targetValue"]?.intValue ?? 0
            switch op {
            case "utilization":
                return try calculator.utilization(
                    of: vector["resource"]?.stringValue ?? "cpu",
                    container: json["container"]?.stringValue,
                    target: Int(json["targetUtilization"]?.intValue ?? 0),
                    currentReplicas: replicas,
                    pods: pods
                )
            case "resource-average", "pods-average":
                return try calculator.average(
                    of: op == "pods-average" ? nil : vector.text("resource"),
                    target: target,
                    currentReplicas: replicas,
                    pods: pods
                )
            case "external-value", "object-value":
                return try calculator.value(
                    try value(json),
                    target: target,
                    currentReplicas: replicas,
                    pods: pods
                )
            default:
                return calculator.valuePerReplica(try value(json), target: target, statusReplicas: statusReplicas)
            }
        }
    }

    private static func value(_ json: JSONValue) throws(MetricError) -> Int64 {
        if let value = json["value"]?.intValue { return value }
        guard let values = json["values"]?.arrayValue else { throw .unavailable("the external metric") }
        return ReplicaCalculator.sum(values.compactMap(\.intValue))
    }
}

extension MetricError {
    fileprivate var kind: String {
        switch self {
        case .unavailable: "metrics-unavailable"
        case .noPods: "no-pods"
        case .noUsableMetrics: "no-usable-metrics"
        case .noMatchingMetrics: "no-matching-metrics"
        case .missingRequest: "missing-request"
        case .containerNotFound: "container-not-found"
        }
    }
}

extension Golden.Case {
    fileprivate func integer(_ field: String) -> Int { Int(self[field]?.intValue ?? 0) }

    fileprivate var calculator: ReplicaCalculator {
        ReplicaCalculator(
            now: ReplicaCalculatorTests.now,
            tolerance: ScalingTolerance(
                down: json.value(at: "tolerance", "down")?.doubleValue ?? 0,
                up: json.value(at: "tolerance", "up")?.doubleValue ?? 0
            ),
            cpuInitializationPeriod: .seconds(integer("cpuInitializationPeriod")),
            initialReadinessDelay: .seconds(integer("initialReadinessDelay"))
        )
    }

    /// The Pods, with the defaults that the file's `about.podDefaults` names.
    fileprivate func pods() throws -> [PodMetrics] {
        try (self["pods"]?.arrayValue ?? []).map { json in
            var pod = PodMetrics(name: try #require(json["name"]?.stringValue))
            pod.phase =
                switch json["phase"]?.stringValue ?? "Running" {
                case "Pending": .pending
                case "Succeeded": .succeeded
                case "Failed": .failed
                default: .running
                }
            pod.isDeleting = json["deleting"]?.boolValue ?? false
            func ago(_ field: String, default fallback: Int64) -> Timestamp? {
                if json[field]?.isNull == true { return nil }
                return ReplicaCalculatorTests.now.advanced(by: .seconds(-(json[field]?.intValue ?? fallback)))
            }
            if json["ready"]?.isNull != true {
                pod.readiness = json["ready"]?.boolValue ?? true ? .ready : .unready
                pod.readinessChangedAt = ago("readyChangedAgo", default: 3500)
            }
            pod.startedAt = ago("startAgo", default: 3600)
            for (prefix, field) in [("c", "requests"), ("s", "sidecarRequests")] {
                for (index, amount) in (json[field]?.arrayValue ?? []).enumerated() {
                    pod.requests.append(.init(container: "\(prefix)\(index)", amount: amount.intValue))
                }
            }
            pod.podRequest = json["podRequest"]?.intValue
            if let usage = json["usage"]?.intValue, let time = ago("metricAge", default: 15) {
                pod.sample = .init(value: usage, timestamp: time, window: .seconds(json["window"]?.intValue ?? 30))
            }
            return pod
        }
    }
}
