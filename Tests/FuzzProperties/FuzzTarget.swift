import APIMachinery

/// Something that must hold for whatever bytes come: no crash, no long run, and the properties that `check` states.
///
/// The fuzzer (`make fuzz`) makes up the bytes; the unit tests put in the seeds and what the fuzzer once found.
public struct FuzzTarget: Sendable {
    /// The name of the target, of its folder in `Tests/Regressions` and of its dictionary in `Fuzz/Dictionaries`.
    public let name: String
    /// Inputs to start from, made of the golden vectors.
    public let seeds: @Sendable () throws -> [[UInt8]]
    /// Throws `PropertyViolation` where a property does not hold. An input that is simply refused is fine.
    public let check: @Sendable ([UInt8]) throws -> Void

    /// All targets, by name.
    public static let all: [FuzzTarget] = [
        .apply, .cel, .json, .patch, .quantity, .regex, .schema, .selector, .template, .text, .wire, .yaml,
    ]
}

/// A property that does not hold.
public struct PropertyViolation: Error, CustomStringConvertible {
    public let description: String
}

/// Throws `PropertyViolation` with what should have been, unless the condition holds.
func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws {
    if !condition { throw PropertyViolation(description: what()) }
}

/// Runs what must not fail; a failure is a violation of the property.
func expectSuccess<Value>(_ what: @autoclosure () -> String, _ body: () throws -> Value) throws -> Value {
    do {
        return try body()
    } catch {
        throw PropertyViolation(description: "\(what()): \(error)")
    }
}

/// The parts of an input that stands for several texts: its lines, but for the last part, which is the rest.
func parts(_ bytes: [UInt8], _ count: Int) -> [[UInt8]] {
    var result = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: count - 1, omittingEmptySubsequences: false)
        .map(Array.init)
    while result.count < count { result.append([]) }
    return result
}

func decoded(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// A seed of several parts.
func seed(_ parts: String...) -> [UInt8] { Array(parts.joined(separator: "\n").utf8) }

extension JSONValue {
    /// The same value with the numbers as they are read from its text, where a large double can be an integer.
    var normalized: JSONValue {
        switch self {
        case .double: Int64(text).map(JSONValue.int) ?? self
        case .array(let elements): .array(elements.map(\.normalized))
        case .object(let members): .object(JSONObject(members.map { ($0.key, $0.value.normalized) }))
        default: self
        }
    }

    /// Whether some text in it, member's names included, has such a character.
    func contains(_ isWanted: (Unicode.Scalar) -> Bool) -> Bool {
        switch self {
        case .string(let text): text.unicodeScalars.contains(where: isWanted)
        case .array(let elements): elements.contains { $0.contains(isWanted) }
        case .object(let members):
            members.contains { $0.key.unicodeScalars.contains(where: isWanted) || $0.value.contains(isWanted) }
        default: false
        }
    }
}
