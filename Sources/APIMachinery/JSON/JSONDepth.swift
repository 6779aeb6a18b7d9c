// How deep values may be nested. Each limit is checked where data enters, and leaves room for everything that the data
// is wrapped in later, so that what was accepted can always be read again:
//
//     a value (a run's parameter, a step's output)   200
//     an object with such values in it               256
//     a document with such objects in it (a list)    512

extension JSONValue {
    /// The deepest nesting of a value that becomes part of an object.
    public static let maximumValueDepth = 200

    /// The deepest nesting of an object.
    public static let maximumObjectDepth = 256

    /// Whether lists and objects are nested more than that many levels deep; a scalar has none.
    public func isNested(deeperThan limit: Int) -> Bool {
        switch self {
        case .null, .bool, .int, .double, .string: false
        case .array(let elements): limit <= 0 || elements.contains { $0.isNested(deeperThan: limit - 1) }
        case .object(let members): limit <= 0 || members.contains { $0.value.isNested(deeperThan: limit - 1) }
        }
    }
}

/// Looks over JSON without reading it.
public enum JSONOutline {
    /// Whether the brackets of a stored value match, its strings are closed, and it is nested no deeper than the limit:
    /// whether it can be copied into a document without breaking what stands around it.
    ///
    /// Much cheaper than parsing. It does not prove that the value is JSON.
    public static func isEmbeddable(_ bytes: [UInt8], maximumDepth: Int) -> Bool {
        var closers: [UInt8] = []
        var isInString = false
        var isEscaped = false
        var isEmpty = true
        for byte in bytes {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"): closers.append(UInt8(ascii: "}"))
            case UInt8(ascii: "["): closers.append(UInt8(ascii: "]"))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard closers.popLast() == byte else { return false }
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                // Outside of any list and object, these would end the value and begin another.
                guard !closers.isEmpty else { return false }
            default: break
            }
            if closers.count > maximumDepth { return false }
            isEmpty = false
        }
        return closers.isEmpty && !isInString && !isEmpty
    }
}
