/// How labels of swift-metrics become names that Prometheus accepts.
enum MetricName {
    /// A legal metric name: letters, digits, `_` and `:`, no digit first; anything else becomes `_`.
    static func metric(_ label: String) -> String { sanitize(label, colonAllowed: true) }

    /// A legal label name; `le` belongs to histogram buckets and `__` to Prometheus, so both are moved aside.
    static func label(_ name: String) -> String {
        let clean = sanitize(name, colonAllowed: false)
        return clean == "le" || clean.hasPrefix("__") ? "exported_\(clean)" : clean
    }

    /// The name with the suffix that its type or unit calls for, added only where it is missing.
    static func metric(_ label: String, suffix: String) -> String {
        let name = metric(label)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    /// The labels as they stand between the braces: sorted by name, escaped, the first of two equal names kept.
    ///
    /// The text is also a series' identity, so dimensions given in another order meet the same series.
    static func render(_ dimensions: [(String, String)]) -> String {
        guard !dimensions.isEmpty else { return "" }
        var seen: Set<String> = []
        var pairs: [(String, String)] = []
        for (name, value) in dimensions {
            let clean = label(name)
            if seen.insert(clean).inserted { pairs.append((clean, value)) }
        }
        pairs.sort { $0.0 < $1.0 }
        return pairs.map { "\($0.0)=\"\(escape($0.1, quotes: true))\"" }.joined(separator: ",")
    }

    /// Escapes a label's value (`quotes`) or a help text: backslash and line feed, and the quotation mark.
    static func escape(_ text: String, quotes: Bool) -> String {
        let special = text.utf8.contains {
            $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\"")
        }
        guard special else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A number as the text format writes it: integers without a fraction, `+Inf`, `-Inf`, `NaN`.
    static func format(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Beyond 2^53 a double no longer holds every integer and the shortest form is the honest one.
        if value == value.rounded(), abs(value) < 9_007_199_254_740_992 { return String(Int64(value)) }
        return "\(value)"
    }

    private static func sanitize(_ text: String, colonAllowed: Bool) -> String {
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            switch scalar {
            case "a"..."z", "A"..."Z", "_": result.unicodeScalars.append(scalar)
            case "0"..."9":
                if index == 0 { result += "_" }
                result.unicodeScalars.append(scalar)
            case ":" where colonAllowed: result += ":"
            default: result += "_"
            }
        }
        return result.isEmpty ? "_" : result
    }
}
