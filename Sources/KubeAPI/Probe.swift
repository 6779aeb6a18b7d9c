public import APIMachinery

/// A question asked of a container at intervals: is it alive, ready, started?
public struct Probe: Sendable, Hashable, Codable {
    public var httpGet: HTTPGetAction?
    public var exec: ExecAction?
    public var tcpSocket: TCPSocketAction?
    public var grpc: GRPCAction?
    /// Seconds from the container's start to the first question. Default: 0.
    public var initialDelaySeconds: Int?
    /// Seconds between questions. Default: 10.
    public var periodSeconds: Int?
    /// Seconds an answer may take. Default: 1.
    public var timeoutSeconds: Int?
    /// Good answers in a row that make a success. Default: 1.
    public var successThreshold: Int?
    /// Bad answers in a row that make a failure. Default: 3.
    public var failureThreshold: Int?
    public var terminationGracePeriodSeconds: Int64?

    /// A probe that asks nothing yet.
    public init() {}

    /// A probe of an HTTP path.
    public init(httpGet: HTTPGetAction) { self.httpGet = httpGet }
}

/// Asks over HTTP: an answer from 200 to 399 is good.
public struct HTTPGetAction: Sendable, Hashable, Codable {
    public var path: String?
    /// A number, or the name of one of the container's ports.
    public var port: IntOrString
    public var host: String?
    /// `HTTP` (default) or `HTTPS`.
    public var scheme: String?
    public var httpHeaders: [HTTPHeader]?

    /// One header of the request.
    public struct HTTPHeader: Sendable, Hashable, Codable {
        public var name: String
        public var value: String

        /// A header of that name and value.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// That path at that port.
    public init(path: String? = nil, port: IntOrString) {
        self.path = path
        self.port = port
    }
}

/// Runs a command in the container: exit code 0 is good.
public struct ExecAction: Sendable, Hashable, Codable {
    public var command: [String]?

    /// That command.
    public init(command: [String]? = nil) { self.command = command }
}

/// Opens a connection.
public struct TCPSocketAction: Sendable, Hashable, Codable {
    public var port: IntOrString
    public var host: String?

    /// A connection to that port.
    public init(port: IntOrString) { self.port = port }
}

/// Asks the gRPC health service.
public struct GRPCAction: Sendable, Hashable, Codable {
    public var port: Int
    public var service: String?

    /// The service at that port.
    public init(port: Int, service: String? = nil) {
        self.port = port
        self.service = service
    }
}
