public import APIMachinery

/// One request to a plane.
public struct FuzzRequest: Sendable, Equatable {
    /// Which of the plane's ports.
    public enum Port: String, Sendable {
        /// The Kubernetes API.
        case api
        /// Submissions, probes and the runners' protocol.
        case http
    }

    /// Whose token the request carries.
    public enum Caller: String, Sendable {
        case administrator
        case stranger
        case nobody
    }

    public var port: Port
    public var method: String
    public var path: String
    public var caller = Caller.administrator
    public var contentType = "application/json"
    public var accept = "application/json"
    public var body: [UInt8] = []

    /// A request whose body, if it has one, is JSON.
    public init(port: Port, method: String, path: String, body: JSONValue? = nil) {
        self.port = port
        self.method = method
        self.path = path
        self.body = body?.bytes ?? []
    }

    /// Whether the answer may rightly take as long as the request asks for.
    public var mayWait: Bool {
        path.contains("watch=") || path.contains("follow=") || path.hasPrefix("/agents/v1/lease")
            || path.hasPrefix("/agents/v1/report")
    }

    /// The request line and the beginning of the body, for people.
    public var summary: String {
        let text = String(decoding: body.prefix(1500), as: UTF8.self)
        return "\(method) \(path) as \(caller.rawValue), \(contentType)\n\(text)"
    }

    /// The request as it goes over the connection.
    func bytes(host: String, token: String) -> [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\nAccept: \(accept)\r\n"
        switch caller {
        case .administrator: head += "Authorization: Bearer \(token)\r\n"
        case .stranger: head += "Authorization: Bearer x\(token.dropFirst())\r\n"
        case .nobody: break
        }
        if !body.isEmpty || method != "GET" {
            head += "Content-Type: \(contentType)\r\nContent-Length: \(body.count)\r\n"
        }
        return Array((head + "\r\n").utf8) + body
    }
}

extension FuzzRequest {
    /// As a line of the file in which the requests before a finding are kept. The body is text, unless it is not UTF-8.
    public var json: JSONValue {
        var object: JSONObject = [
            "port": .string(port.rawValue), "method": .string(method), "path": .string(path),
            "caller": .string(caller.rawValue), "contentType": .string(contentType), "accept": .string(accept),
        ]
        if let text = String(validating: body, as: UTF8.self) {
            object["body"] = .string(text)
        } else {
            object["bytes"] = .array(body.map { .int(Int64($0)) })
        }
        return .object(object)
    }

    /// Reads what `json` writes; `nil` for anything else.
    public init?(json: JSONValue) {
        guard let port = json["port"]?.stringValue.flatMap({ Port(rawValue: $0) }),
            let method = json["method"]?.stringValue, let path = json["path"]?.stringValue
        else { return nil }
        self.init(port: port, method: method, path: path)
        caller = json["caller"]?.stringValue.flatMap { Caller(rawValue: $0) } ?? caller
        contentType = json["contentType"]?.stringValue ?? contentType
        accept = json["accept"]?.stringValue ?? accept
        body =
            json["bytes"]?.arrayValue?.compactMap { $0.intValue.flatMap { UInt8(exactly: $0) } }
            ?? Array((json["body"]?.stringValue ?? "").utf8)
    }
}

/// What the plane answered.
public struct FuzzAnswer: Sendable {
    public var status: Int
    public var body: [UInt8]
    /// Whether the plane ends the connection after this answer.
    var closes = false

    /// The beginning of the body, for people.
    public var text: String { String(decoding: body.prefix(1000), as: UTF8.self) }
}
