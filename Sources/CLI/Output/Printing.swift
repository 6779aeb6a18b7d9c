import APIMachinery
import KubeYAML

/// Prints objects in the formats that scripts read.
enum Printing {
    /// Prints one object; `false` where a table is wanted, which only the command can make.
    static func structured(_ json: JSONValue, _ format: OutputFormat?, name: String) -> Bool {
        switch format {
        case .json: Terminal.line(json.prettyText(indentation: 4))
        case .yaml: Terminal.write(YAML.text(of: json))
        case .name: Terminal.line(name)
        case .table, .wide, nil: return false
        }
        return true
    }

    /// Prints several objects as a `List`; `false` where a table is wanted.
    static func structured(list items: [JSONValue], _ format: OutputFormat?, name: (JSONValue) -> String) -> Bool {
        if format == .name {
            for item in items { Terminal.line(name(item)) }
            return true
        }
        return structured(
            ["apiVersion": "v1", "kind": "List", "items": .array(items), "metadata": [:]],
            format,
            name: ""
        )
    }

    /// Milliseconds as people read them: `740ms`, `1.24s`, `3m12s`.
    static func milliseconds(_ value: Double?) -> String {
        guard let value, value.isFinite else { return "-" }
        if value < 1000 { return "\(fixed(value, value < 10 ? 1 : 0))ms" }
        if value < 60_000 { return "\(fixed(value / 1000, 2))s" }
        return HumanDuration.human(seconds: Int64(clamping: min(value / 1000, 1e15)))
    }

    /// A number with that many digits after the point.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite else { return "-" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let scaled = (value.magnitude * scale).rounded()
        guard scaled < 9e15 else { return "\(value)" }
        let (whole, rest) = Int64(clamping: scaled).quotientAndRemainder(dividingBy: Int64(clamping: scale))
        let sign = value < 0 && scaled > 0 ? "-" : ""
        if digits == 0 { return "\(sign)\(whole)" }
        let fraction = String(rest)
        return "\(sign)\(whole).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }

    /// How long ago a time was, in kubectl's form.
    static func age(_ time: Timestamp?, now: Timestamp = .now()) -> String {
        guard let time else { return "<unknown>" }
        return HumanDuration.human(seconds: now.since(time).components.seconds)
    }
}
