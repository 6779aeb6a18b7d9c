/// Writes JSON straight into bytes; values that are JSON already are copied.
public struct JSONObjectWriter: Sendable {
    /// What has been written so far.
    public private(set) var output: [UInt8] = []
    /// Whether the next member is the first of its object, which has no comma before it.
    private var isFirst = true

    /// A writer that has written nothing.
    public init() {}

    public mutating func object(_ body: (inout JSONObjectWriter) -> Void) {
        output.append(UInt8(ascii: "{"))
        isFirst = true
        body(&self)
        output.append(UInt8(ascii: "}"))
        isFirst = false
    }

    public mutating func list<Element>(_ elements: [Element], _ body: (inout JSONObjectWriter, Element) -> Void) {
        output.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            body(&self, element)
        }
        output.append(UInt8(ascii: "]"))
        isFirst = false
    }

    public mutating func name(_ name: StaticString) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        output.append(UInt8(ascii: "\""))
        name.withUTF8Buffer { output.append(contentsOf: $0) }
        output.append(UInt8(ascii: "\""))
        output.append(UInt8(ascii: ":"))
    }

    public mutating func member(_ name: StaticString, _ body: (inout JSONObjectWriter) -> Void) {
        self.name(name)
        body(&self)
    }

    public mutating func member(_ name: StaticString, _ json: [UInt8]) {
        self.name(name)
        output.append(contentsOf: json)
    }

    public mutating func member(_ name: StaticString, _ text: String) {
        self.name(name)
        JSONWriter.append(quoted: text, to: &output)
    }

    public mutating func member(_ name: StaticString, _ number: Int) {
        self.name(name)
        output.append(contentsOf: String(number).utf8)
    }

    public mutating func member(_ name: StaticString, _ value: Bool) {
        self.name(name)
        output.append(contentsOf: (value ? "true" : "false").utf8)
    }

    /// A time with microseconds, so that short steps have durations; left out if `nil`.
    public mutating func member(_ name: StaticString, _ time: Timestamp?) {
        guard let time else { return }
        member(name, time.rfc3339Micro)
    }

    /// A text by itself, as in a list.
    public mutating func text(_ text: String) { JSONWriter.append(quoted: text, to: &output) }

    /// A value by itself that is JSON already, as in a list.
    public mutating func value(_ json: [UInt8]) { output.append(contentsOf: json) }

    /// Copies members that were written before, without braces.
    public mutating func members(_ bytes: [UInt8]) {
        if !isFirst { output.append(UInt8(ascii: ",")) }
        isFirst = false
        output.append(contentsOf: bytes)
    }
}
