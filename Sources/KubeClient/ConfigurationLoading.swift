private import APIMachinery
private import Basics
private import FoundationEssentials
private import KubeYAML

extension ClientConfiguration {
    /// Finds and reads the configuration as kubectl does: the file given, else `$KUBECONFIG` (a list separated by
    /// colons), else the service account of the Pod that this runs in, else `~/.kube/config`.
    ///
    /// Throws a `ConfigurationError` that says which places were looked at.
    public static func load(
        kubeconfig: String? = nil,
        context: String? = nil,
        environment: [String: String]? = nil
    ) throws -> ClientConfiguration {
        let environment = environment ?? ProcessInfo.processInfo.environment
        if let kubeconfig, !kubeconfig.isEmpty {
            return try load(files: [expand(kubeconfig, environment)], context: context, allMustExist: true)
        }
        if let list = environment["KUBECONFIG"], !list.isEmpty {
            let files = list.split(separator: ":").map { expand(String($0), environment) }
            return try load(files: files, context: context, allMustExist: false)
        }
        if context == nil, let inCluster = try inCluster(environment: environment) { return inCluster }
        let path = expand("~/.kube/config", environment)
        guard FileManager.default.fileExists(atPath: path) else {
            throw ConfigurationError(
                "no kubeconfig: neither --kubeconfig nor KUBECONFIG is set, \(path) does not exist, "
                    + "and this process does not run in a Pod; name a kubeconfig with --kubeconfig FILE"
            )
        }
        return try load(files: [path], context: context, allMustExist: true)
    }

    /// The configuration of a service account inside a Pod; `nil` outside of one.
    ///
    /// The token is rotated by the kubelet, so its file is named, not its content.
    public static func inCluster(
        environment: [String: String]? = nil,
        directory: String = "/var/run/secrets/kubernetes.io/serviceaccount"
    ) throws -> ClientConfiguration? {
        let environment = environment ?? ProcessInfo.processInfo.environment
        guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
            let port = environment["KUBERNETES_SERVICE_PORT"], !port.isEmpty
        else { return nil }
        let tokenFile = "\(directory)/token"
        guard FileManager.default.fileExists(atPath: tokenFile) else { return nil }
        // An IPv6 address needs brackets to stand before a port.
        let server = host.contains(":") ? "https://[\(host)]:\(port)" : "https://\(host):\(port)"
        var result = ClientConfiguration(server: server, origin: "in-cluster")
        result.authorization = .bearerFile(tokenFile)
        do {
            result.certificateAuthority = try readFile("\(directory)/ca.crt")
        } catch {
            throw ConfigurationError("in-cluster: \(error)")
        }
        // The file is optional; the default namespace is default.
        if let namespace = try? readFile("\(directory)/namespace") {
            let text = String(decoding: namespace, as: UTF8.self).filter { !$0.isWhitespace }
            if !text.isEmpty { result.namespace = text }
        }
        return result
    }

    /// Reads and merges kubeconfig files and resolves one context.
    static func load(files: [String], context: String?, allMustExist: Bool) throws -> ClientConfiguration {
        var merged: KubeConfig?
        for path in files {
            // As kubectl, which passes over files of the list that do not exist.
            if !allMustExist, !FileManager.default.fileExists(atPath: path) { continue }
            let config = try KubeConfig(contentsOf: path, mayBeEmpty: files.count > 1)
            if merged == nil { merged = config } else { merged?.merge(config) }
        }
        let origin = files.joined(separator: ":")
        guard let merged else {
            let subject = files.count == 1 ? "\(origin) does not exist" : "none of these files exists: \(origin)"
            throw ConfigurationError("KUBECONFIG: \(subject)")
        }
        return try merged.resolve(context: context, origin: origin, readFile: readFile)
    }

    static func readFile(_ path: String) throws -> [UInt8] { try InputFile.bytes(path) }

    private static func expand(_ path: String, _ environment: [String: String]) -> String {
        guard path.hasPrefix("~/"), let home = environment["HOME"] else { return path }
        return home + path.dropFirst(1)
    }
}

extension KubeConfig {
    /// Reads one kubeconfig file, YAML or JSON.
    ///
    /// - Throws: a `ConfigurationError` that names the file and says what to do.
    public init(contentsOf path: String, mayBeEmpty: Bool = false) throws {
        let json: JSONValue
        do {
            json = try YAML.parse(try InputFile.text(path, mayBeEmpty: mayBeEmpty))
        } catch let error as InputFileError {
            // The data directory of a plane in place of the kubeconfig in it.
            let inside = "\(path.hasSuffix("/") ? String(path.dropLast()) : path)/kubeconfig"
            if error.fault == .directory, FileManager.default.fileExists(atPath: inside) {
                throw ConfigurationError("kubeconfig: \(path) is a directory; did you mean \(inside)?")
            }
            throw ConfigurationError("kubeconfig: \(error)")
        } catch {
            throw ConfigurationError("kubeconfig: \(path): \(error); correct the file")
        }
        guard json.objectValue != nil || json.isNull else {
            throw ConfigurationError(
                "kubeconfig: \(path) is not a kubeconfig, which is an object with clusters, users and contexts; "
                    + "name another file"
            )
        }
        let directory =
            path.contains("/") ? path.split(separator: "/", omittingEmptySubsequences: false).dropLast() : []
        try self.init(json, directory: directory.joined(separator: "/"), origin: path)
    }
}
