extension JSONValue {
    /// The document as compact UTF-8 bytes, members sorted by name: equal values have equal bytes.
    public var bytes: [UInt8] {
        var writer = JSONWriter(indentation: nil)
        writer.write(self)
        return writer.output
    }

    /// The document as compact text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The document as indented text, for people.
    public func prettyText(indentation: Int = 2) -> String {
        var writer = JSONWriter(indentation: indentation)
        writer.write(self)
        return String(decoding: writer.output, as: UTF8.self)
    }
}

/// Appends JSON to a growing array of bytes.
///
/// Numbers are written as Go's `encoding/json` writes them, because clients compare such texts: a double
/// without fraction has none, exponents begin at 1e21 and below 1e-6.
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public private(set) var output: [UInt8] = []
    private let indentation: Int?
    private var level = 0

    /// A writer of compact output, or of lines indented by that many spaces a level.
    public init(indentation: Int? = nil) { self.indentation = indentation }

    /// Appends one value.
    public mutating func write(_ value: JSONValue) {
        switch value {
        case .null: append("null")
        case .bool(let value): append(value ? "true" : "false")
        case .int(let value): output.append(contentsOf: String(value).utf8)
        case .double(let value): output.append(contentsOf: Self.format(value).utf8)
        case .string(let value): Self.append(quoted: value, to: &output)
        case .array(let elements):
            container("[", "]", isEmpty: elements.isEmpty) { writer in
                for (index, element) in elements.enumerated() {
                    writer.separate(first: index == 0)
                    writer.write(element)
                }
            }
        case .object(let members):
            container("{", "}", isEmpty: members.isEmpty) { writer in
                for (index, member) in members.enumerated() {
                    writer.separate(first: index == 0)
                    Self.append(quoted: member.key, to: &writer.output)
                    writer.append(writer.indentation == nil ? ":" : ": ")
                    writer.write(member.value)
                }
            }
        }
    }

    /// Appends a JSON string with its quotation marks.
    public static func append(quoted text: String, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        // Most strings have nothing to escape and are copied as a whole.
        let isCopied = text.utf8.withContiguousStorageIfAvailable { bytes in
            guard bytes.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) else {
                return false
            }
            output.append(contentsOf: bytes)
            return true
        }
        if isCopied == true {
            output.append(UInt8(ascii: "\""))
            return
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\"")])
            case UInt8(ascii: "\\"): output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\\")])
            case 0x0A: output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case 0x0D: output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            case 0x09: output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
            case 0x08: output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "b")])
            case 0x0C: output.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "f")])
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                output.append(contentsOf: "\\u00".utf8)
                output.append(digits[Int(byte >> 4)])
                output.append(digits[Int(byte & 15)])
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }

    /// A double as Go's `encoding/json` writes it.
    public static func format(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        if value == 0 { return value.sign == .minus ? "-0" : "0" }
        let magnitude = value.magnitude
        let (digits, exponent) = shortestDigits(of: magnitude)
        let sign = value < 0 ? "-" : ""
        if magnitude < 1e-6 || magnitude >= 1e21 {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let exponentText = exponent < 0 ? "-\(-exponent)" : "+\(exponent)"
            return "\(sign)\(digits.prefix(1))\(fraction)e\(exponentText)"
        }
        if exponent < 0 {
            return "\(sign)0." + String(repeating: "0", count: -exponent - 1) + digits
        }
        if digits.count <= exponent + 1 {
            return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count)
        }
        return "\(sign)\(digits.prefix(exponent + 1)).\(digits.dropFirst(exponent + 1))"
    }

    /// The fewest decimal digits that give the double back, and the power of ten of the first of them.
    static func shortestDigits(of magnitude: Double) -> (digits: String, exponent: Int) {
        // Swift's description is the shortest that round-trips, in one of two notations; take it apart.
        let parts = magnitude.description.split(separator: "e")
        let mantissa = parts[0].split(separator: ".")
        let whole = String(mantissa[0])
        let fraction = mantissa.count > 1 && mantissa[1] != "0" ? String(mantissa[1]) : ""
        var exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) + whole.count - 1
        var digits = whole + fraction
        while digits.hasPrefix("0"), digits.count > 1 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.hasSuffix("0"), digits.count > 1 { digits.removeLast() }
        return (digits, exponent)
    }

    private mutating func container(
        _ open: StaticString,
        _ close: StaticString,
        isEmpty: Bool,
        _ body: (inout JSONWriter) -> Void
    ) {
        append(open)
        level += 1
        body(&self)
        level -= 1
        if !isEmpty { newline() }
        append(close)
    }

    private mutating func separate(first: Bool) {
        if !first { append(",") }
        newline()
    }

    private mutating func newline() {
        guard let indentation else { return }
        output.append(UInt8(ascii: "\n"))
        output.append(contentsOf: repeatElement(UInt8(ascii: " "), count: level * indentation))
    }

    private mutating func append(_ text: StaticString) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
