/// What the exposition says about one metric: its help line and, for histograms, its buckets.
public struct MetricDescription: Sendable, Equatable {
    /// The name as scraped, suffixes (`_total`, `_seconds`) included.
    public var name: String
    /// One sentence on what is measured.
    public var help: String
    /// Upper bounds of a histogram's buckets in the metric's own unit; `nil` takes the default for its name.
    public var buckets: [Double]?

    /// Describes the metric with that exported name.
    public init(_ name: String, help: String, buckets: [Double]? = nil) {
        self.name = name
        self.help = help
        self.buckets = buckets
    }
}

/// Sets of histogram bounds that several metrics share.
public enum Buckets {
    /// Seconds; requests and reconciliations, 1 ms to 10 s.
    public static let requestSeconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Seconds; in-memory work such as commits and queue operations, 50 µs to 1 s.
    public static let fastSeconds: [Double] = [
        0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
    ]
    /// Seconds; waiting in a queue or running a job, 1 ms to 1 h.
    public static let jobSeconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600,
    ]
    /// Bytes; 1 KiB to 8 GiB.
    public static let bytes: [Double] = (0...11).map { 1024 * Double(1 << (2 * $0)) }.filter { $0 <= 8_589_934_592 }
    /// Plain numbers such as batch sizes, 1 to 10,000.
    public static let counts: [Double] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000]

    /// The bounds for a histogram without a description, chosen by the unit at the end of its name.
    public static func defaults(forName name: String) -> [Double] {
        if name.hasSuffix("_seconds") { return requestSeconds }
        return name.hasSuffix("_bytes") ? bytes : counts
    }
}
