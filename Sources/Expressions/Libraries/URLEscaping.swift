internal import APIMachinery

/// Percent encoding by the rules of Go's `net/url`.
enum URLEscaping {
    /// The parts of a URL, which differ in what may stand in them unescaped.
    enum Part {
        case path
        case query
        case host
        case user
    }

    /// The bytes that an escaped part stands for.
    static func unescape(_ bytes: [UInt8], _ part: Part) throws(CELURL.Problem) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "%"):
                guard index + 2 < bytes.count, let high = bytes[index + 1].hexValue,
                    let low = bytes[index + 2].hexValue
                else {
                    let text = String(decoding: bytes[index..<min(index + 3, bytes.count)], as: UTF8.self)
                    throw CELURL.Problem(reason: "invalid URL escape \(GoText.quoted(text))")
                }
                // In hosts only bytes beyond ASCII may be escaped, and the percent sign.
                if part == .host, high < 8, !(high == 2 && low == 5) {
                    throw CELURL.Problem(reason: "invalid URL escape in host name")
                }
                result.append(UInt8(high * 16 + low))
                index += 2
            case UInt8(ascii: "+") where part == .query: result.append(UInt8(ascii: " "))
            default:
                if part == .host, byte < 0x80, !isHostByte(byte) {
                    throw CELURL.Problem(reason: "invalid character in host name")
                }
                result.append(byte)
            }
            index += 1
        }
        return result
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        byte.isIdentifierStart || byte.isDigit || "-_.~".utf8.contains(byte)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        isUnreserved(byte) || "!$&'()*+,;=:[]<>\"".utf8.contains(byte)
    }

    private static func needsEscapeInPath(_ byte: UInt8) -> Bool {
        !isUnreserved(byte) && !"$&+,/:;=@".utf8.contains(byte)
    }

    /// Whether a path could stand in a URL as it is.
    static func isValidEncodedPath(_ bytes: [UInt8]) -> Bool {
        bytes.allSatisfy { "!$&'()*+,;=:@[]%".utf8.contains($0) || !needsEscapeInPath($0) }
    }

    /// A path with everything escaped that may not stand in one.
    static func escapePath(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for byte in bytes {
            if needsEscapeInPath(byte) {
                result.append(UInt8(ascii: "%"))
                result.append(contentsOf: Hexadecimal.text(CollectionOfOne(byte), uppercase: true).utf8)
            } else {
                result.append(byte)
            }
        }
        return result
    }
}

extension FunctionLibrary {
    private static let url = CELType.opaque(OpaqueValue.urlType)

    /// Kubernetes' URLs.
    static let urlFunctions: [FunctionDeclaration] = [
        FunctionDeclaration(
            "url",
            .global(
                [.string],
                url,
                text { text throws(EvaluationFailure) in
                    .opaque(OpaqueValue(.url(try CELURL(parsing: text))))
                }
            )
        ),
        FunctionDeclaration(
            "isURL",
            .global(
                [.string],
                .bool,
                text { text throws(EvaluationFailure) in
                    // Whether it can be read is the question.
                    .bool((try? CELURL(parsing: text)) != nil)
                }
            )
        ),
        FunctionDeclaration("getScheme", .member([url], .string, one { .string($0.scheme) })),
        FunctionDeclaration("getHost", .member([url], .string, one { .string($0.host) })),
        FunctionDeclaration("getHostname", .member([url], .string, one { .string($0.hostname) })),
        FunctionDeclaration("getPort", .member([url], .string, one { .string($0.port) })),
        FunctionDeclaration("getEscapedPath", .member([url], .string, one { .string($0.escapedPath) })),
        FunctionDeclaration(
            "getQuery",
            .member(
                [url],
                .map(.string, .list(.string)),
                one { url in
                    .map(
                        CELMap(
                            url.queryValues.map { (.string($0.name), CELValue(list: $0.values.map { .string($0) })) }
                        )
                    )
                }
            )
        ),
    ]

    private static func one(_ body: @escaping @Sendable (CELURL) -> CELValue) -> Implementation {
        .unary { value, _ throws(EvaluationFailure) in
            guard case .opaque(let opaque) = value, case .url(let url) = opaque.content else { throw .noSuchOverload }
            return body(url)
        }
    }
}
