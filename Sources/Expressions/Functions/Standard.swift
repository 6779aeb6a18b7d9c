internal import APIMachinery

extension FunctionLibrary {
    /// `size`, `contains`, `startsWith`, `endsWith`.
    static let standard: [FunctionDeclaration] = [
        FunctionDeclaration(
            "size",
            [CELType.bytes, .list(.parameter("A")), .map(.parameter("A"), .parameter("B")), .string].flatMap {
                [Overload.global([$0], .int), .member([$0], .int)]
            },
            shared: .unary { value, budget throws(EvaluationFailure) in
                switch value {
                case .string(let text):
                    try budget.charge(size: text.utf8.count)
                    return .int(Int64(text.unicodeScalars.count))
                case .bytes(let bytes): return .int(Int64(bytes.count))
                case .list(let list): return .int(Int64(list.count))
                case .map(let map): return .int(Int64(map.count))
                default: throw .noSuchOverload("size", [value])
                }
            }
        ),
        texts("contains") { $0.contains($1) },
        texts("startsWith") { $0.starts(with: $1) },
        texts("endsWith") { $0.ends(with: $1) },
    ]

    /// A question about the bytes of two strings; whether one contains the other does not depend on characters.
    private static func texts(
        _ name: String,
        _ body: @escaping @Sendable (TextBytes, TextBytes) -> Bool
    ) -> FunctionDeclaration {
        FunctionDeclaration(
            name,
            .member(
                [.string, .string],
                .bool,
                .binary { left, right, budget throws(EvaluationFailure) in
                    guard case .string(let text) = left, case .string(let part) = right else { throw .noSuchOverload }
                    try budget.charge(size: text.utf8.count)
                    return .bool(body(TextBytes(text), TextBytes(part)))
                }
            )
        )
    }
}

/// A text as its bytes, with searches that know nothing of Unicode equivalence.
struct TextBytes {
    let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }

    func starts(with part: TextBytes) -> Bool { bytes.starts(with: part.bytes) }

    func ends(with part: TextBytes) -> Bool {
        bytes.count >= part.bytes.count && bytes[(bytes.count - part.bytes.count)...].elementsEqual(part.bytes)
    }

    func contains(_ part: TextBytes) -> Bool { range(of: part, from: 0) != nil }

    /// Where a part begins, at or after a position.
    func range(of part: TextBytes, from start: Int) -> Int? {
        let needle = part.bytes
        guard let first = needle.first else { return start <= bytes.count ? start : nil }
        var index = start
        while index + needle.count <= bytes.count {
            if bytes[index] == first, bytes[index..<index + needle.count].elementsEqual(needle) { return index }
            index += 1
        }
        return nil
    }
}
