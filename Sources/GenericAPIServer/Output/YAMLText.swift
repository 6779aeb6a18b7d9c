import APIMachinery
import KubeYAML

/// Bodies in YAML.
enum YAMLText {
    /// Reads one document, and tells which keys it has more than once.
    static func parse(_ bytes: [UInt8]) throws -> (value: JSONValue, duplicates: [String]) {
        var limits = YAML.Limits()
        limits.depth = JSONValue.maximumObjectDepth
        let value = try YAML.parse(bytes, limits: limits)
        do {
            _ = try YAML.parse(bytes, strict: true, limits: limits)
            return (value, [])
        } catch {
            // Lenient reading has taken it; so what strict reading minds is a repeated key.
            return (value, ["\(error)"])
        }
    }

    static func write(_ value: JSONValue) -> [UInt8] { Array(YAML.text(of: value).utf8) }
}
