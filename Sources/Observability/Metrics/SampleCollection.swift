/// What collectors hand over at a scrape: values read from a snapshot at that moment.
///
/// ```swift
/// registry.collect { samples in
///     for lane in queue.snapshot() { samples.gauge("martinet_queue_depth", Double(lane.depth), labels: [("lane", lane.name)]) }
/// }
/// ```
public struct SampleCollection {
    struct Family {
        var type: MetricType
        var help: String?
        var samples: [String: Double] = [:]
    }

    private(set) var families: [String: Family] = [:]

    /// Adds a gauge's value. Of two values for the same name and labels the first one counts.
    public mutating func gauge(
        _ name: String,
        _ value: Double,
        labels: [(String, String)] = [],
        help: String? = nil
    ) {
        add(.gauge, MetricName.metric(name), value, labels, help)
    }

    /// Adds a counter's value, which must never fall between scrapes; the name gets `_total` if it lacks it.
    public mutating func counter(
        _ name: String,
        _ value: Double,
        labels: [(String, String)] = [],
        help: String? = nil
    ) {
        add(.counter, MetricName.metric(name, suffix: "_total"), value, labels, help)
    }

    private mutating func add(
        _ type: MetricType,
        _ name: String,
        _ value: Double,
        _ labels: [(String, String)],
        _ help: String?
    ) {
        var family = families[name] ?? Family(type: type, help: help)
        // A name has one type in an exposition; a collector that disagrees with an earlier one is left out.
        guard family.type == type else { return }
        if family.help == nil { family.help = help }
        let key = MetricName.render(labels)
        if family.samples[key] == nil { family.samples[key] = value }
        families[name] = family
    }
}

/// The types of the text format that Martinet uses.
enum MetricType: String, Sendable {
    case counter, gauge, histogram
}
