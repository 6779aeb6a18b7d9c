import Basics
import Testing

/// What is read as base64, by the rules of each kind of reader.
@Suite struct Base64Tests {
    /// A text and what each reader makes of it.
    struct Row: Sendable, CustomTestStringConvertible {
        var text: String
        /// Kubeconfigs, Secrets: `[.lineBreaks]`.
        var strict: [UInt8]?
        /// `!!binary` in YAML, as Go's `StdEncoding`: `[.lineBreaks, .trailingBits]`.
        var yaml: [UInt8]?
        /// The API server's continue tokens, bundles and bytes: `.anyForm`.
        var anyForm: [UInt8]?
        /// Bytes in validation rules: `[.urlSafe, .strayPadding]`.
        var rules: [UInt8]?

        init(_ text: String, _ strict: [UInt8]?, _ yaml: [UInt8]?, _ anyForm: [UInt8]?, _ rules: [UInt8]?) {
            (self.text, self.strict, self.yaml, self.anyForm, self.rules) = (text, strict, yaml, anyForm, rules)
        }

        var testDescription: String { text.debugDescription }
    }

    static let rows: [Row] = [
        Row("", [], [], [], []),
        Row("Zg==", [102], [102], [102], [102]),
        Row("Zm8=", [102, 111], [102, 111], [102, 111], [102, 111]),
        Row("Zm9v", [102, 111, 111], [102, 111, 111], [102, 111, 111], [102, 111, 111]),
        // Padding that is missing, short, too long, alone or in the middle.
        Row("Zg", nil, nil, [102], [102]), Row("Zg=", nil, nil, [102], [102]),
        Row("Zm8", nil, nil, [102, 111], [102, 111]),
        Row("Zm9v=", nil, nil, [102, 111, 111], [102, 111, 111]),
        Row("Zm9v==", nil, nil, [102, 111, 111], [102, 111, 111]),
        Row("Zg===", nil, nil, nil, [102]), Row("Zm9v====", nil, nil, nil, [102, 111, 111]),
        Row("=", nil, nil, [], []), Row("====", nil, nil, nil, []),
        Row("Zg==Zg==", nil, nil, nil, [102, 6, 96]), Row("Z=g=", nil, nil, nil, [102]),
        // A digit alone makes no byte.
        Row("Z", nil, nil, nil, []), Row("Z===", nil, nil, nil, []), Row("Zm9vZ", nil, nil, nil, [102, 111, 111]),
        // Bits that belong to no byte.
        Row("Zh==", nil, [102], [102], [102]), Row("Zm9=", nil, [102, 111], [102, 111], [102, 111]),
        // The two alphabets.
        Row("-_-_", nil, nil, [251, 255, 191], [251, 255, 191]),
        Row("+/+/", [251, 255, 191], [251, 255, 191], [251, 255, 191], [251, 255, 191]),
        Row("-/+_", nil, nil, [251, 255, 191], [251, 255, 191]),
        // Line breaks, blanks, other characters.
        Row("Z\ng\r\n==\n", [102], [102], [102], nil), Row("\n", [], [], [], nil),
        Row("Z g=", nil, nil, nil, nil), Row("Zg==\t", nil, nil, nil, nil), Row("***", nil, nil, nil, nil),
        Row("Zé==", nil, nil, nil, nil), Row("Z\u{0}==", nil, nil, nil, nil),
    ]

    @Test("Each reader takes what it took", arguments: rows)
    func decoding(_ row: Row) {
        #expect(Base64.decode(row.text, allowing: .lineBreaks) == row.strict)
        #expect(Base64.decode(row.text, allowing: [.lineBreaks, .trailingBits]) == row.yaml)
        #expect(Base64.decode(row.text, allowing: .anyForm) == row.anyForm)
        #expect(Base64.decode(row.text, allowing: [.urlSafe, .strayPadding]) == row.rules)
        // Without any leniency line breaks are refused, and nothing else changes.
        #expect(Base64.decode(row.text) == (row.text.contains(where: \.isNewline) ? nil : row.strict))
    }

    @Test(
        "Bytes are written padded in the standard alphabet, unpadded in the other",
        arguments: [
            ([], "", ""), ([102], "Zg==", "Zg"), ([102, 111], "Zm8=", "Zm8"), ([102, 111, 111], "Zm9v", "Zm9v"),
            ([0, 195, 191], "AMO/", "AMO_"), ([251, 255], "+/8=", "-_8"),
        ] as [([UInt8], String, String)]
    )
    func encoding(_ bytes: [UInt8], _ standard: String, _ urlSafe: String) {
        #expect(Base64.encode(bytes) == standard)
        #expect(Base64.encode(bytes, isURLSafe: true) == urlSafe)
        #expect(Base64.decode(standard) == bytes)
        #expect(Base64.decode(urlSafe, allowing: .anyForm) == bytes)
    }
}
