import Basics

/// Why a text is not a JSON document, and where.
public struct JSONSyntaxError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was found or missing.
    public var message: String
    /// The byte at which reading stopped, counted from 0.
    public var offset: Int

    /// A complaint about the byte at that offset.
    public init(message: String, offset: Int) {
        self.message = message
        self.offset = offset
    }

    public var description: String { "\(message) at byte \(offset)" }
}

extension JSONValue {
    /// Documents nested deeper than this are refused, so that no input can exhaust a thread's stack.
    public static let defaultMaximumDepth = 512

    /// Reads one JSON document (RFC 8259) from UTF-8 bytes.
    ///
    /// Strict about syntax and UTF-8 and bounded in depth. Of members with the same name the last wins.
    /// Integers that do not fit 64 bits, and numbers with fraction or exponent, become doubles.
    public init(parsing bytes: some Collection<UInt8>, maximumDepth: Int = Self.defaultMaximumDepth)
        throws(JSONSyntaxError)
    {
        self = try Self.parse(bytes, maximumDepth: maximumDepth, duplicates: nil)
    }

    /// Reads one JSON document from text.
    public init(parsing text: String, maximumDepth: Int = Self.defaultMaximumDepth) throws(JSONSyntaxError) {
        self = try Self.parse(Array(text.utf8), maximumDepth: maximumDepth, duplicates: nil)
    }

    /// Reads one JSON document, and also returns the dotted paths of members that occur more than once
    /// (`spec.replicas`, `spec.steps[2].id`), for callers that refuse them or warn.
    public static func parseReportingDuplicates(
        _ bytes: some Collection<UInt8>,
        maximumDepth: Int = Self.defaultMaximumDepth
    ) throws(JSONSyntaxError) -> (value: JSONValue, duplicates: [String]) {
        let found = DuplicateMembers()
        let value = try parse(bytes, maximumDepth: maximumDepth, duplicates: found)
        return (value, found.paths)
    }

    private static func parse(
        _ bytes: some Collection<UInt8>,
        maximumDepth: Int,
        duplicates: DuplicateMembers?
    ) throws(JSONSyntaxError) -> JSONValue {
        func read(_ buffer: UnsafeBufferPointer<UInt8>) -> Result<JSONValue, JSONSyntaxError> {
            var parser = JSONParser(bytes: buffer, maximumDepth: maximumDepth, duplicates: duplicates)
            return Result { () throws(JSONSyntaxError) in try parser.document() }
        }
        let result = bytes.withContiguousStorageIfAvailable(read) ?? Array(bytes).withUnsafeBufferPointer(read)
        return try result.get()
    }
}

/// Where the parser notes repeated members; a class, as the parser itself lives on the stack.
private final class DuplicateMembers {
    var paths: [String] = []
    var current: [String] = []
}

