/// The series of one metric, by their rendered labels.
enum SeriesCells {
    case counter([String: CounterCell])
    case gauge([String: GaugeCell])
    case histogram([String: HistogramCell])

    var type: MetricType {
        switch self {
        case .counter: .counter
        case .gauge: .gauge
        case .histogram: .histogram
        }
    }

    var series: [(labels: String, Exposition.Series)] {
        switch self {
        case .counter(let cells): cells.map { ($0.key, .value($0.value.value)) }
        case .gauge(let cells): cells.map { ($0.key, .value($0.value.value)) }
        case .histogram(let cells): cells.map { ($0.key, .histogram(bounds: $0.value.bounds, $0.value.snapshot)) }
        }
    }

    /// These cells without that one; `nil` if it is not among them.
    func removing(_ handler: AnyObject) -> Self? {
        switch self {
        case .counter(var cells):
            guard let key = cells.first(where: { $0.value === handler })?.key else { return nil }
            cells[key] = nil
            return .counter(cells)
        case .gauge(var cells):
            guard let key = cells.first(where: { $0.value === handler })?.key else { return nil }
            cells[key] = nil
            return .gauge(cells)
        case .histogram(var cells):
            guard let key = cells.first(where: { $0.value === handler })?.key else { return nil }
            cells[key] = nil
            return .histogram(cells)
        }
    }
}
