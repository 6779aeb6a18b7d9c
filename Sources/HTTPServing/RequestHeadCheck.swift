import NIOHTTP1

/// What is wrong with the heads of requests, beyond what the parser refuses by itself.
enum RequestHeadCheck {
    /// The refusal of a head that leaves open where the request ends or whom it is for; `nil` if it is sound.
    static func fault(in head: HTTPRequestHead) -> APIResponse? {
        // Only the path is looked at so early; a query with bad escapes lacks what they spoil.
        guard PercentEncoding.isValid(head.uri.utf8.prefix { $0 != UInt8(ascii: "?") }) else { return malformed }
        let hosts = head.headers["host"]
        if hosts.count > 1 { return bad("too many Host headers") }
        if hosts.isEmpty, head.version == .http1_1 { return bad("missing required Host header") }
        let codings = head.headers["transfer-encoding"]
        if !codings.isEmpty {
            guard codings.count == 1, codings[0].lowercased() == "chunked" else {
                return .text("501 Not Implemented: unsupported transfer encoding\n", status: 501)
            }
            guard head.version == .http1_1 else { return bad("transfer encodings need HTTP/1.1") }
            guard !head.headers.contains(name: "content-length") else {
                return bad("both Transfer-Encoding and Content-Length")
            }
        }
        let lengths = head.headers["content-length"]
        if lengths.count > 1 { return bad("more than one Content-Length") }
        if let length = lengths.first, length.isEmpty || !length.utf8.allSatisfy({ 48...57 ~= $0 }) {
            return bad("invalid Content-Length")
        }
        let expectations = head.headers["expect"]
        if !expectations.isEmpty, !expectsContinue(head) {
            return .text("417 Expectation Failed\n", status: 417)
        }
        return nil
    }

    /// Whether the client waits for permission to send a body that is not too large in advance.
    static func expectsContinue(_ head: HTTPRequestHead) -> Bool {
        let expectations = head.headers["expect"]
        guard expectations.count == 1, expectations[0].lowercased() == "100-continue", head.version == .http1_1 else {
            return false
        }
        return true
    }

    /// Whether the body is known to be too large before a byte of it has come.
    static func announcesTooMuch(_ head: HTTPRequestHead, limit: Int) -> Bool {
        guard let text = head.headers.first(name: "content-length") else { return false }
        return (Int(text) ?? .max) > limit
    }

    /// What Go's HTTP server answers to such an error.
    static func response(to error: HTTPParserError) -> APIResponse {
        switch error {
        case .headerOverflow: .text("431 Request Header Fields Too Large\n", status: 431)
        case .invalidVersion: .text("505 HTTP Version Not Supported: unsupported protocol version\n", status: 505)
        case .invalidMethod: bad("invalid method")
        case .invalidURL, .invalidPath, .invalidQueryString, .invalidFragment: malformed
        case .invalidHeaderToken: bad("malformed header field")
        case .invalidContentLength, .unexpectedContentLength: bad("invalid Content-Length")
        default: bad("malformed HTTP request")
        }
    }

    /// What Go's HTTP server answers to an address that it cannot read.
    private static let malformed = APIResponse.text("400 Bad Request", status: 400)

    private static func bad(_ reason: String) -> APIResponse { .text("400 Bad Request: \(reason)\n", status: 400) }
}
