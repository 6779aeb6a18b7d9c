import APIMachinery
@testable import BuiltInTypes
@testable import GenericAPIServer
import TestSupport

extension FuzzTarget {
    /// What comes with a request: bodies in the binary encoding, addresses, and texts that only the server reads.
    static let wire = FuzzTarget(
        name: "wire",
        seeds: {
            let meta = message(1, message(1, "a") + message(11, message(1, "k") + message(2, "v")) + message(14, "f"))
            let container = message(
                2,
                message(1, "c") + message(2, "i") + message(3, "x") + message(7, message(1, "E"))
            )
            return [
                envelope("v1", "Pod", meta + message(2, container + message(3, "Always"))),
                envelope("v1", "ConfigMap", meta + message(2, message(1, "k") + message(2, "v")) + [0x20, 1]),
                envelope("v1", "Event", meta + message(6, [8, 1, 16, 2]) + message(7, [8, 0xFF, 0xFF, 3]) + [64, 2]),
                envelope("coordination.k8s.io/v1", "Lease", meta + message(2, message(1, "h") + message(3, [8, 5]))),
                seed("/apis/example.dev/v1/watch/namespaces/ns/widgets/a%2Fb/status?watch=true&x=%zz+1"),
                seed(".status.conditions[?(@.type==\"Ready\")].status"), seed("$.metadata.labels['a\\.b'][0][*]"),
                seed("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6NSwic3RhcnQiOiJhIn0"),
            ]
        },
        check: { bytes in
            if let object = try? ProtobufDecoder.decode(bytes) {
                let again = try expectSuccess("what was decoded is no JSON") { try JSONValue(parsing: object.bytes) }
                try expect(again.normalized == object.normalized, "\(object.text) is read as \(again.text)")
                if let kind = object["kind"]?.stringValue {
                    var decoder = TypedDecoder()
                    _ = try? decoder.decode(object, as: kind)
                }
            }
            for isURLSafe in [true, false] {
                let encoded = Base64.encode(bytes, isURLSafe: isURLSafe)
                try expect(
                    Base64.decode(encoded, allowing: .anyForm) == bytes,
                    "\(encoded) is decoded as something else"
                )
            }
            let line = decoded(bytes)
            _ = Base64.decode(line, allowing: .anyForm)
            let sides = line.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let query = QueryParameters(sides.count > 1 ? sides[1] : line)
            if let info = RequestInfo(method: "GET", path: sides[0], query: query) {
                try expect(!info.verb.isEmpty, "a request without a verb")
            }
            _ = try? Negotiation.form(accept: line, query: query, offersDiscovery: true)
            if let path = JSONPath(line) { _ = path.values(in: sample).map(JSONPath.text) }
        }
    )

    private static let sample: JSONValue = [
        "metadata": ["name": "a", "labels": ["a.b": "c"]], "spec": ["replicas": 3],
        "status": ["conditions": [["type": "Ready", "status": "True"], ["type": "Idle"]], "x": [[1, 2], [3]]],
    ]

    private static func message(_ number: UInt8, _ content: String) -> [UInt8] { message(number, Array(content.utf8)) }

    private static func message(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        [number << 3 | 2]
            + (content.count < 128
                ? [UInt8(content.count)] : [UInt8(content.count & 0x7F) | 0x80, UInt8(content.count >> 7)])
            + content
    }

    private static func envelope(_ version: String, _ kind: String, _ raw: [UInt8]) -> [UInt8] {
        [0x6B, 0x38, 0x73, 0x00] + message(1, message(1, version) + message(2, kind)) + message(2, raw)
    }
}
