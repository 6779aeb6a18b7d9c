import APIMachinery
import Glibc

/// A setting that cannot be used: which one, its value, and what would do.
public struct RunnerOptionError: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String

    /// A fault with that description, which names the setting and says what to do.
    public init(_ description: String) { self.description = description }
}

/// How a runner is set up: from flags, else from the environment, else a default.
public struct RunnerOptions: Sendable, Equatable {
    /// The flags of the command line; `nil` where one was not given.
    public struct Flags: Sendable {
        public var controller: String?
        public var pool: String?
        public var namespace: String?
        public var name: String?
        public var workers: Int?
        public var token: String?
        public var tokenFile: String?
        public var certificateAuthority: String?
        public var httpHost: String?
        public var httpPort: Int?
        public var drainTimeout: String?

        /// No flag given.
        public init() {}
    }

    /// Where a runner has its bearer token from.
    public enum TokenSource: Sendable, Equatable {
        case none
        case value(String)
        /// Read again at every use.
        case file(String)
    }

    public var controller: String
    public var identity: RunnerIdentity
    public var podUID: String
    /// Jobs at once.
    public var workers: Int
    public var token: TokenSource
    /// A file of PEM certificates that the controller's certificate is checked with; `nil` is the system's.
    public var certificateAuthority: String?
    public var httpHost: String
    /// 0 takes a free port.
    public var httpPort: Int
    /// How long running jobs may take to finish once the runner is asked to stop.
    public var drainTimeout: Duration

    /// A host's name as an object may be named, which the controller asks of runners: small letters, digits, dashes.
    private static func objectName(_ hostname: String) -> String {
        let text = String(
            hostname.lowercased().prefix(200).map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        )
        let parts = text.split(separator: "-")
        return parts.isEmpty ? "runner" : parts.joined(separator: "-")
    }

    /// Reads the settings.
    ///
    /// - Throws: `RunnerOptionError` for the first one that is missing or wrong.
    public init(
        _ flags: Flags,
        environment: [String: String],
        hostname: String,
        processID: Int32
    ) throws(RunnerOptionError) {
        func setting(_ flag: String?, _ variables: String...) -> String? {
            if let flag, !flag.isEmpty { return flag }
            return variables.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        guard let controller = setting(flags.controller, "MARTINET_CONTROLLER_URL") else {
            throw RunnerOptionError("no controller: give --controller URL or set MARTINET_CONTROLLER_URL")
        }
        guard Self.isURL(controller) else {
            throw RunnerOptionError(
                "--controller is \"\(controller)\": it must be a URL such as http://127.0.0.1:8080"
            )
        }
        guard let pool = setting(flags.pool, "MARTINET_POOL") else {
            throw RunnerOptionError("no pool: give --pool NAME or set MARTINET_POOL")
        }
        self.controller = controller
        identity = RunnerIdentity(
            namespace: setting(flags.namespace, "POD_NAMESPACE", "MARTINET_NAMESPACE") ?? "default",
            pool: pool,
            name: setting(flags.name, "POD_NAME") ?? "\(Self.objectName(hostname))-\(processID)"
        )
        podUID = environment["POD_UID"] ?? ""
        workers = try Self.number(flags.workers, environment, "--workers", "MARTINET_WORKERS", 1...1024) ?? 4
        httpPort = try Self.number(flags.httpPort, environment, "--http-port", "MARTINET_HTTP_PORT", 0...65535) ?? 0
        // In a Pod the kubelet comes over the network; elsewhere only this machine may ask.
        let inCluster = environment["KUBERNETES_SERVICE_HOST"] != nil
        httpHost = setting(flags.httpHost, "MARTINET_HTTP_HOST") ?? (inCluster ? "0.0.0.0" : "127.0.0.1")
        if let file = setting(flags.tokenFile, "MARTINET_TOKEN_FILE"), flags.token == nil {
            token = .file(file)
        } else if let value = setting(flags.token, "MARTINET_TOKEN") {
            token = .value(value)
        } else {
            token = .none
        }
        certificateAuthority = setting(flags.certificateAuthority, "MARTINET_CA_FILE")
        drainTimeout = .seconds(120)
        if let text = setting(flags.drainTimeout, "MARTINET_DRAIN_TIMEOUT") {
            guard let duration = GoDuration.parse(text) ?? Int64(text).flatMap({ $0 >= 0 ? .seconds($0) : nil })
            else {
                throw RunnerOptionError(
                    "--drain-timeout is \"\(text)\": it must be a duration such as 120s or 5m, and not negative"
                )
            }
            drainTimeout = duration
        }
    }

    private static func number(
        _ flag: Int?,
        _ environment: [String: String],
        _ name: String,
        _ variable: String,
        _ range: ClosedRange<Int>
    ) throws(RunnerOptionError) -> Int? {
        let bounds = "it must be a number from \(range.lowerBound) to \(range.upperBound)"
        if let flag {
            guard range.contains(flag) else { throw RunnerOptionError("\(name) is \(flag): \(bounds)") }
            return flag
        }
        guard let text = environment[variable], !text.isEmpty else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw RunnerOptionError("\(variable) is \"\(text)\": \(bounds)")
        }
        return value
    }

    private static func isURL(_ text: String) -> Bool {
        ["http://", "https://"].contains { text.hasPrefix($0) && text.utf8.count > $0.utf8.count }
            && !text.contains(where: \.isWhitespace)
    }
}

extension RunnerOptions.TokenSource {
    /// The token now; `nil` without one, or if its file cannot be read.
    public func current() -> String? {
        switch self {
        case .none: nil
        case .value(let token): token
        case .file(let path):
            PrivateFiles.read(path).map { text in String(text.prefix { !$0.isNewline }.filter { $0 != " " }) }
        }
    }
}
