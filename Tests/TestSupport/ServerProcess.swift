import FoundationEssentials
public import KubeClient
import Glibc

/// A real `apiserver` in a directory of its own, to be killed and started again.
public final class ServerProcess {
    public let dataDirectory: String
    private let directory: String
    private var process: ChildProcess?

    /// A server that is not running yet, over a directory that may hold an earlier one's data.
    public init(directory: String) {
        self.directory = directory
        dataDirectory = "\(directory)/data"
    }

    /// Starts it and returns a client, which gives up at the first broken connection.
    public func start() async throws -> KubeClient {
        let kubeconfig = "\(dataDirectory)/kubeconfig"
        unlink(kubeconfig)
        let process = try ChildProcess(
            "\(Plane.binaries)/apiserver",
            ["--data-dir", dataDirectory, "--port", "0"],
            environment: ["PATH": "/usr/bin:/bin", "HOME": directory],
            output: "\(directory)/apiserver"
        )
        self.process = process
        // Written when the server answers.
        let configuration = try await eventually("the server is up", every: .milliseconds(2)) {
            if let status = process.status { throw PlaneEnded(status: status, log: process.output().err) }
            return try? ClientConfiguration.load(kubeconfig: kubeconfig)
        }
        return try KubeClient(configuration, retry: RequestRetryPolicy(maximumAttempts: 1))
    }

    /// The process, while there is one.
    public var processID: Int32? { process?.processID }

    /// kill -9.
    public func kill() async throws {
        process?.signal(SIGKILL)
        try await process?.wait()
    }
}
