import APIMachinery
import TestSupport
import Testing

@Suite struct QuantityTests {
    @Test func goldenParse() throws {
        for vector in try Golden.cases("quantity.json", op: "parse") {
            let text = vector.text("s")
            let want = vector.want
            if let kind = want["error"]?["kind"]?.stringValue {
                do {
                    let quantity = try Quantity(parsing: text)
                    Issue.record("\(vector): \(text) was read as \(quantity)")
                } catch {
                    // The reference has no fault of its own for nothing at all.
                    #expect(error.rawValue == (kind == "empty" ? "format" : kind), "\(vector): \(text)")
                }
                continue
            }
            let quantity = try Quantity(parsing: text)
            let canonical = want["canonicalized"] ?? want["canonical"]
            #expect(quantity.description == canonical?.stringValue, "\(vector): \(text)")
            #expect(quantity.format.rawValue == want["format"]?.stringValue, "\(vector): \(text)")
            #expect(quantity.isZero == want["zero"]?.boolValue, "\(vector): \(text)")
            if let value = want["value"]?.stringValue { #expect(String(quantity.value) == value, "\(vector): \(text)") }
            if let milli = want["milli"]?.stringValue {
                #expect(String(quantity.milliValue) == milli, "\(vector): \(text)")
            }
            let approximate = want["approx"]?.doubleValue ?? .nan
            let error = abs(quantity.approximateDouble - approximate)
            #expect(error <= abs(approximate) * 1e-12, "\(vector): \(text)")
            // The canonical text is a fixed point.
            #expect(try Quantity(parsing: quantity.description) == quantity, "\(vector)")
        }
    }

    @Test func goldenCompare() throws {
        for vector in try Golden.cases("quantity.json", op: "cmp") {
            let (a, b) = (try Quantity(parsing: vector.text("a")), try Quantity(parsing: vector.text("b")))
            #expect(.int(Int64(a.compare(to: b))) == vector.want, "\(vector): \(a) \(b)")
            #expect((a == b) == (vector.want == 0) && (a < b) == (vector.want == -1), "\(vector)")
        }
    }

    @Test func goldenArithmetic() throws {
        for vector in try Golden.cases("quantity.json") where vector.op == "add" || vector.op == "sub" {
            let (a, b) = (try Quantity(parsing: vector.text("a")), try Quantity(parsing: vector.text("b")))
            let result = vector.op == "add" ? a + b : a - b
            #expect(result.description == vector.want["canonical"]?.stringValue, "\(vector): \(a) \(vector.op) \(b)")
        }
    }

    @Test(arguments: [
        ("1000E", "1000E"), ("1024Ei", "9223372036854775807"), ("e5", "0"), (".", "0"),
        ("1e2147483647", "10e2147483646"),
    ])
    func extremes(text: String, canonical: String) throws {
        #expect(try Quantity(parsing: text).description == canonical)
    }

    @Test func sumsOfBinaryQuantitiesAreNotCapped() throws {
        let large = try Quantity(parsing: "7Ei")
        #expect((large + large).description == "14Ei")
        #expect((large + large).value == .max)
    }

    @Test(arguments: ["Ei", ".Pi", "e-10", "-.e-12"]) func noDigitsWithExtremeSuffix(text: String) {
        #expect(throws: Quantity.ParseError.numeric) { try Quantity(parsing: text) }
    }

    @Test(arguments: ["1e2147483648", "1e-9999999999999999999", "1Kii"]) func refusedSuffixes(text: String) {
        #expect(throws: Quantity.ParseError.suffix) { try Quantity(parsing: text) }
    }

    @Test func hugeExponentsStayCheap() throws {
        let huge = try Quantity(parsing: "1e2000000000")
        let tiny = try Quantity(parsing: "1n")
        #expect(huge > tiny && -huge < tiny)
        #expect((huge + tiny) == huge && (tiny - huge) == -huge)
        #expect(huge.value == .max && (-huge).milliValue == .min && huge.exactValue == nil)
    }

    @Test func bounds() throws {
        #expect(Quantity(Int64.min).value == .min && Quantity(Int64.max).exactValue == .max)
        #expect(Quantity(milli: -1).value == -1 && Quantity(milli: 1500).exactValue == nil)
        #expect(
            Quantity(milli: 250).description == "250m" && Quantity(64 << 20, format: .binarySI).description == "64Mi"
        )
    }

    @Test(arguments: [
        (#""250m""#, "250m"), (#"" 1Gi ""#, "1Gi"), ("2", "2"), ("0.5", "500m"), ("1e3", "1k"), ("null", "0"),
    ])
    func decoding(json: String, canonical: String) throws {
        let box = try JSONValueDecoder().decode([String: Quantity?].self, from: JSONValue(parsing: #"{"q":\#(json)}"#))
        #expect((box["q"] ?? .zero)?.description ?? "0" == canonical)
        let list = try JSONValueDecoder().decode([Quantity].self, from: JSONValue(parsing: "[\(json)]"))
        #expect(try JSONValueEncoder().encode(list) == [.string(canonical)])
    }

    @Test func decodingRefusesNonsense() throws {
        for json in ["true", "[]", #""""#, #""1 Gi""#] {
            let value = try JSONValue(parsing: "[\(json)]")
            #expect(throws: (any Error).self, "\(json)") { try JSONValueDecoder().decode([Quantity].self, from: value) }
        }
    }
}
