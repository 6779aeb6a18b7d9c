public import APIMachinery
import FoundationEssentials

/// Reads the golden vectors: inputs, and what the reference implementations made of them.
///
/// `Tests/Golden/README.md` explains the files. `MARTINET_GOLDEN` names another directory to read them from.
public enum Golden {
    /// One vector.
    public struct Case: Sendable, CustomStringConvertible {
        /// Stable and unique in its file, `group-1a2b3c`; say it in every expectation.
        public let id: String
        /// The whole case with its inputs and its `want`.
        public let json: JSONValue

        /// The part of the id before the dash.
        public var group: String { String(id[..<(id.lastIndex(of: "-") ?? id.endIndex)]) }

        /// Which computation the case is about, where its file has several.
        public var op: String { json["op"]?.stringValue ?? "" }

        /// What the reference gave.
        public var want: JSONValue { json["want"] ?? .null }

        /// An input; `nil` where the case leaves it out.
        public subscript(field: String) -> JSONValue? { json[field] }

        /// An input that is text, empty where the case leaves it out.
        public func text(_ field: String) -> String { json[field]?.stringValue ?? "" }

        public var description: String { id }
    }

    /// A golden file that cannot be used.
    public struct LoadError: Error, CustomStringConvertible {
        public let description: String
    }

    /// The cases of a file (`patch.json`), all of them or those of one `op`.
    public static func cases(_ file: String, op: String? = nil) throws -> [Case] {
        let cases = try document(file)["cases"]?.arrayValue ?? []
        guard !cases.isEmpty else { throw LoadError(description: "\(file) has no cases") }
        return try cases.compactMap { json in
            guard let id = json["id"]?.stringValue else {
                throw LoadError(description: "\(file) has a case without an id: \(json.text)")
            }
            let vector = Case(id: id, json: json)
            return op == nil || vector.op == op ? vector : nil
        }
    }

    /// A golden file as it stands, with its `about`.
    public static func document(_ file: String) throws -> JSONValue {
        let path = "\(directory)/\(file)"
        guard let data = FileManager.default.contents(atPath: path) else {
            throw LoadError(description: "\(path) cannot be read; MARTINET_GOLDEN names the directory of the vectors")
        }
        return try JSONValue(parsing: data)
    }

    /// Whether two JSON values are the same where `1` and `1.0` are, as the vectors are meant to be compared.
    public static func agree(_ a: JSONValue?, _ b: JSONValue?, tolerance: Double = 0) -> Bool {
        switch (a, b) {
        case (nil, nil): return true
        case (.array(let a)?, .array(let b)?):
            return a.count == b.count && zip(a, b).allSatisfy { agree($0, $1, tolerance: tolerance) }
        case (.object(let a)?, .object(let b)?):
            return a.count == b.count
                && zip(a, b).allSatisfy {
                    $0.key.equalsBytes(of: $1.key) && agree($0.value, $1.value, tolerance: tolerance)
                }
        case (.int(let a)?, .int(let b)?): return a == b
        case (let a?, let b?):
            if let x = a.doubleValue, let y = b.doubleValue {
                return x == y || abs(x - y) <= tolerance * max(abs(x), abs(y))
            }
            return a == b
        default: return false
        }
    }

    private static var directory: String {
        if let given = ProcessInfo.processInfo.environment["MARTINET_GOLDEN"], !given.isEmpty { return given }
        // .../Tests/TestSupport/Golden.swift: the vectors are in .../Tests/Golden.
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        return "/\(tests)/Golden"
    }
}
