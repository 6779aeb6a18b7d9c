internal import APIMachinery

/// A URL as Go reads it, which is how Kubernetes does.
struct CELURL: Sendable {
    private(set) var scheme = ""
    private var opaque = ""
    private var userInfo: String?
    /// The host with its port.
    private(set) var host = ""
    private var rawPath: [UInt8] = []
    private var path: [UInt8] = []
    private var query: String?
    private var fragment: String?

    struct Problem: Error {
        var reason: String
    }

    /// Reads what may stand in a request: an absolute URL or an absolute path.
    init(parsing text: String) throws(EvaluationFailure) {
        do throws(Problem) {
            // The first reading decides whether the text is allowed; only the second knows fragments.
            _ = try CELURL(text, isRequest: true)
            var rest = text
            var fragment: String?
            if let hash = text.utf8.firstIndex(of: UInt8(ascii: "#")) {
                rest = String(text[..<hash])
                fragment = String(text[text.utf8.index(after: hash)...])
            }
            self = try CELURL(rest, isRequest: false)
            if let fragment, !fragment.isEmpty {
                _ = try URLEscaping.unescape(Array(fragment.utf8), .path)
                self.fragment = fragment
            }
        } catch {
            throw EvaluationFailure(
                .invalidArgument,
                "URL parse error during conversion from string: parse \(GoText.quoted(text)): \(error.reason)"
            )
        }
    }

    /// Reads all but a fragment. A request needs an absolute path or a scheme.
    private init(_ text: String, isRequest: Bool) throws(Problem) {
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw Problem(reason: "net/url: invalid control character in URL")
        }
        if text.isEmpty, isRequest { throw Problem(reason: "empty url") }
        if text == "*" {
            path = [UInt8(ascii: "*")]
            return
        }
        var rest = try takeScheme(text)
        if let mark = rest.utf8.firstIndex(of: UInt8(ascii: "?")) {
            query = String(rest[rest.utf8.index(after: mark)...])
            rest = rest[..<mark]
        }
        if !rest.hasPrefix("/") {
            if !scheme.isEmpty {
                opaque = String(rest)
                return
            }
            if isRequest { throw Problem(reason: "invalid URI for request") }
            if rest.prefix(while: { $0 != "/" }).contains(":") {
                throw Problem(reason: "first path segment in URL cannot contain colon")
            }
        }
        if rest.hasPrefix("//"), !scheme.isEmpty || (!isRequest && !rest.hasPrefix("///")) {
            let authority = rest.dropFirst(2).prefix { $0 != "/" }
            rest = rest.dropFirst(2 + authority.count)
            try takeAuthority(authority)
        }
        path = try URLEscaping.unescape(Array(rest.utf8), .path)
        rawPath = Array(rest.utf8)
    }

    /// Takes the scheme and its colon off the front, if there is one.
    private mutating func takeScheme(_ text: String) throws(Problem) -> Substring {
        for (index, byte) in text.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): continue
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
                if index == 0 { return Substring(text) }
            case UInt8(ascii: ":"):
                if index == 0 { throw Problem(reason: "missing protocol scheme") }
                let end = text.utf8.index(text.startIndex, offsetBy: index)
                scheme = text[..<end].lowercased()
                return text[text.utf8.index(after: end)...]
            default: return Substring(text)
            }
        }
        return Substring(text)
    }

    /// User, host and port. Only their form is checked, as no connection is made.
    private mutating func takeAuthority(_ text: Substring) throws(Problem) {
        var hostText = text
        if let at = text.lastIndex(of: "@") {
            let user = text[..<at]
            let isValid = user.utf8.allSatisfy { byte in
                byte.isDigit || byte.isIdentifierStart || "-._:~!$&'()*+,;=%@".utf8.contains(byte)
            }
            if !isValid { throw Problem(reason: "net/url: invalid userinfo") }
            _ = try URLEscaping.unescape(Array(user.utf8), .user)
            userInfo = String(user)
            hostText = text[text.index(after: at)...]
        }
        var port: Substring?
        if hostText.hasPrefix("[") {
            guard let end = hostText.lastIndex(of: "]") else { throw Problem(reason: "missing ']' in host") }
            port = hostText[hostText.index(after: end)...]
        } else if let colon = hostText.lastIndex(of: ":") {
            port = hostText[colon...]
        }
        if let port, !Self.isPort(port) {
            throw Problem(reason: "invalid port \(GoText.quoted(String(port))) after host")
        }
        host = String(decoding: try URLEscaping.unescape(Array(hostText.utf8), .host), as: UTF8.self)
    }

    /// Nothing, or a colon and digits.
    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || (text.hasPrefix(":") && text.dropFirst().utf8.allSatisfy(\.isDigit))
    }

    private var hostAndPort: (host: Substring, port: Substring) {
        var name = Substring(host)
        var port = Substring("")
        if let colon = name.lastIndex(of: ":"), Self.isPort(name[colon...]) {
            port = name[name.index(after: colon)...]
            name = name[..<colon]
        }
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        return (name, port)
    }

    var hostname: String { String(hostAndPort.host) }

    var port: String { String(hostAndPort.port) }

    /// The path as it was written, if it is a valid one; otherwise escaped anew.
    var escapedPath: String {
        if URLEscaping.isValidEncodedPath(rawPath) { return String(decoding: rawPath, as: UTF8.self) }
        if path == [UInt8(ascii: "*")] { return "*" }
        return String(decoding: URLEscaping.escapePath(path), as: UTF8.self)
    }

    /// The values of the query by name. Pairs that cannot be read are left out.
    var queryValues: [(name: String, values: [String])] {
        var result: [(name: String, values: [String])] = []
        for pair in (query ?? "").split(separator: "&") where !pair.contains(";") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            // As Go's url.ParseQuery, which leaves out what it cannot unescape.
            guard let name = try? URLEscaping.unescape(Array(parts[0].utf8), .query),
                // As above.
                let value = try? URLEscaping.unescape(Array(parts.count > 1 ? parts[1].utf8 : "".utf8[...]), .query)
            else { continue }
            let key = ByteString(String(decoding: name, as: UTF8.self))
            let text = String(decoding: value, as: UTF8.self)
            if let index = result.firstIndex(where: { ByteString($0.name) == key }) {
                result[index].values.append(text)
            } else {
                result.append((key.text, [text]))
            }
        }
        return result
    }

    /// The URL put together again.
    var text: String {
        var result = scheme.isEmpty ? "" : scheme + ":"
        if opaque.isEmpty {
            if !scheme.isEmpty || !host.isEmpty || userInfo != nil, !host.isEmpty || !path.isEmpty || userInfo != nil {
                if !host.isEmpty || userInfo != nil { result += "//" }
                if let userInfo { result += userInfo + "@" }
                result += host
            }
            result += escapedPath
        } else {
            result += opaque
        }
        if let query { result += "?" + query }
        if let fragment { result += "#" + fragment }
        return result
    }
}
