import APIMachinery
import CLinux
import Glibc
import KubeAPI
import KubeClient

/// Asks a container one probe's question.
struct ProbeRunner: Sendable {
    /// What one question led to.
    struct Answer: Sendable, Hashable {
        var isSuccess: Bool
        /// What an Event says of a failure.
        var message: String
    }

    let probe: Probe
    let timeout: Duration
    /// Port of the probe, already resolved; `nil` where the name is not declared.
    let port: Int?
    let address: String
    /// How commands are run: as the container is, without a log.
    let command: ShimCommand
    let time: any TimeSource
    private let transport: HTTPTransport?

    init(
        probe: Probe,
        timeout: Duration,
        port: Int?,
        address: String,
        command: ShimCommand,
        time: any TimeSource
    ) {
        self.probe = probe
        self.timeout = timeout
        self.port = port
        self.address = address
        self.command = command
        self.time = time
        if let action = probe.httpGet, let port {
            let scheme = action.scheme == "HTTPS" ? "https" : "http"
            var configuration = ClientConfiguration(server: "\(scheme)://\(action.host ?? address):\(port)")
            // As kubelet, which does not know the certificates of containers either.
            configuration.insecureSkipTLSVerify = true
            configuration.userAgent = "kube-probe/1.36"
            // Without a transport every question of this probe is answered below, as for a port that is not there.
            transport = try? HTTPTransport(configuration, connectTimeout: timeout)
        } else {
            transport = nil
        }
    }

    /// Frees connections.
    func shutdown() async { await transport?.shutdown() }

    /// Asks once.
    func ask() async -> Answer {
        if let action = probe.httpGet { return await get(action) }
        if let action = probe.tcpSocket { return await connect(action.host ?? address) }
        if let action = probe.exec { return await run(action.command ?? []) }
        return Answer(isSuccess: true, message: "the probe has no handler that this node supports")
    }

    private func get(_ action: HTTPGetAction) async -> Answer {
        guard let transport, let port else {
            return Answer(isSuccess: false, message: "couldn't find port: \(action.port)")
        }
        var path = action.path ?? "/"
        if !path.hasPrefix("/") { path = "/\(path)" }
        var request = APIRequest(.get, path, timeout: timeout)
        request.headers = ["Accept": "*/*", "Connection": "close"]
        for header in action.httpHeaders ?? [] { request.headers[header.name] = header.value }
        do {
            let response = try await transport.send(request)
            // The body is read, so that the connection ends in order, but only as far as a message may show it.
            var size = 0
            for try await chunk in response.body {
                size += chunk.count
                if size > 10 * 1024 { break }
            }
            if (200..<400).contains(response.status) { return Answer(isSuccess: true, message: "") }
            return Answer(isSuccess: false, message: "HTTP probe failed with statuscode: \(response.status)")
        } catch {
            let scheme = action.scheme?.lowercased() ?? "http"
            return Answer(isSuccess: false, message: "Get \"\(scheme)://\(address):\(port)\(path)\": \(error)")
        }
    }

    @concurrent
    private func connect(_ host: String) async -> Answer {
        guard let port else { return Answer(isSuccess: false, message: "couldn't find the port") }
        let (seconds, attoseconds) = timeout.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        let error = cl_connect(host == "localhost" ? "127.0.0.1" : host, Int32(port), Int32(clamping: milliseconds))
        if error == 0 { return Answer(isSuccess: true, message: "") }
        return Answer(isSuccess: false, message: "dial tcp \(host):\(port): \(String(cString: strerror(error)))")
    }

    private func run(_ words: [String]) async -> Answer {
        guard let name = words.first else { return Answer(isSuccess: false, message: "exec.command is empty") }
        var command = command
        command.log = nil
        command.arguments = words
        guard let path = Executables.find(name, command.environment) else {
            return Answer(isSuccess: false, message: "exec: \"\(name)\": executable file not found in $PATH")
        }
        command.path = path
        let process = ContainerProcess()
        let (reports, continuation) = AsyncStream<ShimReport>.makeStream(bufferingPolicy: .bufferingOldest(8))
        return await withTaskGroup(of: Answer?.self) { [command, time, timeout] group in
            group.addTask {
                do {
                    try await process.run(command) { _, report in continuation.yield(report) }
                } catch {
                    return Answer(isSuccess: false, message: "command was not started: \(error)")
                }
                continuation.finish()
                for await report in reports {
                    switch report {
                    case .exited(0): return Answer(isSuccess: true, message: "")
                    case .exited(let code):
                        return Answer(isSuccess: false, message: "command exited with code \(code)")
                    case .signaled(let signal):
                        return Answer(isSuccess: false, message: "command was killed by signal \(signal)")
                    case .failed(let stage, let error):
                        let reason = String(cString: strerror(error))
                        return Answer(isSuccess: false, message: "command was not started: \(stage): \(reason)")
                    case .started: continue
                    }
                }
                return Answer(isSuccess: false, message: "command was not started")
            }
            group.addTask {
                do { try await time.sleep(for: timeout) } catch { return nil }
                process.kill()
                return Answer(isSuccess: false, message: "command timed out after \(describe(timeout))")
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? Answer(isSuccess: false, message: "command was cancelled")
        }
    }
}

/// Where programs are.
enum Executables {
    /// The path of a program: a name with a slash as it is, others in the directories of `PATH`.
    static func find(_ name: String, _ environment: [String: String]) -> String? {
        if name.contains("/") { return name }
        for directory in (environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let path = "\(directory)/\(name)"
            var status = stat()
            if access(path, X_OK) == 0, stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG { return path }
        }
        return nil
    }
}
