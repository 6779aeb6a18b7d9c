public import APIMachinery

/// A kubeconfig file, read but not yet resolved: clusters, users and contexts by name.
///
/// Files are referred to relative to the kubeconfig's own directory. Several files merge as kubectl merges
/// `$KUBECONFIG`: the first that names an entry wins.
public struct KubeConfig: Sendable {
    /// One entry together with the directory that its relative paths start from.
    struct Entry: Sendable {
        var value: JSONValue
        var directory: String
    }

    /// The context that is used unless another is asked for.
    public internal(set) var currentContext: String?
    var clusters: [String: Entry] = [:]
    var users: [String: Entry] = [:]
    var contexts: [String: Entry] = [:]

    /// The names of the contexts, sorted.
    public var contextNames: [String] { contexts.keys.sorted() }

    /// Reads a kubeconfig from its JSON tree; `directory` is where it was found.
    public init(_ json: JSONValue, directory: String, origin: String) throws {
        if let kind = json["kind"]?.stringValue, kind != "Config" {
            throw ConfigurationError("\(origin): kind is \"\(kind)\", but a kubeconfig has kind \"Config\"")
        }
        currentContext = json["current-context"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
        clusters = try Self.entries(json, "clusters", "cluster", directory, origin)
        users = try Self.entries(json, "users", "user", directory, origin)
        contexts = try Self.entries(json, "contexts", "context", directory, origin)
    }

    private static func entries(
        _ json: JSONValue,
        _ list: String,
        _ member: String,
        _ directory: String,
        _ origin: String
    ) throws -> [String: Entry] {
        guard let value = json[list], !value.isNull else { return [:] }
        guard let array = value.arrayValue else {
            throw ConfigurationError("\(origin): \(list): must be a list of {name, \(member)}, not \(value.typeName)")
        }
        var result: [String: Entry] = [:]
        for (index, element) in array.enumerated() {
            guard let name = element["name"]?.stringValue, !name.isEmpty else {
                throw ConfigurationError("\(origin): \(list)[\(index)].name: is required")
            }
            if result[name] == nil {
                result[name] = Entry(value: element[member] ?? .object([:]), directory: directory)
            }
        }
        return result
    }

    /// Adds what the other has and this one has not.
    public mutating func merge(_ other: KubeConfig) {
        currentContext = currentContext ?? other.currentContext
        clusters.merge(other.clusters) { first, _ in first }
        users.merge(other.users) { first, _ in first }
        contexts.merge(other.contexts) { first, _ in first }
    }

    /// The client configuration of a context, with certificates and keys read from the files that it names.
    ///
    /// Throws a `ConfigurationError` that names the missing or unreadable entry.
    public func resolve(
        context name: String? = nil,
        origin: String,
        readFile: @escaping (String) throws -> [UInt8]
    ) throws -> ClientConfiguration {
        guard let contextName = name ?? currentContext else {
            throw ConfigurationError(
                "\(origin): current-context: is not set; set it, or choose a context with --context"
                    + (contexts.isEmpty ? "" : " (one of \(contextNames.joined(separator: ", ")))")
            )
        }
        guard let context = contexts[contextName] else {
            let known =
                contexts.isEmpty ? "it has no contexts" : "its contexts are \(contextNames.joined(separator: ", "))"
            throw ConfigurationError("\(origin): there is no context \"\(contextName)\"; \(known)")
        }
        let clusterName = context.value["cluster"]?.stringValue ?? ""
        guard let cluster = clusters[clusterName] else {
            throw ConfigurationError("\(origin): context \"\(contextName)\": cluster \"\(clusterName)\" is not defined")
        }
        guard let server = cluster.value["server"]?.stringValue, !server.isEmpty else {
            throw ConfigurationError("\(origin): cluster \"\(clusterName)\": server: is required")
        }
        var result = ClientConfiguration(server: server, origin: origin)
        guard server.hasPrefix("https://") || server.hasPrefix("http://") else {
            throw ConfigurationError(
                "\(origin): cluster \"\(clusterName)\": server: \"\(server)\" must begin with https:// or http://"
            )
        }
        result.namespace = context.value["namespace"]?.stringValue.flatMap { $0.isEmpty ? nil : $0 } ?? "default"
        result.insecureSkipTLSVerify = cluster.value["insecure-skip-tls-verify"]?.boolValue ?? false
        result.tlsServerName = cluster.value["tls-server-name"]?.stringValue
        let files = FileReader(origin: origin, read: readFile)
        result.certificateAuthority = try files.bytes(cluster, "certificate-authority", "cluster \"\(clusterName)\"")
        if let userName = context.value["user"]?.stringValue, !userName.isEmpty {
            guard let user = users[userName] else {
                throw ConfigurationError("\(origin): context \"\(contextName)\": user \"\(userName)\" is not defined")
            }
            try Self.apply(user, named: userName, to: &result, files)
        }
        return result
    }

    private static func apply(
        _ user: Entry,
        named name: String,
        to result: inout ClientConfiguration,
        _ files: FileReader
    ) throws {
        let subject = "user \"\(name)\""
        let certificate = try files.bytes(user, "client-certificate", subject)
        let key = try files.bytes(user, "client-key", subject)
        switch (certificate, key) {
        case (let certificate?, let key?):
            result.clientCertificate = .init(certificate: certificate, key: key)
        case (nil, nil): break
        default:
            throw ConfigurationError(
                "\(files.origin): \(subject): client-certificate and client-key must be given together"
            )
        }
        if let token = user.value["token"]?.stringValue, !token.isEmpty {
            result.authorization = .bearer(token)
        } else if let file = user.value["tokenFile"]?.stringValue, !file.isEmpty {
            result.authorization = .bearerFile(FileReader.path(file, in: user.directory))
        } else if let username = user.value["username"]?.stringValue, !username.isEmpty {
            result.authorization = .basic(username: username, password: user.value["password"]?.stringValue ?? "")
        } else if user.value["exec"] != nil || user.value["auth-provider"] != nil, result.clientCertificate == nil {
            throw ConfigurationError(
                "\(files.origin): \(subject): exec and auth-provider plug-ins are not supported; "
                    + "use a token, a tokenFile or a client certificate"
            )
        }
        if let user = user.value["as"]?.stringValue, !user.isEmpty {
            result.impersonate = .init(user: user)
        }
    }
}

/// Reads what a kubeconfig gives either inline (`…-data`, base64) or as a file's name.
private struct FileReader {
    var origin: String
    var read: (String) throws -> [UInt8]

    static func path(_ path: String, in directory: String) -> String {
        path.hasPrefix("/") || directory.isEmpty ? path : "\(directory)/\(path)"
    }

    func bytes(_ entry: KubeConfig.Entry, _ field: String, _ subject: String) throws -> [UInt8]? {
        // Inline data wins over a file, as in client-go.
        if let data = entry.value["\(field)-data"]?.stringValue, !data.isEmpty {
            guard let decoded = Base64.decode(data, allowing: .lineBreaks) else {
                throw ConfigurationError("\(origin): \(subject): \(field)-data: is not base64")
            }
            return decoded
        }
        guard let file = entry.value[field]?.stringValue, !file.isEmpty else { return nil }
        let path = Self.path(file, in: entry.directory)
        do {
            return try read(path)
        } catch {
            throw ConfigurationError("\(origin): \(subject): \(field): \(error)")
        }
    }
}
