internal import CYaml

/// The first document of a YAML text as a tree, before anything is made of its scalars.
///
/// The nodes stand in one list and refer to each other by position: aliases may form circles.
struct YAMLDocument {
    struct Node {
        enum Content {
            /// A text, and whether it was plain, so that what it means depends on how it looks.
            case scalar(String, isPlain: Bool)
            case sequence([Int])
            /// Keys and values in turns.
            case mapping([Int])
            case alias(anchor: String, target: Int)
        }

        var content: Content
        /// The full name, `tag:yaml.org,2002:str`; empty without a tag.
        var tag: String
        /// The line, from 1.
        var line: Int
    }

    private(set) var nodes: [Node] = []
    /// The position of the outermost node; `nil` in a text without a document.
    private(set) var root: Int?

    /// Reads the text up to the end of its first document.
    init(parsing text: [UInt8], maximumDepth: Int) throws(YAMLError) {
        var text = text
        var repairs = 0
        while true {
            let outcome = Self.build(text, maximumDepth: maximumDepth)
            switch outcome {
            case .success(let builder):
                nodes = builder.nodes
                root = builder.root
                return
            case .failure(let failure):
                guard repairs < 64, let repaired = failure.repaired(text) else { throw failure.error }
                text = repaired
                repairs += 1
            }
        }
    }

    private static func build(_ text: [UInt8], maximumDepth: Int) -> Result<Builder, YAMLParseFailure> {
        // libyaml keeps the address of its parser, which therefore cannot live in a Swift variable.
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else {
            return .failure(YAMLParseFailure(YAMLError(kind: .limit, message: "out of memory")))
        }
        defer { yaml_parser_delete(parser) }
        return text.withUnsafeBufferPointer { buffer in
            // An empty list has no address, and libyaml wants one.
            var newline = UInt8(ascii: "\n")
            return withUnsafePointer(to: &newline) { newline in
                yaml_parser_set_input_string(parser, buffer.baseAddress ?? newline, buffer.count)
                var builder = Builder(parser: parser, maximumDepth: maximumDepth)
                return Result { () throws(YAMLParseFailure) in
                    try builder.document()
                    return builder
                }
            }
        }
    }

    /// Makes the tree from libyaml's events.
    private struct Builder {
        let parser: UnsafeMutablePointer<yaml_parser_t>
        let maximumDepth: Int
        var nodes: [Node] = []
        var root: Int?
        var anchors: [String: Int] = [:]
        var flowLevel = 0
        var depth = 0

        mutating func document() throws(YAMLParseFailure) {
            while true {
                let event = try next()
                defer { event.delete() }
                switch event.type {
                case YAML_STREAM_END_EVENT: return
                case YAML_STREAM_START_EVENT, YAML_DOCUMENT_START_EVENT: continue
                default:
                    root = try node(event)
                    // The end of the document belongs to it: what spoils it must not go unnoticed.
                    try next().delete()
                    return
                }
            }
        }

        private mutating func node(_ event: YAMLEvent) throws(YAMLParseFailure) -> Int {
            let position = nodes.count
            nodes.append(Node(content: .sequence([]), tag: event.tag, line: event.line))
            // Before the content is read: it may name its own container, which is found out when it is followed.
            if let anchor = event.anchor, event.type != YAML_ALIAS_EVENT { anchors[anchor] = position }
            switch event.type {
            case YAML_ALIAS_EVENT:
                let anchor = event.anchor ?? ""
                guard let target = anchors[anchor] else {
                    throw YAMLParseFailure(
                        YAMLError(kind: .unknownAnchor, message: "unknown anchor '\(anchor)' referenced")
                    )
                }
                nodes[position].content = .alias(anchor: anchor, target: target)
            case YAML_SCALAR_EVENT:
                if flowLevel > 0, event.isPlainStyle, event.text.utf8.contains(UInt8(ascii: "?")) {
                    // libyaml has become laxer here than the reference is.
                    throw YAMLParseFailure(
                        YAMLError(
                            kind: .syntax,
                            message: "line \(event.line): '?' in a text between brackets needs quotation marks"
                        )
                    )
                }
                nodes[position].content = .scalar(event.text, isPlain: event.isPlainImplicit)
            case YAML_SEQUENCE_START_EVENT:
                nodes[position].content = .sequence(try children(until: YAML_SEQUENCE_END_EVENT, in: event))
            case YAML_MAPPING_START_EVENT:
                nodes[position].content = .mapping(try children(until: YAML_MAPPING_END_EVENT, in: event))
            default:
                throw YAMLParseFailure(YAMLError(kind: .syntax, message: "line \(event.line): unexpected content"))
            }
            return position
        }

        private mutating func children(
            until end: yaml_event_type_t,
            in container: YAMLEvent
        ) throws(YAMLParseFailure) -> [Int] {
            depth += 1
            guard depth <= maximumDepth else {
                throw YAMLParseFailure(
                    YAMLError(kind: .limit, message: "line \(container.line): nested more than \(maximumDepth) deep")
                )
            }
            if container.isFlowStyle { flowLevel += 1 }
            defer {
                depth -= 1
                if container.isFlowStyle { flowLevel -= 1 }
            }
            var children: [Int] = []
            while true {
                let event = try next()
                defer { event.delete() }
                if event.type == end { return children }
                children.append(try node(event))
            }
        }

        private func next() throws(YAMLParseFailure) -> YAMLEvent {
            let event = YAMLEvent()
            guard yaml_parser_parse(parser, event.pointer) == 1 else {
                event.delete()
                throw YAMLParseFailure(parser.pointee)
            }
            return event
        }
    }
}
