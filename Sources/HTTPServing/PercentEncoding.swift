import Basics

/// `%41` for `A`, as addresses write it.
package enum PercentEncoding {
    /// Decodes escapes; text that is no valid escape stays as it is.
    package static func decode(_ text: Substring.UTF8View, plusIsSpace: Bool = false) -> String {
        var result: [UInt8] = []
        let bytes = Array(text)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count, let high = Hexadecimal.digit(bytes[index + 1]),
                let low = Hexadecimal.digit(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Whether every percent sign begins an escape.
    static func isValid(_ text: Substring.UTF8View) -> Bool {
        var expected = 0
        for byte in text {
            if expected > 0 {
                guard Hexadecimal.digit(byte) != nil else { return false }
                expected -= 1
            } else if byte == UInt8(ascii: "%") {
                expected = 2
            }
        }
        return expected == 0
    }
}
