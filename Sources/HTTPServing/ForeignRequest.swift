import NIOCore
import NIOHTTP1

/// Reads the head of a request whose method the HTTP parser does not know.
///
/// Such a request can only be refused, but Kubernetes refuses it as it refuses any method that a resource does not
/// have, which depends on who asks for what. The connection ends with the answer, so it does not matter where the
/// request's body would end.
enum ForeignRequest {
    enum Outcome {
        /// The head is not complete yet.
        case incomplete
        case head(HTTPRequestHead)
        /// This is no HTTP request.
        case malformed
    }

    /// The head in these bytes, which begin with the request line.
    static func parse(_ bytes: ByteBufferView) -> Outcome {
        var lines: [Substring] = []
        var rest = bytes[...]
        while true {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return .incomplete }
            guard end > rest.startIndex, rest[end - 1] == UInt8(ascii: "\r") else { return .malformed }
            let line = rest[rest.startIndex..<end - 1]
            rest = rest[(end + 1)...]
            if line.isEmpty { break }
            lines.append(Substring(decoding: line, as: UTF8.self))
        }
        guard let first = lines.first else { return .malformed }
        let words = first.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[0].utf8.allSatisfy(\.isTokenByte), !words[0].isEmpty,
            words[1].utf8.first == UInt8(ascii: "/"), words[1].utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return .malformed }
        // A method that the parser knows was refused for another reason: it must never be carried out from here.
        guard case .RAW(let method) = HTTPMethod(rawValue: String(words[0])) else { return .malformed }
        let version: HTTPVersion
        switch words[2] {
        case "HTTP/1.1": version = .http1_1
        case "HTTP/1.0": version = .http1_0
        default: return .malformed
        }
        var headers = HTTPHeaders()
        for line in lines.dropFirst() {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { return .malformed }
            let name = line[..<colon]
            guard !name.isEmpty, name.utf8.allSatisfy(\.isTokenByte) else { return .malformed }
            let value = HeaderText.trimmed(line[line.index(after: colon)...])
            guard value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { return .malformed }
            headers.add(name: String(name), value: value)
        }
        return .head(
            HTTPRequestHead(version: version, method: .RAW(value: method), uri: String(words[1]), headers: headers)
        )
    }
}

extension UInt8 {
    /// Whether RFC 9110 allows the byte in a method or in the name of a header field.
    fileprivate var isTokenByte: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(self)
        }
    }
}
