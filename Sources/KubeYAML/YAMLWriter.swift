public import APIMachinery

extension YAML {
    /// The value as YAML for people, in the style of `kubectl get -o yaml`: members sorted, lists not indented,
    /// quotation marks only where they are needed, texts of several lines as blocks. Reading it gives the value, numbers
    /// as in JSON.
    public static func text(of value: JSONValue) -> String {
        var writer = YAMLWriter()
        writer.write(value, indentation: 0, position: .start)
        return writer.output
    }
}

/// Appends YAML to a growing text.
struct YAMLWriter {
    private(set) var output = ""

    /// What stands before a value on its line.
    enum Position {
        /// Nothing.
        case start
        /// `key:`
        case member
        /// `-`
        case element
    }

    mutating func write(_ value: JSONValue, indentation: Int, position: Position) {
        switch value {
        case .object(let members) where !members.isEmpty:
            // The first member follows a dash on the same line, and a key on the next.
            if position == .member { output += "\n" }
            for (index, member) in members.enumerated() {
                if position == .element, index == 0 { output += " " } else { indent(indentation) }
                write(member.key, member.value, indentation: indentation)
            }
        case .array(let elements) where !elements.isEmpty:
            if position == .member { output += "\n" }
            for (index, element) in elements.enumerated() {
                if position == .element, index == 0 { output += " " } else { indent(indentation) }
                output += "-"
                write(element, indentation: indentation + 2, position: .element)
            }
        default:
            if position != .start { output += " " }
            output += scalar(value, indentation: indentation)
            output += "\n"
        }
    }

    private mutating func write(_ key: String, _ value: JSONValue, indentation: Int) {
        let name = YAMLText.isPlain(key) ? key : YAMLText.quoted(key)
        if name.unicodeScalars.count <= 512 {
            output += "\(name):"
        } else {
            // A key that long must be marked as one.
            output += "? \(name)\n"
            indent(indentation)
            output += ":"
        }
        // Lists stand at the depth of their key.
        if case .array = value {
            write(value, indentation: indentation, position: .member)
        } else {
            write(value, indentation: indentation + 2, position: .member)
        }
    }

    private func scalar(_ value: JSONValue, indentation: Int) -> String {
        switch value {
        case .string(let text):
            if YAMLText.isPlain(text) { return text }
            if let block = YAMLText.block(text, indentation: max(indentation, 2)) { return block }
            return YAMLText.quoted(text)
        case .array: return "[]"
        case .object: return "{}"
        default: return value.text
        }
    }

    private mutating func indent(_ indentation: Int) { output += String(repeating: " ", count: indentation) }
}

/// The ways to write a text.
enum YAMLText {
    /// Whether the text can stand as it is.
    static func isPlain(_ text: String) -> Bool {
        guard case .string = YAMLScalar.resolve(text), text != "<<", text != "=" else { return false }
        let scalars = Array(text.unicodeScalars)
        guard let first = scalars.first, let last = scalars.last else { return false }
        if "-?:,[]{}#&*!|>'\"%@`".unicodeScalars.contains(first) {
            // A dash before a word does not begin a list: `--verbose`. But `---` begins a document.
            guard first == "-", scalars.count > 1, scalars[1] != " ", !text.hasPrefix("---") else { return false }
        }
        guard first != " ", last != " ", last != ":", !text.hasPrefix("...") else { return false }
        for (index, scalar) in scalars.enumerated() {
            guard isPrintable(scalar), scalar != "\n" else { return false }
            if scalar == ":", index + 1 < scalars.count, scalars[index + 1] == " " { return false }
            if scalar == "#", index > 0, scalars[index - 1] == " " { return false }
        }
        return !looksTyped(text)
    }

    /// The text as a literal block of lines, if it consists of lines that a block can hold.
    static func block(_ text: String, indentation: Int) -> String? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 1, text.unicodeScalars.allSatisfy(isPrintable) else { return nil }
        // Blanks at the ends are lost to the eye, and in front they would be taken for indentation.
        guard let first = lines.first, !first.isEmpty, !first.hasPrefix(" "),
            !lines.contains(where: { $0.hasSuffix(" ") })
        else { return nil }
        var content = lines[...]
        var header = "|-"
        if content.last?.isEmpty == true {
            content.removeLast()
            header = content.last?.isEmpty == true ? "|+" : "|"
        }
        let margin = String(repeating: " ", count: indentation)
        return header + content.map { $0.isEmpty ? "\n" : "\n\(margin)\($0)" }.joined()
    }

    /// The text in quotation marks: single ones, unless something must be escaped or it would else be no text.
    static func quoted(_ text: String) -> String {
        if case .string = YAMLScalar.resolve(text), !looksTyped(text),
            text.unicodeScalars.allSatisfy({ isPrintable($0) && $0 != "\n" })
        {
            return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
        }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            default:
                if isPrintable(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    let width = scalar.value <= 0xFF ? 2 : scalar.value <= 0xFFFF ? 4 : 8
                    let mark = width == 2 ? "x" : width == 4 ? "u" : "U"
                    result += "\\\(mark)\(Hexadecimal.text(scalar.value, width: width, uppercase: true))"
                }
            }
        }
        return result + "\""
    }

    /// Whether the character can stand in a YAML text without an escape. Line breaks other than `\n` keep
    /// their difference only as escapes, and a tab is easily lost.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x20...0x7E, 0xA0...0x2027, 0x202A...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF:
            true
        default: false
        }
    }

    /// Whether the text is a time, or a number of base 60 (`1:30`), to other readers of YAML 1.1.
    private static func looksTyped(_ text: String) -> Bool {
        if YAMLTimestamp.isTimestamp(text) { return true }
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        return text.contains(":") && text.utf8.allSatisfy { digits.contains($0) || ":+-._".utf8.contains($0) }
    }
}
