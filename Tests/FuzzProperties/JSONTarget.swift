import APIMachinery
import KubeYAML
import TestSupport

extension FuzzTarget {
    /// JSON: what was read is written so that it reads the same, and as YAML it means the same.
    static let json = FuzzTarget(
        name: "json",
        seeds: {
            try Golden.cases("patch.json").map { $0.json.bytes } + [
                seed(#"{"a":[1,-2.5e3,"x\u00e9\n\ud83d\ude00\/",{"b":null,"c":true,"c":1e21}],"d":"é😀"}"#),
                seed("[18446744073709551615,-9223372036854775808,1e-7,1E+400,-0,0.1]"),
                seed("[" + String(repeating: "[", count: 600)),
                seed(#"{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":"b"},"creationTimestamp":null}}"#),
            ]
        },
        check: { bytes in
            guard let value = try? JSONValue(parsing: bytes) else {
                try expect((try? JSONValue.parseReportingDuplicates(bytes)) == nil, "duplicates make it readable")
                return
            }
            let again = try expectSuccess("what was written cannot be read") { try JSONValue(parsing: value.bytes) }
            try expect(again.normalized == value.normalized, "\(value.text) is read back as \(again.text)")
            try expect(
                try JSONValue(parsing: value.prettyText()).normalized == value.normalized,
                "\(value.text) is read back from indented text as something else"
            )
            let (same, duplicates) = try JSONValue.parseReportingDuplicates(bytes)
            try expect(same == value, "looking for duplicates gives \(same.text), not \(value.text)")
            try expect(
                try JSONValue.parseReportingDuplicates(value.bytes).duplicates.isEmpty,
                "what was written has duplicates: \(duplicates)"
            )
            try checkYAML(value)
            try checkAccess(value)
        }
    )

    /// JSON is YAML, as far as YAML 1.1 has its characters. It takes next line (U+0085) and the separators of lines and
    /// paragraphs (U+2028, U+2029) for line breaks: the first becomes a space, and the others lose the blanks around them.
    private static func checkYAML(_ value: JSONValue) throws {
        if value.contains({ [0x85, 0xFEFF, 0x2028, 0x2029].contains($0.value) }) { return }
        guard let yaml = try? YAML.parse(value.bytes) else { return }
        try expect(yaml.normalized == value.normalized, "\(value.text) as YAML is \(yaml.text)")
    }

    /// Members can be taken away and put back.
    private static func checkAccess(_ value: JSONValue) throws {
        guard case .object(let members) = value else { return }
        for (key, member) in members {
            var changed = value
            changed[key] = nil
            try expect(changed[key] == nil, "\(key) is still there")
            try expect(changed.objectValue?.count == members.count - 1, "more than \(key) has gone")
            changed[key] = member
            try expect(changed == value, "\(key) was put back, and the object differs")
            if members.count > 64 { break }
        }
    }
}
