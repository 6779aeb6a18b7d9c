internal import APIMachinery

extension FunctionLibrary {
    /// The string extensions, version 2. Positions count code points.
    static let stringFunctions: [FunctionDeclaration] = [
        FunctionDeclaration("charAt", .member([.string, .int], .string, .variadic(Strings.charAt))),
        FunctionDeclaration(
            "indexOf",
            .member([.string, .string], .int, .variadic(Strings.indexOf)),
            .member([.string, .string, .int], .int, .variadic(Strings.indexOf))
        ),
        FunctionDeclaration(
            "lastIndexOf",
            .member([.string, .string], .int, .variadic(Strings.lastIndexOf)),
            .member([.string, .string, .int], .int, .variadic(Strings.lastIndexOf))
        ),
        FunctionDeclaration("lowerAscii", .member([.string], .string, .variadic(Strings.lowerAscii))),
        FunctionDeclaration("upperAscii", .member([.string], .string, .variadic(Strings.upperAscii))),
        FunctionDeclaration(
            "replace",
            .member([.string, .string, .string], .string, .variadic(Strings.replace)),
            .member([.string, .string, .string, .int], .string, .variadic(Strings.replace))
        ),
        FunctionDeclaration(
            "split",
            .member([.string, .string], .list(.string), .variadic(Strings.split)),
            .member([.string, .string, .int], .list(.string), .variadic(Strings.split))
        ),
        FunctionDeclaration(
            "substring",
            .member([.string, .int], .string, .variadic(Strings.substring)),
            .member([.string, .int, .int], .string, .variadic(Strings.substring))
        ),
        FunctionDeclaration("trim", .member([.string], .string, .variadic(Strings.trim))),
        FunctionDeclaration(
            "join",
            .member([.list(.string)], .string, .variadic(Strings.join)),
            .member([.list(.string), .string], .string, .variadic(Strings.join))
        ),
        FunctionDeclaration("strings.quote", .global([.string], .string, .variadic(Strings.quote))),
        FunctionDeclaration("format", .member([.string, .list(.dyn)], .string, .variadic(Strings.format))),
    ]
}

/// What the string functions do.
enum Strings {
    /// The text of an argument, charged for.
    static func text(_ arguments: [CELValue], _ index: Int, _ budget: inout EvaluationBudget)
        throws(EvaluationFailure) -> String
    {
        guard index < arguments.count, case .string(let text) = arguments[index] else { throw .noSuchOverload }
        try budget.charge(size: text.utf8.count)
        return text
    }

    /// The code points of a text argument: positions count these, not bytes and not characters.
    private static func scalars(_ arguments: [CELValue], _ index: Int, _ budget: inout EvaluationBudget)
        throws(EvaluationFailure) -> [UnicodeScalar]
    {
        Array(try text(arguments, index, &budget).unicodeScalars)
    }

    /// An integer argument.
    static func int(_ arguments: [CELValue], _ index: Int) throws(EvaluationFailure) -> Int64 {
        guard index < arguments.count, case .int(let value) = arguments[index] else { throw .noSuchOverload }
        return value
    }

    private static func string(_ scalars: some Sequence<UnicodeScalar>) -> CELValue {
        var result = String.UnicodeScalarView()
        result.append(contentsOf: scalars)
        return .string(String(result))
    }

    /// A position that the text does not have.
    private static func outOfRange(_ index: Int64) -> EvaluationFailure {
        EvaluationFailure(.indexOutOfBounds, "index out of range: \(index)")
    }

