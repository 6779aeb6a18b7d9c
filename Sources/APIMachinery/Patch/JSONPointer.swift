/// Where a step of a JSON patch acts: a member or element of one container (RFC 6901, as json-patch v4 reads it).
struct JSONPointer {
    /// The members to follow to the container.
    private let parents: [String]
    /// The name or index in it.
    let key: String

    /// `nil` for a text without a slash, and for the whole document, which is not a member of anything.
    init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count > 1, let last = parts.last else { return nil }
        parents = parts.dropFirst().dropLast().map(Self.unescape)
        key = Self.unescape(last)
    }

    /// How many containers enclose what the pointer names.
    var depth: Int { parents.count + 1 }

    /// Lets the closure change the container; `nil` if it does not exist.
    func withContainer<Result>(
        of document: inout JSONValue,
        _ body: (inout JSONValue, String) throws(JSONPatchFailure) -> Result
    ) throws(JSONPatchFailure) -> Result? {
        try Self.descend(parents[...], in: &document) { container throws(JSONPatchFailure) in try body(&container, key)
        }
    }

    private static func descend<Result>(
        _ parents: ArraySlice<String>,
        in value: inout JSONValue,
        _ body: (inout JSONValue) throws(JSONPatchFailure) -> Result
    ) throws(JSONPatchFailure) -> Result? {
        switch value {
        case .object(var members):
            guard let next = parents.first else { return try body(&value) }
            guard members[next] != nil else { return nil }
            // The members must have no second owner while they change, or every change would copy them all.
            value = .null
            defer { value = .object(members) }
            return try members.modify(next, default: .null) { child throws(JSONPatchFailure) in
                try descend(parents.dropFirst(), in: &child, body)
            }
        case .array(var elements):
            guard let next = parents.first else { return try body(&value) }
            guard let index = position(next, count: elements.count) else { return nil }
            value = .null
            defer { value = .array(elements) }
            return try descend(parents.dropFirst(), in: &elements[index], body)
        default: return nil
        }
    }

    /// A position in a list of that length, as `index` gives it; `nil` if it is outside.
    static func position(_ key: String, count: Int) -> Int? {
        // The caller reports what is not an index of the list.
        try? index(key, count: count, failure: "")
    }

    /// A position in a list of that many; negative ones count from its end.
    static func index(_ key: String, count: Int, failure: String) throws(JSONPatchFailure) -> Int {
        guard let index = Int(key) else {
            let problem = isNumber(key) ? "value out of range" : "invalid syntax"
            throw JSONPatchFailure("\(failure): strconv.Atoi: parsing \(JSONValue.string(key).text): \(problem)")
        }
        guard index < count, index >= -count else {
            throw JSONPatchFailure("\(failure): Unable to access invalid index: \(index): invalid index referenced")
        }
        return index < 0 ? index + count : index
    }

    /// Where in a list of that many something is put in; negative positions count from the end of the longer list.
    static func insertionIndex(_ key: String, count: Int, failure: String) throws(JSONPatchFailure) -> Int {
        let words = Int(key) == nil ? "\(failure): value was not a proper array index: '\(key)'" : failure
        return try index(key, count: count + 1, failure: words)
    }

    private static func isNumber(_ key: String) -> Bool {
        let digits = key.hasPrefix("-") || key.hasPrefix("+") ? key.utf8.dropFirst() : key.utf8[...]
        return !digits.isEmpty && digits.allSatisfy(Syntax.isDigit)
    }

    /// `~1` is a slash and `~0` a tilde, in one pass from the left.
    private static func unescape(_ bytes: Substring.UTF8View) -> String {
        guard bytes.contains(UInt8(ascii: "~")) else { return String(Substring(bytes)) }
        var result: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "~"), let escape = rest.first {
                if escape == UInt8(ascii: "0") || escape == UInt8(ascii: "1") {
                    result.append(escape == UInt8(ascii: "0") ? byte : UInt8(ascii: "/"))
                    rest.removeFirst()
                    continue
                }
            }
            result.append(byte)
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension JSONValue {
    /// How many lists and objects are nested in each other here at most; adds the nodes it looked at.
    func nestingDepth(visited: inout Int) -> Int {
        visited += 1
        var deepest = 0
        switch self {
        case .array(let elements):
            for element in elements { deepest = max(deepest, element.nestingDepth(visited: &visited)) }
        case .object(let members):
            for (_, member) in members { deepest = max(deepest, member.nestingDepth(visited: &visited)) }
        default: return 0
        }
        return deepest + 1
    }
}
