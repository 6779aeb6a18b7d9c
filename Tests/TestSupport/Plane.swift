public import APIMachinery
import FoundationEssentials
import Glibc

/// A real `controller standalone` in a directory of its own, with kubectl and ctl pointed at it.
public final class Plane {
    public let directory: String
    public let dataDirectory: String
    public let apiPort: Int
    public let httpPort: Int
    public let commands: Commands
    public private(set) var controller: ChildProcess
    private let arguments: [String]
    /// What the next launch has in its environment besides the usual.
    public var extraEnvironment: [String: String]

    /// Where the built programs are.
    public static let binaries: String =
        ProcessInfo.processInfo.environment["MARTINET_BIN"] ?? "\(Files.root)/.build/debug"

    /// Starts a plane, runs the test, stops the plane with everything it started.
    public static func with<Result>(
        arguments: [String] = [],
        environment: [String: String] = [:],
        dataDirectory: String? = nil,
        _ body: (Plane) async throws -> Result
    ) async throws -> Result {
        try await Files.withTemporaryDirectory { directory in
            let plane = try Plane(directory, dataDirectory ?? "\(directory)/data", arguments, environment)
            do {
                try await plane.waitUntilReady()
                let result = try await body(plane)
                await plane.end()
                try plane.checkRights()
                return result
            } catch {
                await plane.end()
                throw PlaneFailed(cause: error, log: String(plane.log.suffix(6000)), directory: directory)
            }
        }
    }

    private init(
        _ directory: String,
        _ dataDirectory: String,
        _ arguments: [String],
        _ environment: [String: String]
    ) throws {
        self.directory = directory
        self.arguments = arguments
        extraEnvironment = environment
        self.dataDirectory = dataDirectory
        apiPort = try Self.freePort()
        httpPort = try Self.freePort()
        commands = Commands(directory: directory, environment: ["KUBECONFIG": "\(dataDirectory)/kubeconfig"])
        controller = try Self.launch(directory, dataDirectory, apiPort, httpPort, arguments, commands, environment)
    }

    private static func launch(
        _ directory: String,
        _ dataDirectory: String,
        _ apiPort: Int,
        _ httpPort: Int,
        _ arguments: [String],
        _ commands: Commands,
        _ environment: [String: String]
    ) throws -> ChildProcess {
        try ChildProcess(
            "\(binaries)/controller",
            [
                "standalone", "--data-dir", dataDirectory, "--api-port", "\(apiPort)", "--http-port",
                "\(httpPort)", "--audit-log-path", "\(directory)/audit.log",
            ] + arguments,
            environment: commands.environment.merging(environment) { $1 },
            output: "\(directory)/controller"
        )
    }

    /// Starts the controller again on the same data, as systemd would after it died.
    public func restart() async throws {
        try relaunch()
        try await waitUntilReady()
    }

    /// Starts the controller again and does not wait for it, as it may die again.
    public func relaunch() throws {
        controller = try Self.launch(
            directory,
            dataDirectory,
            apiPort,
            httpPort,
            arguments,
            commands,
            extraEnvironment
        )
    }

    /// What the controller logged so far.
    public var log: String { controller.output().err }

    public func waitUntilReady() async throws {
        try await eventually("the plane is ready") {
            if let status = self.controller.status { throw PlaneEnded(status: status, log: self.log) }
            let answer = try await self.commands.run([
                "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "http://127.0.0.1:\(self.httpPort)/readyz",
            ])
            return answer.out == "200"
        }
    }

    /// Stops the controller without waiting for its jobs: a SIGTERM after the first ends them.
    func end() async {
        for _ in 0..<20 where controller.status == nil {
            controller.signal(SIGTERM)
            _ = try? await eventually("the controller ends", within: .seconds(3)) { self.controller.status }
        }
        if controller.status == nil { await stop() }
    }

    /// Stops the controller as systemd would: SIGTERM, and SIGKILL if that leads nowhere.
    public func stop() async {
        controller.signal(SIGTERM)
        if (try? await eventually("the controller ends", within: .seconds(60), { self.controller.status })) == nil {
            controller.signal(SIGKILL)
            _ = try? await controller.wait()
        }
    }

    /// The administrator's token.
    public var token: String {
        Files.text("\(dataDirectory)/token").split(whereSeparator: \.isWhitespace).joined()
    }

    @discardableResult
    public func kubectl(_ words: String..., input: String? = nil) async throws -> CommandResult {
        try await commands.check(["kubectl"] + words, input: input)
    }

    @discardableResult
    public func ctl(_ words: String..., input: String? = nil) async throws -> CommandResult {
        try await commands.check(["\(Self.binaries)/ctl"] + words, input: input)
    }

    /// One request to the HTTP port with the administrator's token; status and body.
    public func http(
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil
    ) async throws -> (status: Int, body: JSONValue) {
        var words = [
            "curl", "-s", "-X", method, "-w", "\n%{http_code}", "-H", "Authorization: Bearer \(token)",
            "http://127.0.0.1:\(httpPort)\(path)",
        ]
        if body != nil { words += ["-H", "Content-Type: application/json", "--data-binary", "@-"] }
        let result = try await commands.check(words, input: body?.text)
        let lines = result.out.split(separator: "\n", omittingEmptySubsequences: false)
        let text = lines.dropLast().joined(separator: "\n")
        return (Int(lines.last ?? "") ?? 0, (try? JSONValue(parsing: text)) ?? .string(text))
    }

    /// One object as kubectl sees it.
    public func get(_ kind: String, _ name: String, namespace: String = "default") async throws -> JSONValue {
        try await kubectl("get", kind, name, "-n", namespace, "-o", "json").json()
    }

    /// Processes that the plane started and that are still there, by their command lines.
    public func survivors() -> [String] {
        ProcessTable.commandLines { environment in environment.contains(dataDirectory) }
    }

    /// Where the plane's audit log is.
    public var auditLog: String { "\(directory)/audit.log" }

    /// What the audit log says; with a word, only the events whose lines have it.
    public func auditEvents(with word: String = "") -> [JSONValue] {
        Files.text(auditLog).split(separator: "\n").filter { word.isEmpty || $0.contains(word) }
            .compactMap { try? JSONValue(parsing: String($0)) }
    }

    /// Whatever a test does: the plane's own parts must never ask for what they may not do.
    private func checkRights() throws {
        let refused = auditEvents(with: "forbid").filter { event in
            let user = event.value(at: "user", "username")?.stringValue ?? ""
            return user.hasPrefix("system:") && user != "system:anonymous"
                && event.value(at: ["annotations", "authorization.k8s.io/decision"]) == "forbid"
        }
        guard let first = refused.first else { return }
        throw RightMissing(event: first, count: refused.count)
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard bound else { throw ChildProcess.StartError(description: "no free port") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// The controller ended when it should not have.
public struct PlaneEnded: Error, CustomStringConvertible {
    public var status: ChildProcess.ExitStatus
    public var log: String
    public var description: String { "the controller ended with \(status):\n\(log.suffix(4000))" }
}

/// A test on a plane failed; with the end of the controller's log.
public struct PlaneFailed: Error, CustomStringConvertible {
    public var cause: any Error
    public var log: String
    public var directory: String
    public var description: String { "\(cause)\nfiles: \(directory)\ncontroller's log:\n\(log)" }
}

/// A part of the plane lacks a right that it needs.
public struct RightMissing: Error, CustomStringConvertible {
    public var event: JSONValue
    public var count: Int
    public var description: String {
        "a part of the plane was refused what it needs, \(count) times; give its role the right, or ask for less: \(event.text)"
    }
}
