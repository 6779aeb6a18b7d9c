import APIMachinery
import Expressions
import FoundationEssentials
import Testing

struct QuantityTests {
    /// The recorded `approx` is `Quantity.AsApproximateFloat64`, which multiplies by a power of ten and so is now and
    /// then not the nearest double.
    @Test func doublesAreRoundedAsRecorded() throws {
        let directory =
            ProcessInfo.processInfo.environment["MARTINET_GOLDEN"]
            ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Golden").path
        let bytes = try Data(contentsOf: URL(filePath: directory).appending(path: "quantity.json"))
        let program = try Expression.compile("quantity(s).asApproximateFloat()", declarations: ["s": .string])
        var compared = 0
        for vector in try JSONValue(parsing: bytes)["cases"]?.arrayValue ?? [] {
            guard let text = vector["s"]?.stringValue, let wanted = vector["want"]?["approx"]?.doubleValue else {
                continue
            }
            let value = try program.evaluate(["s": .string(text)])
            #expect(value == .double(wanted), "\(text)")
            compared += 1
        }
        #expect(compared > 50)
    }
}
