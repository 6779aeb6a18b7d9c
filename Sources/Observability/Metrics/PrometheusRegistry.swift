public import CoreMetrics
import Logging
import Synchronization

/// The metrics of one process: a back end of swift-metrics that renders Prometheus' text format.
///
/// Libraries use `Counter`, `Gauge`, `Timer` … and know nothing of this type; an executable makes one registry,
/// bootstraps `MetricsSystem` with it and serves `render()` at `/metrics`. Timers and aggregating recorders
/// become histograms, timers in seconds. Counters get `_total`, timers `_seconds`, where the name lacks it.
public final class PrometheusRegistry: MetricsFactory {
    /// A closure that adds values at every scrape, for gauges that are read from a snapshot. It must not block.
    public typealias Collector = @Sendable (inout SampleCollection) -> Void

    private struct State {
        var families: [String: SeriesCells] = [:]
        var descriptions: [String: MetricDescription] = [:]
        var collectors: [Collector] = []
    }

    private let state: Mutex<State>

    /// Makes a registry with descriptions for the metrics that the process is going to have.
    public init(_ descriptions: [MetricDescription] = []) {
        var initial = State()
        for description in descriptions { initial.descriptions[description.name] = description }
        state = Mutex(initial)
    }

    /// Adds help texts and buckets. Buckets apply to series made afterwards, so describe before measuring.
    public func describe(_ descriptions: [MetricDescription]) {
        state.withLock { state in
            for description in descriptions { state.descriptions[description.name] = description }
        }
    }

    /// Adds a closure that is asked for values at every scrape.
    public func collect(_ collector: @escaping Collector) {
        state.withLock { $0.collectors.append(collector) }
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    public func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(MetricName.metric(label), dimensions) : gauge(label, dimensions)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(MetricName.metric(label, suffix: "_seconds"), dimensions)
    }

    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    // MARK: Rendering

    /// The media type of `render()`.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// All metrics in the text format 0.0.4.
    public func render() -> String {
        let (families, descriptions, collectors) = state.withLock { ($0.families, $0.descriptions, $0.collectors) }
        var collected = SampleCollection()
        // Outside the lock: a collector may itself touch metrics.
        for collector in collectors { collector(&collected) }

        var output: [String: Exposition.Family] = [:]
        for (name, cells) in families {
            let help = Self.help(for: name, descriptions[name]?.help)
            output[name] = Exposition.Family(name: name, type: cells.type, help: help, series: cells.series)
        }
        for (name, family) in collected.families {
            let help = Self.help(for: name, descriptions[name]?.help ?? family.help)
            var merged = output[name] ?? Exposition.Family(name: name, type: family.type, help: help, series: [])
            guard merged.type == family.type else { continue }
            let known = Set(merged.series.map(\.labels))
            for (labels, value) in family.samples where !known.contains(labels) {
                merged.series.append((labels, .value(value)))
            }
            output[name] = merged
        }
        var exposition = Exposition()
        exposition.write(Array(output.values))
        return exposition.text
    }

    /// Every metric has a help line; without a description it is the name.
    private static func help(for name: String, _ described: String?) -> String {
        if let described, !described.isEmpty { return described }
        return name.split(separator: "_").joined(separator: " ").prefix(1).uppercased()
            + name.split(separator: "_").joined(separator: " ").dropFirst() + "."
    }

    // MARK: Cells

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterCell {
        let name = MetricName.metric(label, suffix: "_total")
        let key = MetricName.render(dimensions)
        let cell: CounterCell? = state.withLock { state in
            guard case .counter(var cells) = state.families[name] ?? .counter([:]) else { return nil }
            if let cell = cells[key] { return cell }
            let cell = CounterCell()
            cells[key] = cell
            state.families[name] = .counter(cells)
            return cell
        }
        return cell
            ?? {
                reportConflict(name); return CounterCell()
            }()
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeCell {
        let name = MetricName.metric(label)
        let key = MetricName.render(dimensions)
        let cell: GaugeCell? = state.withLock { state in
            guard case .gauge(var cells) = state.families[name] ?? .gauge([:]) else { return nil }
            if let cell = cells[key] { return cell }
            let cell = GaugeCell()
            cells[key] = cell
            state.families[name] = .gauge(cells)
            return cell
        }
        return cell
            ?? {
                reportConflict(name); return GaugeCell()
            }()
    }

    private func histogram(_ name: String, _ dimensions: [(String, String)]) -> HistogramCell {
        let key = MetricName.render(dimensions)
        let (found, bounds): (HistogramCell?, [Double]) = state.withLock { state in
            let wanted = state.descriptions[name]?.buckets ?? Buckets.defaults(forName: name)
            // The exposition adds +Inf by itself, and buckets must rise.
            let bounds = Set(wanted.filter(\.isFinite)).sorted()
            guard case .histogram(var cells) = state.families[name] ?? .histogram([:]) else { return (nil, bounds) }
            if let cell = cells[key] { return (cell, bounds) }
            let cell = HistogramCell(bounds: bounds)
            cells[key] = cell
            state.families[name] = .histogram(cells)
            return (cell, bounds)
        }
        return found
            ?? {
                reportConflict(name); return HistogramCell(bounds: bounds)
            }()
    }

    /// A second type under one name would make the whole exposition invalid. Its values are dropped instead.
    private func reportConflict(_ name: String) {
        Logger(label: "martinet.metrics").warning(
            "metric name is already taken by another type; this one is not exported",
            metadata: ["metric": .string(name)]
        )
    }

    private func remove(_ handler: AnyObject) {
        state.withLock { state in
            for (name, cells) in state.families {
                if let rest = cells.removing(handler) { state.families[name] = rest }
            }
        }
    }
}