/// A recursive-descent reader over bytes that the caller keeps alive.
private struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let maximumDepth: Int
    let duplicates: DuplicateMembers?
    var offset = 0
    var depth = 0

    init(bytes: UnsafeBufferPointer<UInt8>, maximumDepth: Int, duplicates: DuplicateMembers?) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        self.duplicates = duplicates
    }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        skipWhitespace()
        let result = try value()
        skipWhitespace()
        guard offset == bytes.count else { throw unexpected("after the end of the document") }
        return result
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        guard offset < bytes.count else { throw failure("unexpected end of the document") }
        switch bytes[offset] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw unexpected("at the start of a value")
        }
    }

    private mutating func object() throws(JSONSyntaxError) -> JSONValue {
        try enter()
        offset += 1
        var members: [JSONObject.Member] = []
        skipWhitespace()
        if peek() == UInt8(ascii: "}") {
            offset += 1
            depth -= 1
            return .object(JSONObject())
        }
        while true {
            guard peek() == UInt8(ascii: "\"") else { throw unexpected("where a member's name was expected") }
            let key = try string()
            skipWhitespace()
            guard peek() == UInt8(ascii: ":") else { throw unexpected("after a member's name") }
            offset += 1
            skipWhitespace()
            duplicates?.current.append(key)
            members.append(JSONObject.Member(key: key, value: try value()))
            duplicates?.current.removeLast()
            skipWhitespace()
            switch peek() {
            case UInt8(ascii: ","):
                offset += 1
                skipWhitespace()
            case UInt8(ascii: "}"):
                offset += 1
                depth -= 1
                return .object(object(of: members))
            default: throw unexpected("after a member of an object")
            }
        }
    }

    private func object(of members: [JSONObject.Member]) -> JSONObject {
        guard let duplicates else { return JSONObject(unsorted: members) }
        return JSONObject(unsorted: members) { index in
            duplicates.paths.append(Self.dotted(duplicates.current + [members[index].key]))
        }
    }

    private mutating func array() throws(JSONSyntaxError) -> JSONValue {
        try enter()
        offset += 1
        var result: [JSONValue] = []
        skipWhitespace()
        if peek() == UInt8(ascii: "]") {
            offset += 1
            depth -= 1
            return .array(result)
        }
        while true {
            duplicates?.current.append("[\(result.count)]")
            result.append(try value())
            duplicates?.current.removeLast()
            skipWhitespace()
            switch peek() {
            case UInt8(ascii: ","):
                offset += 1
                skipWhitespace()
            case UInt8(ascii: "]"):
                offset += 1
                depth -= 1
                return .array(result)
            default: throw unexpected("after an element of a list")
            }
        }
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        offset += 1
        let start = offset
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                let text = try decode(start..<offset)
                offset += 1
                return text
            }
            if byte == UInt8(ascii: "\\") { return try escapedString(from: start) }
            guard byte >= 0x20 else { throw failure("a control character in a string must be escaped") }
            offset += 1
        }
        throw failure("a string has no closing quotation mark")
    }

    private func decode(_ range: Range<Int>) throws(JSONSyntaxError) -> String {
        let utf8 = UnsafeBufferPointer(rebasing: bytes[range])
        // ASCII is valid as it is. The standard library's check of any encoding is generic and costs several times the copy.
        if utf8.allSatisfy({ $0 < 0x80 }) {
            return String(unsafeUninitializedCapacity: utf8.count) { $0.initialize(fromContentsOf: utf8) }
        }
        guard let text = String(validating: utf8, as: UTF8.self) else {
            throw JSONSyntaxError(message: "a string is not valid UTF-8", offset: range.lowerBound)
        }
        return text
    }

    private mutating func escapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var buffer = Array(bytes[start..<offset])
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte == UInt8(ascii: "\"") {
                guard let text = String(validating: buffer, as: UTF8.self) else {
                    throw JSONSyntaxError(message: "a string is not valid UTF-8", offset: start)
                }
                offset += 1
                return text
            }
            guard byte >= 0x20 else { throw failure("a control character in a string must be escaped") }
            offset += 1
            if byte != UInt8(ascii: "\\") {
                buffer.append(byte)
                continue
            }
            guard let escape = peek() else { throw failure("a string has no closing quotation mark") }
            offset += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(escape)
            case UInt8(ascii: "b"): buffer.append(0x08)
            case UInt8(ascii: "f"): buffer.append(0x0C)
            case UInt8(ascii: "n"): buffer.append(0x0A)
            case UInt8(ascii: "r"): buffer.append(0x0D)
            case UInt8(ascii: "t"): buffer.append(0x09)
            case UInt8(ascii: "u"): buffer.append(contentsOf: String(try unicodeEscape()).utf8)
            default:
                offset -= 1
                throw unexpected("after a backslash in a string")
            }
        }
        throw failure("a string has no closing quotation mark")
    }

    /// A `\u` escape, with its second half if it is a surrogate. A lone surrogate becomes U+FFFD, as in Go.
    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Character {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) { return Character(scalar) }
        let afterFirst = offset
        if first < 0xDC00, peek() == UInt8(ascii: "\\"), offset + 1 < bytes.count,
            bytes[offset + 1] == UInt8(ascii: "u")
        {
            offset += 2
            let second = try hexadecimal()
            if (0xDC00...0xDFFF).contains(second),
                let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
            {
                return Character(scalar)
            }
            offset = afterFirst
        }
        return "\u{FFFD}"
    }

    private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
        var result: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek() else { throw failure("a \\u escape has four hexadecimal digits") }
            guard let digit = Hexadecimal.digit(byte) else {
                throw failure("a \\u escape has four hexadecimal digits")
            }
            result = result << 4 | UInt32(digit)
            offset += 1
        }
        return result
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = offset
        var isInteger = true
        if peek() == UInt8(ascii: "-") { offset += 1 }
        if peek() == UInt8(ascii: "0") {
            offset += 1
        } else {
            try digits()
        }
        if peek() == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            try digits()
        }
        if let byte = peek(), byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .int(integer) }
        guard let double = Double(text), double.isFinite else {
            let shown = text.utf8.count > 40 ? "\(text.prefix(40))…" : text
            throw JSONSyntaxError(message: "the number \(shown) is out of range", offset: start)
        }
        return .double(double)
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = offset
        while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { offset += 1 }
        if offset == start { throw unexpected("in a number") }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount {
            guard peek() == text.utf8Start[index] else { throw unexpected("in the word \(text)") }
            offset += 1
        }
        return value
    }

    private mutating func enter() throws(JSONSyntaxError) {
        depth += 1
        if depth > maximumDepth { throw failure("the document is nested more than \(maximumDepth) deep") }
    }

    private mutating func skipWhitespace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x0A, 0x0D, 0x09: offset += 1
            default: return
            }
        }
    }

    private func peek() -> UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private func failure(_ message: String) -> JSONSyntaxError {
        JSONSyntaxError(message: message, offset: offset)
    }

    private func unexpected(_ place: String) -> JSONSyntaxError {
        guard offset < bytes.count else { return failure("unexpected end of the document") }
        let byte = bytes[offset]
        let shown = (0x21...0x7E).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
        return failure("unexpected \(shown) \(place)")
    }

    private static func dotted(_ path: [String]) -> String {
        var result = ""
        for part in path {
            if !result.isEmpty, !part.hasPrefix("[") { result += "." }
            result += part
        }
        return result
    }
}
