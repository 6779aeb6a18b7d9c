/// What several metrics of one autoscaler come to: the highest proposal wins.
public struct CombinedMetrics: Sendable {
    /// One metric's contribution.
    public struct Entry: Sendable {
        /// The metric as a message names it, such as `queue` or `cpu utilization`.
        public var name: String
        /// The reason that the condition `ScalingActive` has if the metric fails.
        public var failureReason: String
        public var result: Result<ReplicaProposal, MetricError>

        /// The contribution of the metric of that name.
        public init(name: String, failureReason: String, result: Result<ReplicaProposal, MetricError>) {
            self.name = name
            self.failureReason = failureReason
            self.result = result
        }
    }

    /// Why nothing may be done.
    public struct Failure: Error, Sendable, Hashable {
        /// A word in CamelCase.
        public var reason: String
        public var message: String

        /// A failure for that reason.
        public init(reason: String, message: String) {
            self.reason = reason
            self.message = message
        }
    }

    /// What all metrics together recommend.
    public struct Recommendation: Sendable, Hashable {
        public var replicas: Int
        /// The metric that asked for them.
        public var metric: String

        /// A recommendation of that metric.
        public init(replicas: Int, metric: String) {
            self.replicas = replicas
            self.metric = metric
        }
    }

    public var entries: [Entry]
    public var result: Result<Recommendation, Failure>

    /// The first metric that failed, with its error.
    public var firstFailure: (entry: Entry, error: MetricError)? {
        for entry in entries {
            if case .failure(let error) = entry.result { return (entry, error) }
        }
        return nil
    }

    /// Combines metrics. A metric that failed might have asked for more, so it forbids less, but never more.
    public init(_ entries: [Entry], currentReplicas: Int) {
        self.entries = entries
        var recommendation: Recommendation?
        var failures: [(entry: Entry, error: MetricError)] = []
        for entry in entries {
            switch entry.result {
            case .success(let proposal):
                if proposal.replicas > recommendation?.replicas ?? -1 {
                    recommendation = Recommendation(replicas: proposal.replicas, metric: entry.name)
                }
            case .failure(let error): failures.append((entry, error))
            }
        }
        if let recommendation, failures.isEmpty || recommendation.replicas >= currentReplicas {
            result = .success(recommendation)
        } else if let first = failures.first {
            result = .failure(
                Failure(
                    reason: first.entry.failureReason,
                    message: "\(failures.count) of \(entries.count) metrics failed, the first is \(first.entry.name):"
                        + " \(first.error)"
                )
            )
        } else {
            result = .failure(Failure(reason: "NoMetrics", message: "no metric to scale on is available"))
        }
    }
}
