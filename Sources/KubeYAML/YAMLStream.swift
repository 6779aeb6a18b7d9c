extension YAML {
    /// Splits a stream into its documents as `k8s.io/apimachinery/pkg/util/yaml` does: at lines that begin with
    /// `---`. Each comes with `\n` at the ends of its lines; a separator before the first document stays with it.
    ///
    /// - Throws: `syntax` if there is anything but blanks or a comment behind a separator.
    public static func documents(_ bytes: some Collection<UInt8>) throws(YAMLError) -> [[UInt8]] {
        var documents: [[UInt8]] = []
        var current: [UInt8] = []
        var rest = Array(bytes)[...]
        let newline = UInt8(ascii: "\n")
        while !rest.isEmpty {
            var line = rest.prefix { $0 != newline }
            rest = rest[line.endIndex...].dropFirst()
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            if line.starts(with: "---".utf8) {
                let after = line.dropFirst(3).drop(while: isBlank)
                guard after.isEmpty || after.first == UInt8(ascii: "#") else {
                    let text = String(decoding: after, as: UTF8.self)
                    throw YAMLError(kind: .syntax, message: "invalid document separator: ---\(text)")
                }
                if !current.isEmpty {
                    documents.append(current)
                    current = []
                    continue
                }
            }
            current += line
            current.append(newline)
        }
        if !current.isEmpty { documents.append(current) }
        return documents
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
