internal import APIMachinery

/// Makes a value from a document's tree: follows aliases, merges maps, resolves scalars.
struct YAMLDecoder {
    private let document: YAMLDocument
    private let strict: Bool
    private let limits: YAML.Limits

    /// The aliases being followed, by the position of their node.
    private var open: Set<Int> = []
    private var depth = 0
    private var expandedBytes = 0
    private var decoded = 0
    private var decodedByAlias = 0

    /// Faults that the reference finds only when all has been decoded, the graver first.
    private var duplicates: [String] = []
    private var badKey: YAMLError?
    private var notJSON: YAMLError?

    init(document: YAMLDocument, strict: Bool, limits: YAML.Limits) {
        self.document = document
        self.strict = strict
        self.limits = limits
    }

    mutating func decode() throws(YAMLError) -> YAMLValue {
        guard let root = document.root else { return .scalar(.null) }
        let value = try value(root)
        if !duplicates.isEmpty {
            let list = duplicates.joined(separator: "\n  ")
            throw YAMLError(kind: .duplicateKey, message: "unmarshal errors:\n  \(list)")
        }
        if let badKey { throw badKey }
        if let notJSON { throw notJSON }
        return value
    }

    private mutating func value(_ position: Int) throws(YAMLError) -> YAMLValue {
        try count()
        let node = document.nodes[position]
        switch node.content {
        case .alias(let anchor, let target):
            try enter(position, anchor: anchor)
            defer { open.remove(position) }
            return try value(target)
        case .scalar(let text, let isPlain):
            let scalar = try YAMLScalar(text, tag: node.tag, isPlain: isPlain, line: node.line)
            if case .double(let number) = scalar, !number.isFinite, notJSON == nil {
                notJSON = YAMLError(kind: .notJSON, message: "line \(node.line): \(text) has no counterpart in JSON")
            }
            try expand(text)
            return .scalar(scalar)
        case .sequence(let elements):
            try descend(node.line)
            defer { depth -= 1 }
            var values: [YAMLValue] = []
            values.reserveCapacity(elements.count)
            for element in elements { values.append(try value(element)) }
            return .array(values)
        case .mapping(let members):
            try descend(node.line)
            defer { depth -= 1 }
            var map = Map()
            try fill(&map, members)
            return .object(map.members)
        }
    }

    // MARK: Maps

    /// The members of a map by their typed keys: `1` and `"1"` are two until they become JSON.
    private struct Map {
        private(set) var members: [(key: String, value: YAMLValue)] = []
        private var typed: Set<YAMLScalar> = []
        private var named: [String: Int] = [:]

        func contains(_ key: YAMLScalar) -> Bool { typed.contains(key) }

        mutating func set(_ key: YAMLScalar, name: String, _ value: YAMLValue) {
            typed.insert(key)
            if let index = named[name] {
                members[index].value = value
            } else {
                named[name] = members.count
                members.append((name, value))
            }
        }
    }

    /// Takes the members over in their order: whatever comes later wins, be it merged or given.
    private mutating func fill(_ map: inout Map, _ members: [Int]) throws(YAMLError) {
        for index in stride(from: 0, to: members.count - 1, by: 2) {
            if isMerge(members[index]) {
                try merge(members[index + 1], into: &map)
                continue
            }
            let key = try key(members[index])
            let value = try value(members[index + 1])
            if strict, map.contains(key) {
                let line = document.nodes[members[index + 1]].line
                duplicates.append("line \(line): key \(Self.shown(key)) already set in map")
                continue
            }
            map.set(key, name: name(of: key, line: document.nodes[members[index]].line), value)
        }
    }

    private func isMerge(_ position: Int) -> Bool {
        let node = document.nodes[position]
        guard case .scalar("<<", let isPlain) = node.content else { return false }
        return isPlain || node.tag == "tag:yaml.org,2002:merge"
    }

    private mutating func merge(_ position: Int, into map: inout Map) throws(YAMLError) {
        let line = document.nodes[position].line
        switch document.nodes[position].content {
        case .mapping, .alias: try mergeMap(position, into: &map, line: line)
        case .sequence(let elements):
            // From the last to the first: the first are the ones that count.
            for element in elements.reversed() { try mergeMap(element, into: &map, line: line) }
        case .scalar: throw Self.badMerge(line)
        }
    }

    private mutating func mergeMap(_ position: Int, into map: inout Map, line: Int) throws(YAMLError) {
        try count()
        switch document.nodes[position].content {
        case .mapping(let members):
            try descend(line)
            defer { depth -= 1 }
            try fill(&map, members)
        case .alias(let anchor, let target):
            guard case .mapping(let members) = document.nodes[target].content else { throw Self.badMerge(line) }
            try enter(position, anchor: anchor)
            defer { open.remove(position) }
            try count()
            try descend(line)
            defer { depth -= 1 }
            try fill(&map, members)
        default: throw Self.badMerge(line)
        }
    }

    private static func badMerge(_ line: Int) -> YAMLError {
        YAMLError(kind: .badMerge, message: "line \(line): map merge requires map or sequence of maps as the value")
    }

    // MARK: Keys

    private mutating func key(_ position: Int) throws(YAMLError) -> YAMLScalar {
        // JSON has no infinite numbers, but the text of one can be a name.
        let fault = notJSON
        defer { notJSON = fault }
        guard case .scalar(let scalar) = try value(position) else {
            throw YAMLError(
                kind: .badKey,
                message: "line \(document.nodes[position].line): invalid map key: a list or map"
            )
        }
        return scalar
    }

    /// The name of the JSON member; the reference has none for null and for the largest integers.
    private mutating func name(of key: YAMLScalar, line: Int) -> String {
        switch key {
        case .string(let text): return text
        case .int(let number): return String(number)
        case .bool(let value): return value ? "true" : "false"
        case .double(let number): return YAMLFloatKey.text(of: number)
        case .null, .uint:
            if badKey == nil {
                badKey = YAMLError(kind: .badKey, message: "line \(line): unsupported map key: \(Self.shown(key))")
            }
            return ""
        }
    }

    private static func shown(_ key: YAMLScalar) -> String { YAMLValue.scalar(key).json.text }

    // MARK: Bounds

    private mutating func enter(_ position: Int, anchor: String) throws(YAMLError) {
        guard open.insert(position).inserted else {
            throw YAMLError(kind: .recursiveAnchor, message: "anchor '\(anchor)' value contains itself")
        }
    }

    private mutating func descend(_ line: Int) throws(YAMLError) {
        depth += 1
        guard depth <= limits.depth else {
            throw YAMLError(kind: .limit, message: "line \(line): nested more than \(limits.depth) deep")
        }
    }

    private mutating func expand(_ text: String) throws(YAMLError) {
        expandedBytes += text.utf8.count
        guard expandedBytes <= limits.expandedBytes else {
            throw YAMLError(kind: .limit, message: "document contains excessive aliasing of long texts")
        }
    }

    /// The reference's bound on aliases: most of a small document may come from them, little of a large one.
    private mutating func count() throws(YAMLError) {
        decoded += 1
        if !open.isEmpty { decodedByAlias += 1 }
        guard decodedByAlias > 100, decoded > 1000 else { return }
        let share = Double(decodedByAlias) / Double(decoded)
        let (low, high) = (400_000.0, 4_000_000.0)
        let excess = min(max((Double(decoded) - low) / (high - low), 0), 1)
        guard share <= 0.99 - 0.89 * excess else {
            throw YAMLError(kind: .limit, message: "document contains excessive aliasing")
        }
    }
}