    /// The code point at a position; empty at the end of the text, an error beyond.
    static let charAt: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let scalars = try scalars(arguments, 0, &budget)
        let index = try int(arguments, 1)
        if index < 0 || index > Int64(scalars.count) { throw outOfRange(index) }
        return index == Int64(scalars.count) ? .string("") : .string(String(scalars[Int(index)]))
    }

    /// The first position of a part at or after an offset, or −1. An empty part is everywhere.
    static let indexOf: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let text = try scalars(arguments, 0, &budget)
        let part = try scalars(arguments, 1, &budget)
        let offset = arguments.count > 2 ? try int(arguments, 2) : 0
        if offset < 0 { throw outOfRange(offset) }
        if part.isEmpty { return .int(min(offset, Int64(text.count))) }
        if offset >= Int64(text.count) || text.count < part.count { return .int(-1) }
        try budget.charge(size: text.count * part.count)
        var index = Int(offset)
        while index + part.count <= text.count {
            if text[index..<index + part.count].elementsEqual(part) { return .int(Int64(index)) }
            index += 1
        }
        return .int(-1)
    }

    /// The last position of a part that begins at or before an offset, or −1.
    static let lastIndexOf: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let text = try scalars(arguments, 0, &budget)
        let part = try scalars(arguments, 1, &budget)
        if arguments.count <= 2, part.isEmpty { return .int(Int64(text.count)) }
        if arguments.count <= 2, text.count < part.count { return .int(-1) }
        let offset = arguments.count > 2 ? try int(arguments, 2) : Int64(text.count - 1)
        if offset < 0 { throw outOfRange(offset) }
        if part.isEmpty { return .int(min(offset, Int64(text.count))) }
        if offset >= Int64(text.count) { return .int(-1) }
        try budget.charge(size: text.count * part.count)
        var index = min(Int(offset), text.count - part.count)
        while index >= 0 {
            if text[index..<index + part.count].elementsEqual(part) { return .int(Int64(index)) }
            index -= 1
        }
        return .int(-1)
    }

    /// Only A to Z: other letters stay, so that the result does not depend on a language.
    static let lowerAscii: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let bytes = try text(arguments, 0, &budget).utf8.map { byte in
            byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
        }
        return .string(String(decoding: bytes, as: UTF8.self))
    }

    /// Only a to z.
    static let upperAscii: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let bytes = try text(arguments, 0, &budget).utf8.map { byte in
            byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte & ~0x20 : byte
        }
        return .string(String(decoding: bytes, as: UTF8.self))
    }

    /// Replaces that many occurrences from the left, all of them if the number is negative. An empty text
    /// occurs before every code point and at the end.
    static let replace: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let text = TextBytes(try text(arguments, 0, &budget))
        let old = TextBytes(try Strings.text(arguments, 1, &budget))
        let new = Array(try Strings.text(arguments, 2, &budget).utf8)
        var limit = arguments.count > 3 ? try int(arguments, 3) : -1
        if limit < 0 { limit = .max }
        var result: [UInt8] = []
        var position = 0
        while limit > 0, let found = next(old, in: text, from: position, isFirst: result.isEmpty && position == 0) {
            // Each replacement is paid for before it is written: a chain of them can grow without bound.
            try budget.charge(size: new.count + found - position)
            result.append(contentsOf: text.bytes[position..<found])
            result.append(contentsOf: new)
            position = found + old.bytes.count
            limit -= 1
            if old.bytes.isEmpty, found == text.bytes.count { break }
            if old.bytes.isEmpty, limit > 0 {
                let width = scalarWidth(text.bytes, at: found)
                result.append(contentsOf: text.bytes[found..<found + width])
                position = found + width
            }
        }
        result.append(contentsOf: text.bytes[position...])
        return .string(String(decoding: result, as: UTF8.self))
    }

    /// The next occurrence; an empty text occurs right where the search stands.
    private static func next(_ old: TextBytes, in text: TextBytes, from position: Int, isFirst: Bool) -> Int? {
        old.bytes.isEmpty ? position : text.range(of: old, from: position)
    }

    /// How many bytes the code point at that position has.
    private static func scalarWidth(_ bytes: [UInt8], at position: Int) -> Int {
        var end = position + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return end - position
    }

    /// The parts between separators, at most that many; the last part is the unsplit rest. An empty separator splits into
    /// code points.
    static let split: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let source = try text(arguments, 0, &budget)
        let separator = TextBytes(try text(arguments, 1, &budget))
        var limit = arguments.count > 2 ? try int(arguments, 2) : -1
        if limit == 0 { return .list(CELList([])) }
        if limit < 0 { limit = .max }
        try budget.charge(source.utf8.count)
        let bytes = TextBytes(source)
        var parts: [CELValue] = []
        var position = 0
        func part(_ range: Range<Int>) -> CELValue { .string(String(decoding: bytes.bytes[range], as: UTF8.self)) }
        if separator.bytes.isEmpty {
            while position < bytes.bytes.count, Int64(parts.count) < limit - 1 {
                let width = scalarWidth(bytes.bytes, at: position)
                parts.append(part(position..<position + width))
                position += width
            }
            if position < bytes.bytes.count { parts.append(part(position..<bytes.bytes.count)) }
            return .list(CELList(parts))
        }
        while Int64(parts.count) < limit - 1, let found = bytes.range(of: separator, from: position) {
            parts.append(part(position..<found))
            position = found + separator.bytes.count
        }
        parts.append(part(position..<bytes.bytes.count))
        return .list(CELList(parts))
    }

    /// The code points from a position up to, but without, another one or the end.
    static let substring: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let scalars = try scalars(arguments, 0, &budget)
        let count = Int64(scalars.count)
        let start = try int(arguments, 1)
        let end = arguments.count > 2 ? try int(arguments, 2) : count
        if arguments.count > 2, start > end {
            throw EvaluationFailure(.invalidArgument, "invalid substring range. start: \(start), end: \(end)")
        }
        if start < 0 || start > count { throw outOfRange(start) }
        if end < 0 || end > count { throw outOfRange(end) }
        return string(scalars[Int(start)..<Int(end)])
    }

    /// Without Unicode white space at both ends.
    static let trim: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        let scalars = try text(arguments, 0, &budget).unicodeScalars
        let start = scalars.drop { $0.properties.isWhitespace }
        var end = start.endIndex
        while end > start.startIndex, start[start.index(before: end)].properties.isWhitespace {
            end = start.index(before: end)
        }
        return string(start[..<end])
    }

    /// The texts one after the other, with a separator between them.
    static let join: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        guard let first = arguments.first, case .list(let list) = first else { throw .noSuchOverload }
        let separator = arguments.count > 1 ? try text(arguments, 1, &budget) : ""
        var result = ""
        for (index, element) in list.enumerated() {
            guard case .string(let text) = element else {
                throw EvaluationFailure(.invalidArgument, "join: invalid input: \(element.summary)")
            }
            try budget.charge(size: text.utf8.count + separator.utf8.count)
            if index > 0 { result += separator }
            result += text
        }
        return .string(result)
    }

    /// The text as a literal in double quotes.
    static let quote: Implementation.Variadic = { arguments, budget throws(EvaluationFailure) in
        var result = "\""
        for scalar in try text(arguments, 0, &budget).unicodeScalars {
            switch scalar {
            case "\u{07}": result += "\\a"
            case "\u{08}": result += "\\b"
            case "\u{0C}": result += "\\f"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0B}": result += "\\v"
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return .string(result + "\"")
    }
}
