/// Writes families in Prometheus' text format 0.0.4. Names and series come out sorted, so that two scrapes of
/// the same state are the same text.
struct Exposition {
    enum Series {
        case value(Double)
        case histogram(bounds: [Double], HistogramCell.Snapshot)
    }

    struct Family {
        var name: String
        var type: MetricType
        var help: String
        /// By rendered labels.
        var series: [(labels: String, Series)]
    }

    private(set) var text = ""

    mutating func write(_ families: [Family]) {
        for family in families.sorted(by: { $0.name < $1.name }) where !family.series.isEmpty { write(family) }
    }

    private mutating func write(_ family: Family) {
        text += "# HELP \(family.name) \(MetricName.escape(family.help, quotes: false))\n"
        text += "# TYPE \(family.name) \(family.type.rawValue)\n"
        for (labels, series) in family.series.sorted(by: { $0.labels < $1.labels }) {
            switch series {
            case .value(let value): sample(family.name, labels, value)
            case .histogram(let bounds, let snapshot): histogram(family.name, labels, bounds, snapshot)
            }
        }
    }

    private mutating func histogram(
        _ name: String,
        _ labels: String,
        _ bounds: [Double],
        _ snapshot: HistogramCell.Snapshot
    ) {
        var cumulative: UInt64 = 0
        let prefix = labels.isEmpty ? "" : labels + ","
        for (index, bound) in (bounds + [.infinity]).enumerated() {
            cumulative += snapshot.counts[index]
            sample(name + "_bucket", prefix + "le=\"\(MetricName.format(bound))\"", Double(cumulative))
        }
        sample(name + "_sum", labels, snapshot.sum)
        sample(name + "_count", labels, Double(cumulative))
    }

    private mutating func sample(_ name: String, _ labels: String, _ value: Double) {
        text += name
        if !labels.isEmpty { text += "{\(labels)}" }
        text += " \(MetricName.format(value))\n"
    }
}
