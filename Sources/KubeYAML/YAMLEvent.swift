internal import CYaml

/// One event of libyaml's parser. Its receiver deletes it.
struct YAMLEvent {
    let pointer: UnsafeMutablePointer<yaml_event_t>

    init() {
        pointer = .allocate(capacity: 1)
        pointer.initialize(to: yaml_event_t())
    }

    func delete() {
        yaml_event_delete(pointer)
        pointer.deallocate()
    }

    var type: yaml_event_type_t { pointer.pointee.type }

    /// The line on which it begins, from 1.
    var line: Int { Int(pointer.pointee.start_mark.line) + 1 }

    var anchor: String? {
        switch type {
        case YAML_ALIAS_EVENT: Self.text(pointer.pointee.data.alias.anchor)
        case YAML_SCALAR_EVENT: Self.text(pointer.pointee.data.scalar.anchor)
        case YAML_SEQUENCE_START_EVENT: Self.text(pointer.pointee.data.sequence_start.anchor)
        case YAML_MAPPING_START_EVENT: Self.text(pointer.pointee.data.mapping_start.anchor)
        default: nil
        }
    }

    var tag: String {
        switch type {
        case YAML_SCALAR_EVENT: Self.text(pointer.pointee.data.scalar.tag) ?? ""
        case YAML_SEQUENCE_START_EVENT: Self.text(pointer.pointee.data.sequence_start.tag) ?? ""
        case YAML_MAPPING_START_EVENT: Self.text(pointer.pointee.data.mapping_start.tag) ?? ""
        default: ""
        }
    }

    /// A scalar's text, which may contain NUL.
    var text: String {
        guard let start = pointer.pointee.data.scalar.value else { return "" }
        return String(
            decoding: UnsafeBufferPointer(start: start, count: pointer.pointee.data.scalar.length),
            as: UTF8.self
        )
    }

    /// Whether a scalar has neither quotation marks nor a tag.
    var isPlainImplicit: Bool { pointer.pointee.data.scalar.plain_implicit != 0 }

    var isPlainStyle: Bool { pointer.pointee.data.scalar.style == YAML_PLAIN_SCALAR_STYLE }

    /// Whether a list or map is written with brackets.
    var isFlowStyle: Bool {
        switch type {
        case YAML_SEQUENCE_START_EVENT:
            pointer.pointee.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
        case YAML_MAPPING_START_EVENT:
            pointer.pointee.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
        default: false
        }
    }

    private static func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String? {
        pointer.map { String(cString: $0) }
    }
}

/// A text that libyaml refused.
struct YAMLParseFailure: Error {
    let error: YAMLError
    /// The scalar in which a colon was refused that the reference takes for a part of it.
    private var colon: (scalar: Int, colon: Int)?

    init(_ error: YAMLError) { self.error = error }

    init(_ parser: yaml_parser_t) {
        let problem = parser.problem.map { String(cString: $0) } ?? "the text is not YAML"
        var place = ""
        if parser.error != YAML_READER_ERROR { place = "line \(parser.problem_mark.line + 1): " }
        // libyaml's own bound, which its advice for programmers does not make clear to users.
        let isTooDeep = problem.hasPrefix("Maximum nesting level reached")
        error =
            isTooDeep
            ? YAMLError(kind: .limit, message: "\(place)nested too deep")
            : YAMLError(kind: .syntax, message: place + problem)
        if problem == "found unexpected ':'" {
            colon = (Int(parser.context_mark.index), Int(parser.problem_mark.index))
        }
    }

    /// In `{a:, b:}` libyaml sees a mistake since 0.2.2, the reference two texts ending in colons. With those in
    /// quotation marks, both see the same.
    func repaired(_ text: [UInt8]) -> [UInt8]? {
        guard let colon, let start = Self.offset(ofCharacter: colon.scalar, in: text),
            let end = Self.offset(ofCharacter: colon.colon, in: text), start < end, end < text.count
        else { return nil }
        let quote = UInt8(ascii: "'")
        let scalar = text[start...end].flatMap { $0 == quote ? [quote, quote] : [$0] }
        return text[..<start] + [quote] + scalar + [quote] + text[(end + 1)...]
    }

    /// libyaml counts characters.
    private static func offset(ofCharacter index: Int, in text: [UInt8]) -> Int? {
        var seen = -1
        for (offset, byte) in text.enumerated() where byte & 0xC0 != 0x80 {
            seen += 1
            if seen == index { return offset }
        }
        return nil
    }
}
